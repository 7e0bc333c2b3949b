"""What every causal `SequenceBackbone` promises of `step` and `forward_from`: the same numbers as `forward`.

B batch, T time steps, D model width.
"""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from bakeoff.models.contracts import SequenceBackbone, State, select_rows
from tests.contracts.sequence_forms import Form, forms, sequences

every_causal_form = pytest.mark.parametrize("form", forms(causal=True))
every_form = pytest.mark.parametrize("form", forms())

BATCH = 3


def tensors(state: State) -> Iterator[Tensor]:
    """The tensors of a state; it holds nothing else that changes from row to row."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, tuple):
        for part in state:
            yield from tensors(part)
    else:
        assert state is None or isinstance(state, int)


def run_steps(model: SequenceBackbone, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
    outputs = []
    for x_BD in x_BTD.unbind(dim=1):
        y_BD, state = model.step(x_BD, state)
        outputs.append(y_BD)
    return torch.stack(outputs, dim=1), state


@every_causal_form
@torch.no_grad()
def test_step_by_step_equals_forward(form: Form) -> None:
    model = form.make().eval()
    x_BTD, memory = sequences(BATCH, 33), form.memory(BATCH)
    found_BTD, _ = run_steps(model, x_BTD, model.initial_state(BATCH, **memory))
    torch.testing.assert_close(found_BTD, model(x_BTD, **memory), rtol=0, atol=1e-5)


@every_causal_form
@torch.no_grad()
def test_a_step_leaves_the_state_before_it_as_it_was(form: Form) -> None:
    model = form.make().eval()
    x_BTD = sequences(BATCH, 4)
    _, state = run_steps(model, x_BTD[:, :3], model.initial_state(BATCH, **form.memory(BATCH)))
    before = [part.clone() for part in tensors(state)]
    first_BD, _ = model.step(x_BTD[:, 3], state)
    for found, expected in zip(tensors(state), before, strict=True):
        assert torch.equal(found, expected)
    model.step(-x_BTD[:, 3], state)
    second_BD, _ = model.step(x_BTD[:, 3], state)
    assert torch.equal(first_BD, second_BD)


@every_causal_form
@pytest.mark.parametrize("steps_before", [0, 1, 4])
@torch.no_grad()
def test_rows_of_a_state_can_be_chosen_and_repeated(form: Form, steps_before: int) -> None:
    model = form.make().eval()
    x_BTD, memory = sequences(BATCH, 5 + steps_before), form.memory(BATCH)
    state = model.initial_state(BATCH, **memory)
    for x_BD in x_BTD.unbind(dim=1)[:steps_before]:
        _, state = model.step(x_BD, state)
    assert all(part.shape[0] == BATCH for part in tensors(state))
    rows_X = torch.tensor([2, 0, 0, 1, 2])
    found_XTD, _ = run_steps(model, x_BTD[rows_X, steps_before:], select_rows(state, rows_X))
    chosen_memory = {name: part[rows_X] for name, part in memory.items()}
    expected_XTD = model(x_BTD[rows_X], **chosen_memory)[:, steps_before:]
    torch.testing.assert_close(found_XTD, expected_XTD, rtol=0, atol=1e-5)


@every_form
@torch.no_grad()
def test_pieces_go_on_where_the_last_one_ended_or_are_refused(form: Form) -> None:
    model = form.make().eval()
    x_BTD, memory = sequences(BATCH, 40), form.memory(BATCH)
    if not model.carries_state:
        with pytest.raises(NotImplementedError):
            model.forward_from(x_BTD, None)
        return
    state = model.initial_state(BATCH, **memory) if form.cross_attention else None
    pieces = []
    for piece_BTD in x_BTD.split([3, 1, 16, 20], dim=1):
        y_BTD, state = model.forward_from(piece_BTD, state)
        pieces.append(y_BTD)
    torch.testing.assert_close(torch.cat(pieces, dim=1), model(x_BTD, **memory), rtol=0, atol=1e-5)


@every_causal_form
def test_no_gradient_flows_from_piece_to_piece(form: Form) -> None:
    model = form.make().eval()
    if not model.carries_state:
        return
    first_BTD, second_BTD = (piece_BTD.requires_grad_() for piece_BTD in sequences(BATCH, 9).split([4, 5], dim=1))
    start = model.initial_state(BATCH, **form.memory(BATCH)) if form.cross_attention else None
    _, state = model.forward_from(first_BTD, start)
    assert not any(part.requires_grad for part in tensors(state))
    y_BTD, _ = model.forward_from(second_BTD, state)
    y_BTD.square().sum().backward()
    assert first_BTD.grad is None
    assert second_BTD.grad is not None


@pytest.mark.parametrize("form", forms(causal=False))
def test_models_that_see_the_future_have_no_steps(form: Form) -> None:
    with pytest.raises(NotImplementedError):
        form.make().initial_state(BATCH, **form.memory(BATCH))


@every_causal_form
def test_steps_need_a_memory_exactly_where_forward_does(form: Form) -> None:
    wrong = {} if form.cross_attention else {"memory_BSD": sequences(BATCH, 2)}
    with pytest.raises(ValueError, match="memory"):
        form.make().initial_state(BATCH, **wrong)
