"""`MinGRU` and its recurrence against plain loops over steps.

B batch, T time steps, D model width, H hidden units.
"""

import pytest
import torch
from torch import Tensor

from bakeoff.models.rnn.linear_recurrence import linear_recurrence
from bakeoff.models.rnn.mingru import MinGRU, minimal_gru


def recurrence_loop(decay_BTH: Tensor, added_BTH: Tensor, first_BH: Tensor) -> Tensor:
    state_BH, states = first_BH, []
    for decay_BH, added_BH in zip(decay_BTH.unbind(1), added_BTH.unbind(1), strict=True):
        state_BH = decay_BH * state_BH + added_BH
        states.append(state_BH)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 33])
@pytest.mark.parametrize("started", [False, True])
def test_all_steps_at_once_equal_the_loop_and_so_do_gradients(length: int, started: bool) -> None:
    torch.manual_seed(0)
    decay_BTH = torch.rand(2, length, 3, dtype=torch.double, requires_grad=True)
    added_BTH = torch.randn(2, length, 3, dtype=torch.double, requires_grad=True)
    first_BH = torch.randn(2, 3, dtype=torch.double, requires_grad=True) if started else None
    before_BH = torch.zeros(2, 3, dtype=torch.double) if first_BH is None else first_BH
    found_BTH, expected_BTH = (
        linear_recurrence(decay_BTH, added_BTH, first_BH),
        recurrence_loop(decay_BTH, added_BTH, before_BH),
    )
    torch.testing.assert_close(found_BTH, expected_BTH)
    weight_BTH = torch.randn_like(found_BTH)
    inputs = [decay_BTH, added_BTH] if first_BH is None else [decay_BTH, added_BTH, first_BH]
    found = torch.autograd.grad((found_BTH * weight_BTH).sum(), inputs)
    expected = torch.autograd.grad((expected_BTH * weight_BTH).sum(), inputs)
    torch.testing.assert_close(found, expected)


def test_gradients_equal_finite_differences() -> None:
    torch.manual_seed(0)
    decay_BTH = torch.rand(1, 6, 2, dtype=torch.double, requires_grad=True)
    added_BTH = torch.randn(1, 6, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(linear_recurrence, (decay_BTH, added_BTH))


@pytest.mark.parametrize("gate", [-60.0, 60.0])
def test_thousands_of_steps_with_closed_or_open_gates_lose_no_digits(gate: float) -> None:
    torch.manual_seed(0)
    gate_BTH = torch.full((1, 4096, 2), gate) + torch.randn(1, 4096, 2)
    candidate_BTH = torch.randn(1, 4096, 2)
    gate, candidate = gate_BTH.double(), candidate_BTH.double()
    positive = torch.where(candidate >= 0, candidate + 0.5, candidate.sigmoid())
    expected = recurrence_loop((-gate).sigmoid(), gate.sigmoid() * positive, torch.zeros(1, 2).double())
    torch.testing.assert_close(minimal_gru(gate_BTH, candidate_BTH).double(), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_nearly_closed_gates_of_low_precision_keep_their_time_scale(dtype: torch.dtype) -> None:
    # What a gate of -8 keeps is 1 - 1 / 2982, and from zero a constant candidate of 0.5 gives 1 - 0.99966 ** t.
    states_BTH = minimal_gru(torch.full((1, 4096, 1), -8.0, dtype=dtype), torch.full((1, 4096, 1), 0.5, dtype=dtype))
    kept = 1 / (1 + torch.exp(torch.tensor(-8.0, dtype=torch.double)))
    expected_T = 1 - kept ** torch.arange(1, 4097)
    torch.testing.assert_close(states_BTH[0, :, 0].double(), expected_T, rtol=4e-3, atol=0)


def test_one_step_worked_by_hand() -> None:
    # z = sigmoid(0) = 0.5; g(2) = 2.5 and g(0) = 0.5: from 1.0, 0.5 + 1.25 = 1.75, then 0.875 + 0.25 = 1.125.
    states_BTH = minimal_gru(torch.zeros(1, 2, 1), torch.tensor([[[2.0], [0.0]]]), torch.ones(1, 1))
    assert states_BTH.flatten().tolist() == [1.75, 1.125]


def test_two_directions_are_two_mixers_side_by_side() -> None:
    torch.manual_seed(0)
    model = MinGRU(width=4, depth=1).eval()
    block, x_BTD = model.blocks[0], torch.randn(1, 5, 4)
    normed_BTD = block.mixer_norm(x_BTD)
    forwards_BTH = block.mixers[0](normed_BTD, None)[0]
    backwards_BTH = block.mixers[1](normed_BTD.flip(1), None)[0].flip(1)
    mixed_BTD = x_BTD + block.mixed(torch.cat([forwards_BTH, backwards_BTH], dim=-1))
    expected_BTD = model.norm(mixed_BTD + block.mlp(block.mlp_norm(mixed_BTD)))
    torch.testing.assert_close(model(x_BTD), expected_BTD)


@pytest.mark.parametrize("kernel_size", [1, 4])
def test_parameters_worked_by_hand(kernel_size: int) -> None:
    convolution = 8 * kernel_size + 8 if kernel_size > 1 else 0
    mixer = convolution + 8 * 2 * 5 + 2 * 5
    block = 2 * 16 + mixer + (5 * 8 + 8) + (8 * 12 + 12) + (12 * 8 + 8)
    model = MinGRU(width=8, causal=True, depth=2, hidden=5, mlp_width=12, kernel_size=kernel_size)
    assert sum(p.numel() for p in model.parameters()) == 2 * block + 16


def test_a_model_without_convolution_steps_as_well() -> None:
    torch.manual_seed(0)
    model = MinGRU(width=4, causal=True, kernel_size=1).eval()
    x_BTD = torch.randn(2, 3, 4)
    state = model.initial_state(2)
    for step, x_BD in enumerate(x_BTD.unbind(1)):
        y_BD, state = model.step(x_BD, state)
        torch.testing.assert_close(y_BD, model(x_BTD)[:, step], rtol=0, atol=1e-5)


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel_size must be at least 1; got 8, 3, 8 and 0"):
        MinGRU(width=8, kernel_size=0)
