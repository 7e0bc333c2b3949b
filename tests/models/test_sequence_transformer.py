"""`Transformer` against torch's own encoder layer and the formulas of the paper.

B batch, T time steps, D model width.
"""

import math

import pytest
import torch
from torch import nn

from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.transformer.encoder import SinusoidalPositions, Transformer, TransformerBlock


def torch_layer_like(block: TransformerBlock, *, width: int, heads: int, mlp_width: int) -> nn.TransformerEncoderLayer:
    layer = nn.TransformerEncoderLayer(
        width, heads, mlp_width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    names = {
        "norm1": "attention_norm",
        "norm2": "mlp_norm",
        "self_attn.in_proj_": "attention.query_key_value.",
        "self_attn.out_proj": "attention.output",
        "linear1": "mlp.0",
        "linear2": "mlp.3",
    }
    weights = block.state_dict()
    for name, parameter in layer.named_parameters():
        theirs = next(key for key in names if name.startswith(key))
        parameter.data.copy_(weights[name.replace(theirs, names[theirs])])
    return layer


@pytest.mark.parametrize("causal", [False, True])
def test_equals_torchs_pre_norm_layers(causal: bool) -> None:
    torch.manual_seed(0)
    model = Transformer(width=12, depth=2, heads=3, mlp_width=20, positions="none", causal=causal)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    x_BTD = torch.randn(2, 7, 12)
    mask_TS = nn.Transformer.generate_square_subsequent_mask(7) if causal else None
    expected_BTD = x_BTD
    for block in model.blocks:
        expected_BTD = torch_layer_like(block, width=12, heads=3, mlp_width=20)(expected_BTD, src_mask=mask_TS)
    torch.testing.assert_close(model(x_BTD), model.norm(expected_BTD), rtol=0, atol=1e-5)


def test_sinusoidal_positions_follow_the_papers_formula() -> None:
    table_TD = SinusoidalPositions()(torch.zeros(1, 50, 7))[0]
    for position, channel in [(0, 0), (0, 1), (3, 0), (49, 5), (20, 6)]:
        angle = position / 10_000 ** (2 * (channel // 2) / 7)
        expected = math.cos(angle) if channel % 2 else math.sin(angle)
        assert table_TD[position, channel].item() == pytest.approx(expected, abs=1e-5)


def test_without_positions_order_does_not_matter() -> None:
    torch.manual_seed(0)
    x_BTD = torch.randn(1, 6, 8)
    blind = Transformer(width=8, heads=2, depth=2, positions="none").eval()
    torch.testing.assert_close(blind(x_BTD.flip(1)), blind(x_BTD).flip(1), rtol=0, atol=1e-5)
    for positions in ("sinusoidal", "learned"):
        model = Transformer(width=8, heads=2, depth=2, positions=positions, max_length=6).eval()
        assert (model(x_BTD.flip(1)) - model(x_BTD).flip(1)).abs().max() > 1e-3


def test_parameters_worked_by_hand() -> None:
    model = Transformer(width=8, depth=3, heads=2, head_dim=5, mlp_width=11, positions="learned", max_length=4)
    attention = (8 + 1) * 3 * 10 + (10 + 1) * 8
    mlp = (8 + 1) * 11 + (11 + 1) * 8
    norms = 2 * 2 * 8
    assert sum(p.numel() for p in model.parameters()) == 3 * (attention + mlp + norms) + 2 * 8 + 4 * 8


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_reaches_the_mlp(name: str) -> None:
    model = Transformer(width=8, heads=2, depth=1, activation=name)
    assert isinstance(model.blocks[0].mlp[1], ACTIVATIONS[name])
    assert model(torch.randn(1, 3, 8)).isfinite().all()


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    model = Transformer(width=8, heads=2, depth=1, dropout=0.5)
    x_BTD = torch.randn(1, 3, 8)
    assert not torch.equal(model(x_BTD), model(x_BTD))
    model.eval()
    assert torch.equal(model(x_BTD), model(x_BTD))


def test_bad_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="width must be divisible by heads=4; got 30, nearest 28 and 32"):
        Transformer(width=30, heads=4)
    Transformer(width=30, heads=4, head_dim=7)
    with pytest.raises(ValueError, match="positions must be one of sinusoidal, learned, none; got 'rotery'"):
        Transformer(width=8, positions="rotery")
    with pytest.raises(ValueError, match="need max_length"):
        Transformer(width=8, positions="learned")
    with pytest.raises(ValueError, match=r"max_length=4 steps; got a sequence of 5"):
        Transformer(width=8, positions="learned", max_length=4)(torch.zeros(1, 5, 8))
