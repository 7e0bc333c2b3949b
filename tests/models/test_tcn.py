"""`TCN` against plain loops and the published sizes.

B batch, T time steps, S steps of the memory, C channels, D model width.
"""

import pytest
import torch
from torch import Tensor, nn

from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.attention import recorded_attention
from bakeoff.models.cnn.memory_attention import ConvMemoryAttention
from bakeoff.models.cnn.sequence_conv import SequenceConv
from bakeoff.models.cnn.tcn import TCN
from bakeoff.models.contracts import select_rows
from bakeoff.models.cost import count_parameters


def convolved_by_loops(x_CT: Tensor, conv: SequenceConv, *, dilation: int, offset: int) -> Tensor:
    """Each output step sums kernel taps ``dilation`` steps apart, the last of them ``offset`` steps ahead."""
    weight_OCK, bias_O = conv.conv.weight, conv.conv.bias
    taps, steps = weight_OCK.shape[2], x_CT.shape[1]
    outputs = []
    for step in range(steps):
        y_O = bias_O.clone()
        for tap in range(taps):
            source = step + offset - (taps - 1 - tap) * dilation
            if 0 <= source < steps:
                y_O = y_O + weight_OCK[:, :, tap] @ x_CT[:, source]
        outputs.append(y_O)
    return torch.stack(outputs, dim=1)


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 2), (4, 3)])
@pytest.mark.parametrize("causal", [True, False])
def test_convolutions_equal_loops(kernel_size: int, dilation: int, causal: bool) -> None:
    torch.manual_seed(0)
    conv = SequenceConv(3, 5, kernel_size=kernel_size, dilation=dilation, causal=causal)
    x_BCT = torch.randn(1, 3, 11)
    offset = 0 if causal else (kernel_size - 1) * dilation // 2
    expected_OT = convolved_by_loops(x_BCT[0], conv, dilation=dilation, offset=offset)
    torch.testing.assert_close(conv(x_BCT)[0], expected_OT, rtol=0, atol=1e-5)


def test_weights_are_normalised_for_each_output() -> None:
    conv = SequenceConv(3, 5, kernel_size=2, causal=True)
    factors = conv.conv.parametrizations.weight
    magnitude_O11, direction_OCK = factors.original0, factors.original1
    with torch.no_grad():
        direction_OCK.mul_(7.0)
    torch.testing.assert_close(conv.conv.weight.flatten(1).norm(dim=1), magnitude_O11.flatten())


def test_a_block_is_two_convolutions_and_a_sum() -> None:
    torch.manual_seed(0)
    model = TCN(width=4, channels=3, levels=2, kernel_size=2, dilation_base=3, causal=True, activation="tanh")
    x_BTD = torch.randn(1, 8, 4)
    y_CT = x_BTD[0].T
    for block, dilation in zip(model.blocks, (1, 3), strict=True):
        hidden_CT = convolved_by_loops(y_CT, block.first, dilation=dilation, offset=0).tanh()
        y_CT = (y_CT + convolved_by_loops(hidden_CT, block.second, dilation=dilation, offset=0).tanh()).tanh()
    torch.testing.assert_close(model(x_BTD)[0], y_CT.T, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("kernel_size", "levels"), [(2, 4), (3, 3)])
def test_a_causal_step_reads_as_far_back_as_the_paper_says(kernel_size: int, levels: int) -> None:
    torch.manual_seed(0)
    reach = 1 + 2 * (kernel_size - 1) * (2**levels - 1)
    model = TCN(width=6, levels=levels, kernel_size=kernel_size, causal=True, activation="tanh").double()
    x_BTD = torch.randn(1, reach + 5, 6, dtype=torch.float64, requires_grad=True)
    model(x_BTD)[0, -1].sum().backward()
    assert x_BTD.grad is not None
    read_T = x_BTD.grad[0].abs().sum(dim=1) > 0
    assert read_T.tolist() == [False] * 5 + [True] * reach


def test_published_sizes_of_the_adding_problem() -> None:
    """The paper's "about 70K" is 8 x 24 with kernel 8; here a stem widens the input, there the first block did."""
    for levels, channels, kernel_size, paper in [(7, 27, 6, 58_051), (8, 24, 8, 70_369)]:
        backbone = TCN(width=channels, levels=levels, kernel_size=kernel_size, causal=True)
        params = count_parameters(nn.ModuleList([nn.Linear(2, channels), backbone, nn.Linear(channels, 1)]))
        convolution = channels * channels * kernel_size + 2 * channels
        assert params == 2 * levels * convolution + 3 * channels + channels + 1
        first = 2 * channels * kernel_size + 2 * channels
        theirs = (2 * levels - 1) * convolution + first + 3 * channels + channels + 1
        assert theirs == paper
        assert params / theirs == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("cross_attention", [False, True])
def test_steps_equal_forward_beyond_the_receptive_field(cross_attention: bool) -> None:
    torch.manual_seed(0)
    model = TCN(width=8, channels=5, levels=3, kernel_size=2, causal=True, cross_attention=cross_attention).eval()
    x_BTD = torch.randn(2, 25, 8)
    memory = {}
    if cross_attention:
        padding_BS = torch.tensor([[False, False, False], [False, True, True]])
        memory = {"memory_BSD": torch.randn(2, 3, 8), "memory_padding_mask_BS": padding_BS}
    expected_BTD = model(x_BTD, **memory)
    state = model.initial_state(2, **memory)
    for step in range(25):
        y_BD, state = model.step(x_BTD[:, step], state)
        torch.testing.assert_close(y_BD, expected_BTD[:, step], rtol=0, atol=1e-5)


def test_a_state_can_be_stepped_twice_and_its_rows_chosen() -> None:
    torch.manual_seed(0)
    model = TCN(width=6, levels=2, causal=True).eval()
    x_BTD = torch.randn(2, 3, 6)
    _, state = model.step(x_BTD[:, 0], model.initial_state(2))
    model.step(100 * x_BTD[:, 2], state)
    _, state = model.step(x_BTD[:, 1], state)
    swapped = torch.tensor([1, 0, 1])
    y_BD, _ = model.step(x_BTD[swapped, 2], select_rows(state, swapped))
    torch.testing.assert_close(y_BD, model(x_BTD)[swapped, 2], rtol=0, atol=1e-5)


def test_memory_attention_follows_the_papers_formula() -> None:
    torch.manual_seed(0)
    layer = ConvMemoryAttention(width=6)
    x_BTD, input_BTD, memory_BSD = torch.randn(1, 4, 6), torch.randn(1, 4, 6), torch.randn(1, 5, 6)
    padding_BS = torch.tensor([[False, False, False, True, True]])
    query_TD = (layer.query(x_BTD[0]) + input_BTD[0]) / 2**0.5
    weights_TS = (query_TD @ memory_BSD[0, :3].T / 6**0.5).softmax(dim=1)
    expected_TD = layer.output(weights_TS @ memory_BSD[0, :3] * 3 * (1 / 3) ** 0.5)
    with recorded_attention(layer) as weights:
        slow_BTD = layer(x_BTD, input_BTD, memory_BSD, padding_mask_BS=padding_BS)
    fused_BTD = layer(x_BTD, input_BTD, memory_BSD, padding_mask_BS=padding_BS)
    torch.testing.assert_close(slow_BTD[0], expected_TD, rtol=0, atol=1e-5)
    torch.testing.assert_close(fused_BTD[0], expected_TD, rtol=0, atol=1e-5)
    torch.testing.assert_close(weights[""][0][0, :, :3], weights_TS.detach(), rtol=0, atol=1e-6)
    assert not weights[""][0][0, :, 3:].any()


def test_dropout_takes_whole_channels() -> None:
    torch.manual_seed(0)
    block = TCN(width=16, levels=1, dropout=0.5).blocks[0]
    dropped_BCT = block.dropout(torch.ones(4, 16, 9))
    assert ((dropped_BCT == 0).all(dim=2) | (dropped_BCT == 2).all(dim=2)).all()
    assert (dropped_BCT == 0).any()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_taken(name: str) -> None:
    model = TCN(width=4, levels=2, activation=name)
    assert isinstance(model.blocks[0].sum_activation, ACTIVATIONS[name])
    assert model(torch.randn(1, 3, 4)).isfinite().all()


def test_bad_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="levels must be at least 1; got 0"):
        TCN(width=4, levels=0)
    with pytest.raises(ValueError, match="kernel_size and dilation must be at least 1; got 0 and 1"):
        TCN(width=4, kernel_size=0)
    with pytest.raises(NotImplementedError, match="only a causal TCN"):
        TCN(width=4).initial_state(1)
    with pytest.raises(ValueError, match="a memory needs a model with cross_attention=True"):
        TCN(width=4)(torch.zeros(1, 2, 4), memory_BSD=torch.zeros(1, 2, 4))
