"""`GatedConv` against gated linear units written by hand.

B batch, T time steps, S steps of the memory, D model width.
"""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.models.attention import recorded_attention
from bakeoff.models.cnn.gated_conv import GatedBlock, GatedConv
from bakeoff.models.contracts import select_rows
from bakeoff.models.cost import count_parameters
from bakeoff.models.positions import SinusoidalPositions


def gated_by_hand(x_BTD: Tensor, block: GatedBlock) -> Tensor:
    """Two causal convolutions, the linear one and the gate, as Dauphin et al. write them (equation 1)."""
    conv = block.conv.conv
    linear_OCK, gate_OCK = conv.weight.chunk(2)
    linear_bias_O, gate_bias_O = conv.bias.chunk(2)
    padded_BDT = F.pad(x_BTD.transpose(1, 2), (conv.kernel_size[0] - 1, 0))
    linear_BOT = F.conv1d(padded_BDT, linear_OCK, linear_bias_O)
    gate_BOT = torch.sigmoid(F.conv1d(padded_BDT, gate_OCK, gate_bias_O))
    return (linear_BOT * gate_BOT).transpose(1, 2)


def test_layers_are_gated_convolutions_with_a_scaled_residual() -> None:
    torch.manual_seed(0)
    model = GatedConv(width=6, depth=2, kernel_size=3, causal=True)
    x_BTD = torch.randn(2, 7, 6)
    expected_BTD = x_BTD
    for block in model.blocks:
        expected_BTD = (expected_BTD + gated_by_hand(expected_BTD, block)) * 0.5**0.5
    torch.testing.assert_close(model(x_BTD), expected_BTD, rtol=0, atol=1e-5)


def test_fewer_channels_are_projected_back() -> None:
    torch.manual_seed(0)
    model = GatedConv(width=6, depth=1, kernel_size=3, channels=2, causal=True)
    block, x_BTD = model.blocks[0], torch.randn(2, 7, 6)
    narrow_BTC = gated_by_hand(x_BTD, block)
    assert narrow_BTC.shape == (2, 7, 2)
    expected_BTD = (x_BTD + narrow_BTC @ block.projection.weight.T) * 0.5**0.5
    torch.testing.assert_close(model(x_BTD), expected_BTD, rtol=0, atol=1e-5)


def test_a_gated_convolution_keeps_the_variance_at_the_start() -> None:
    torch.manual_seed(0)
    block = GatedConv(width=256, depth=1, kernel_size=3, causal=True).blocks[0]
    gated_BTD = gated_by_hand(torch.randn(4, 64, 256), block)
    assert gated_BTD.var().item() == pytest.approx(1, abs=0.1)


def test_parameters_worked_by_hand() -> None:
    convolution = 6 * 2 * 5 * 3 + 2 * (2 * 5)
    projection = 5 * 6 + 2 * 6
    assert count_parameters(GatedConv(width=6, depth=4, kernel_size=3, channels=5)) == 4 * (convolution + projection)
    attention = 2 * (6 * 6 + 6)
    with_memory = GatedConv(width=6, depth=4, kernel_size=3, channels=5, cross_attention=True)
    assert count_parameters(with_memory) == 4 * (convolution + projection + attention)


@pytest.mark.parametrize("causal", [True, False])
def test_a_step_reads_as_far_as_the_kernels_reach(causal: bool) -> None:
    torch.manual_seed(0)
    model = GatedConv(width=4, depth=2, kernel_size=3, causal=causal)
    x_BTD = torch.randn(1, 13, 4, requires_grad=True)
    model(x_BTD)[0, 6].sum().backward()
    assert x_BTD.grad is not None
    read = (x_BTD.grad[0].abs().sum(dim=1) > 0).nonzero().flatten().tolist()
    assert read == ([2, 3, 4, 5, 6] if causal else [4, 5, 6, 7, 8])


def test_positions_are_added_to_the_input() -> None:
    torch.manual_seed(0)
    model = GatedConv(width=4, depth=1, positions="sinusoidal", causal=True)
    plain = GatedConv(width=4, depth=1, causal=True)
    plain.load_state_dict(model.state_dict())
    x_BTD = torch.randn(1, 5, 4)
    torch.testing.assert_close(model(x_BTD), plain(SinusoidalPositions()(x_BTD)))


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "none"])
@pytest.mark.parametrize("cross_attention", [False, True])
def test_steps_equal_forward_beyond_the_receptive_field(positions: str, cross_attention: bool) -> None:
    torch.manual_seed(0)
    model = GatedConv(
        width=8,
        causal=True,
        cross_attention=cross_attention,
        depth=3,
        kernel_size=3,
        channels=5,
        positions=positions,
        max_length=12,
    ).eval()
    x_BTD = torch.randn(2, 12, 8)
    memory = {}
    if cross_attention:
        padding_BS = torch.tensor([[False, False, False], [False, True, True]])
        memory = {"memory_BSD": torch.randn(2, 3, 8), "memory_padding_mask_BS": padding_BS}
    expected_BTD = model(x_BTD, **memory)
    state = model.initial_state(2, **memory)
    for step in range(12):
        y_BD, state = model.step(x_BTD[:, step], state)
        torch.testing.assert_close(y_BD, expected_BTD[:, step], rtol=0, atol=1e-5)


def test_a_state_can_be_stepped_twice_and_its_rows_chosen() -> None:
    torch.manual_seed(0)
    model = GatedConv(width=6, depth=2, causal=True, positions="sinusoidal").eval()
    x_BTD = torch.randn(2, 3, 6)
    _, state = model.step(x_BTD[:, 0], model.initial_state(2))
    model.step(100 * x_BTD[:, 2], state)
    _, state = model.step(x_BTD[:, 1], state)
    swapped = torch.tensor([1, 0, 1])
    y_BD, _ = model.step(x_BTD[swapped, 2], select_rows(state, swapped))
    torch.testing.assert_close(y_BD, model(x_BTD)[swapped, 2], rtol=0, atol=1e-5)


def test_every_layer_attends_to_the_memory() -> None:
    model = GatedConv(width=6, depth=3, causal=True, cross_attention=True)
    with recorded_attention(model) as weights:
        model(torch.randn(2, 4, 6), memory_BSD=torch.randn(2, 5, 6))
    assert list(weights) == [f"attentions.{index}" for index in range(3)]
    for layer in weights.values():
        torch.testing.assert_close(layer[0].sum(dim=2), torch.ones(2, 4))


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    model = GatedConv(width=6, depth=1, dropout=0.5)
    x_BTD = torch.randn(1, 3, 6)
    assert not torch.equal(model(x_BTD), model(x_BTD))
    model.eval()
    assert torch.equal(model(x_BTD), model(x_BTD))


def test_bad_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="positions must be one of sinusoidal, learned, none; got 'rotary'"):
        GatedConv(width=4, positions="rotary")
    with pytest.raises(ValueError, match="need max_length"):
        GatedConv(width=4, positions="learned")
    with pytest.raises(ValueError, match="depth must be at least 1; got 0"):
        GatedConv(width=4, depth=0)
    with pytest.raises(NotImplementedError, match="only a causal GatedConv"):
        GatedConv(width=4).initial_state(1)
    short = GatedConv(width=4, causal=True, positions="learned", max_length=1)
    _, state = short.step(torch.zeros(1, 4), short.initial_state(1))
    with pytest.raises(ValueError, match="max_length=1 steps; got a sequence of 2"):
        short.step(torch.zeros(1, 4), state)
