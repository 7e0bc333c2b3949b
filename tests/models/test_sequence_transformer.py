"""`Transformer` against torch's own layers and the formulas of the papers.

B batch, T time steps, S steps of the memory, N heads, H size of a head, D model width.
"""

import math

import pytest
import torch
from torch import Tensor, nn

from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.attention import recorded_attention
from bakeoff.models.contracts import select_rows
from bakeoff.models.positions import SinusoidalPositions, rotate, rotation
from bakeoff.models.transformer.attention import MemoryAttention
from bakeoff.models.transformer.encoder import Transformer, TransformerBlock
from bakeoff.models.transformer.feed_forward import SwiGLU


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


def turned(x_TH: Tensor, *, start: int = 0) -> Tensor:
    return rotate(x_TH, rotation(len(x_TH), x_TH.shape[1], start=start, device=x_TH.device))


def test_rotary_positions_turn_each_pair_as_a_complex_number() -> None:
    x_TH = torch.randn(9, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    angle_TP = torch.arange(3, 12)[:, None] * 10_000.0 ** (-2 * torch.arange(3, dtype=torch.float64) / 6)
    expected_TP = torch.complex(x_TH[:, :3], x_TH[:, 3:]) * torch.exp(1j * angle_TP)
    expected_TH = torch.cat([expected_TP.real, expected_TP.imag], dim=1)
    torch.testing.assert_close(turned(x_TH, start=3), expected_TH, rtol=0, atol=1e-5)


@pytest.mark.parametrize("head_dim", [1, 5, 8])
def test_rotary_products_depend_on_the_distance_only(head_dim: int) -> None:
    generator = torch.Generator().manual_seed(0)
    query_TH, key_TH = (torch.randn(1, head_dim, generator=generator).expand(7, -1) for _ in range(2))
    near_TS = turned(query_TH) @ turned(key_TH).T
    far_TS = turned(query_TH, start=50) @ turned(key_TH, start=50).T
    torch.testing.assert_close(far_TS, near_TS, rtol=0, atol=1e-4)
    for distance in range(-6, 7):
        assert near_TS.diagonal(distance).var(correction=0) < 1e-9
    assert head_dim == 1 or near_TS[0].var() > 1e-3


def test_swiglu_follows_the_papers_formula() -> None:
    torch.manual_seed(0)
    layer = SwiGLU(width=6, hidden=10, activation="silu", dropout=0.0)
    x_BTD = torch.randn(2, 3, 6)
    gate_BTF, value_BTF = x_BTD @ layer.gate.weight.T, x_BTD @ layer.value.weight.T
    expected_BTD = (gate_BTF * torch.sigmoid(gate_BTF) * value_BTF) @ layer.output.weight.T
    torch.testing.assert_close(layer(x_BTD), expected_BTD)


def test_swiglu_is_about_as_large_as_the_mlp() -> None:
    sizes = [
        sum(p.numel() for p in Transformer(width=48, feed_forward=kind).parameters()) for kind in ("mlp", "swiglu")
    ]
    assert sizes[1] / sizes[0] == pytest.approx(1, abs=0.02)


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
    with pytest.raises(ValueError, match="positions must be one of sinusoidal, learned, rotary, none; got 'rotery'"):
        Transformer(width=8, positions="rotery")
    with pytest.raises(ValueError, match="feed_forward must be one of mlp, swiglu; got 'glu'"):
        Transformer(width=8, feed_forward="glu")
    with pytest.raises(ValueError, match="depth must be at least 1; got 0"):
        Transformer(width=8, depth=0)
    with pytest.raises(ValueError, match="need max_length"):
        Transformer(width=8, positions="learned")
    with pytest.raises(ValueError, match=r"max_length=4 steps; got a sequence of 5"):
        Transformer(width=8, positions="learned", max_length=4)(torch.zeros(1, 5, 8))


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "none"])
@pytest.mark.parametrize("feed_forward", ["mlp", "swiglu"])
@pytest.mark.parametrize("cross_attention", [False, True])
def test_cached_steps_equal_forward(positions: str, feed_forward: str, cross_attention: bool) -> None:
    torch.manual_seed(0)
    model = Transformer(
        width=12,
        causal=True,
        cross_attention=cross_attention,
        depth=2,
        heads=3,
        head_dim=5,
        feed_forward=feed_forward,
        positions=positions,
        max_length=9,
    ).eval()
    x_BTD = torch.randn(2, 9, 12)
    memory = {}
    if cross_attention:
        padding_BS = torch.tensor([[False, False, False, False], [False, True, False, True]])
        memory = {"memory_BSD": torch.randn(2, 4, 12), "memory_padding_mask_BS": padding_BS}
    expected_BTD = model(x_BTD, **memory)
    state = model.initial_state(2, **memory)
    for step in range(9):
        y_BD, state = model.step(x_BTD[:, step], state)
        torch.testing.assert_close(y_BD, expected_BTD[:, step], rtol=0, atol=1e-5)


def test_a_state_can_be_stepped_twice_and_its_rows_chosen() -> None:
    torch.manual_seed(0)
    model = Transformer(width=8, causal=True, heads=2, depth=2, positions="rotary").eval()
    x_BTD = torch.randn(2, 3, 8)
    _, state = model.step(x_BTD[:, 0], model.initial_state(2))
    model.step(100 * x_BTD[:, 2], state)
    _, state = model.step(x_BTD[:, 1], state)
    swapped = torch.tensor([1, 0, 1])
    y_BD, _ = model.step(x_BTD[swapped, 2], select_rows(state, swapped))
    torch.testing.assert_close(y_BD, model(x_BTD)[swapped, 2], rtol=0, atol=1e-5)


def test_only_causal_models_step() -> None:
    with pytest.raises(NotImplementedError, match="only a causal Transformer"):
        Transformer(width=8).initial_state(1)


def test_causal_padding_at_the_end_needs_no_mask() -> None:
    model = Transformer(width=8, causal=True)
    after_BT = torch.tensor([[False, False, True], [False, False, False]])
    assert model._visible(after_BT) is None
    before_BT = after_BT.flip(1)
    visible_B1TS = model._visible(before_BT)
    assert visible_B1TS is not None
    assert visible_B1TS[0, 0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert model._visible(after_BT.to("meta")) is None


def test_memory_attention_equals_torchs_own() -> None:
    torch.manual_seed(0)
    ours = MemoryAttention(width=12, heads=3, head_dim=4)
    theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    theirs.in_proj_weight.data = torch.cat([ours.query.weight, ours.key_value.weight]).detach()
    theirs.in_proj_bias.data = torch.cat([ours.query.bias, ours.key_value.bias]).detach()
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    x_BTD, memory_BSD = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    padding_BS = torch.arange(7)[None] >= torch.tensor([[7], [3]])
    expected_BTD, expected_BTS = theirs(x_BTD, memory_BSD, memory_BSD, key_padding_mask=padding_BS)
    fused_BTD = ours(x_BTD, ours.keys_and_values(memory_BSD), padding_mask_BS=padding_BS)
    torch.testing.assert_close(fused_BTD, expected_BTD, rtol=0, atol=1e-5)
    with recorded_attention(ours) as weights:
        slow_BTD = ours(x_BTD, ours.keys_and_values(memory_BSD), padding_mask_BS=padding_BS)
    torch.testing.assert_close(slow_BTD, fused_BTD, rtol=0, atol=1e-5)
    torch.testing.assert_close(weights[""], [expected_BTS.detach()], rtol=0, atol=1e-6)


def test_every_block_attends_to_the_memory() -> None:
    model = Transformer(width=8, causal=True, cross_attention=True, depth=3, heads=2)
    with recorded_attention(model) as weights:
        model(torch.randn(2, 4, 8), memory_BSD=torch.randn(2, 6, 8))
    assert list(weights) == [f"blocks.{index}.memory_attention" for index in range(3)]
    assert all(layer[0].shape == (2, 4, 6) for layer in weights.values())


def test_a_memory_is_needed_where_and_only_where_it_is_attended_to() -> None:
    x_BTD = torch.zeros(1, 2, 8)
    with pytest.raises(ValueError, match="got memory_BSD=None"):
        Transformer(width=8, cross_attention=True)(x_BTD)
    with pytest.raises(ValueError, match="a memory needs a model with cross_attention=True"):
        Transformer(width=8)(x_BTD, memory_BSD=x_BTD)
    with pytest.raises(ValueError, match="row 0 of the batch is all padding"):
        padding_BS = torch.ones(1, 2, dtype=torch.bool)
        Transformer(width=8, cross_attention=True)(x_BTD, memory_BSD=x_BTD, memory_padding_mask_BS=padding_BS)
