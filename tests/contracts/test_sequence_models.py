"""What every `SequenceBackbone` promises of `forward`, checked on each class and each configured model.

B batch, T time steps, S steps of a memory, D model width.
"""

import inspect
import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.errors import ConfigError
from bakeoff.models.attention import recorded_attention
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.cost import build_on_meta
from tests.contracts.sequence_forms import (
    FORMS,
    WIDTH,
    Form,
    constructors,
    forms,
    sequence_backbones,
    sequences,
)

every_form = pytest.mark.parametrize("form", forms())
every_form_with_memory = pytest.mark.parametrize("form", forms(cross_attention=True))
every_form_without_memory = pytest.mark.parametrize("form", forms(cross_attention=False))


def test_the_three_families_are_found() -> None:
    assert {"Recurrent", "MinGRU", "Transformer", "TCN"} <= {kind.__name__ for kind in sequence_backbones()}


@pytest.mark.parametrize("name", constructors())
def test_a_model_takes_every_form_or_says_that_it_only_encodes(name: str) -> None:
    construct = constructors()[name]
    construct(width=WIDTH, causal=False, cross_attention=False)
    refusals = []
    for causal, cross_attention in FORMS[1:]:
        try:
            construct(width=WIDTH, causal=causal, cross_attention=cross_attention)
        except (ValueError, ConfigError) as error:
            refusals.append(str(error))
            assert ("causal=True" in str(error)) or ("cross_attention=True" in str(error))
    assert len(refusals) in (0, len(FORMS) - 1)


@every_form
@pytest.mark.parametrize("length", [1, 2, 7, 33])
def test_keeps_the_shape(form: Form, length: int) -> None:
    model = form.make()
    assert (model.width, model.causal, model.cross_attention) == (WIDTH, form.causal, form.cross_attention)
    y_BTD = model(sequences(3, length), **form.memory(3))
    assert y_BTD.shape == (3, length, WIDTH)
    assert y_BTD.isfinite().all()


@every_form
def test_every_parameter_gets_a_gradient(form: Form) -> None:
    model = form.make().eval()
    y_BTD = model(sequences(3, 7), **form.memory(3))
    (y_BTD * sequences(4, 7)[1:]).sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not without


@every_form
@pytest.mark.parametrize("where", ["after", "before", "between"])
def test_padding_never_changes_real_steps(form: Form, where: str) -> None:
    model = form.make().eval()
    padding_BT = torch.zeros(2, 9, dtype=torch.bool)
    padding_BT[0, {"after": slice(6, 9), "before": slice(0, 3), "between": slice(3, 6)}[where]] = True
    x_BTD = sequences(2, 9)
    garbage_BTD = torch.where(padding_BT[..., None], 1e3 * torch.ones(()), x_BTD)
    with torch.no_grad():
        expected_BTD = model(x_BTD, padding_mask_BT=padding_BT, **form.memory(2))
        found_BTD = model(garbage_BTD, padding_mask_BT=padding_BT, **form.memory(2))
    torch.testing.assert_close(found_BTD[~padding_BT], expected_BTD[~padding_BT], rtol=0, atol=1e-6)


@every_form
def test_a_padded_sequence_is_encoded_as_it_is_alone(form: Form) -> None:
    model = form.make().eval()
    lengths = [9, 1, 4]
    x_BTD, memory = sequences(3, 9), form.memory(3)
    padding_BT = torch.arange(9)[None] >= torch.tensor(lengths)[:, None]
    with torch.no_grad():
        together_BTD = model(x_BTD, padding_mask_BT=padding_BT, **memory)
        for row, length in enumerate(lengths):
            own_memory = {name: part[row : row + 1] for name, part in memory.items()}
            alone_TD = model(x_BTD[row : row + 1, :length], **own_memory)[0]
            torch.testing.assert_close(together_BTD[row, :length], alone_TD, rtol=0, atol=1e-5)


@every_form
def test_no_padding_is_the_same_as_no_mask(form: Form) -> None:
    model = form.make().eval()
    x_BTD, memory = sequences(2, 5), form.memory(2)
    with torch.no_grad():
        masked_BTD = model(x_BTD, padding_mask_BT=torch.zeros(2, 5, dtype=torch.bool), **memory)
        torch.testing.assert_close(masked_BTD, model(x_BTD, **memory), rtol=0, atol=1e-6)


@every_form_with_memory
def test_padding_of_the_memory_is_never_attended_to(form: Form) -> None:
    model = form.make().eval()
    x_BTD, memory = sequences(3, 4), form.memory(3)
    padding_BS = memory["memory_padding_mask_BS"]
    garbage_BSD = torch.where(padding_BS[..., None], 1e3 * torch.ones(()), memory["memory_BSD"])
    with torch.no_grad():
        expected_BTD = model(x_BTD, **memory)
        found_BTD = model(x_BTD, memory_BSD=garbage_BSD, memory_padding_mask_BS=padding_BS)
        torch.testing.assert_close(found_BTD, expected_BTD, rtol=0, atol=1e-6)
        for row in range(3):
            real_1SD = memory["memory_BSD"][row : row + 1, ~padding_BS[row]]
            alone_TD = model(x_BTD[row : row + 1], memory_BSD=real_1SD)[0]
            torch.testing.assert_close(alone_TD, expected_BTD[row], rtol=0, atol=1e-5)


@every_form_with_memory
def test_every_real_step_of_the_memory_matters_to_every_output(form: Form) -> None:
    model = form.make().eval()
    memory = form.memory(1)
    memory["memory_BSD"].requires_grad_()
    y_BTD = model(sequences(1, 3), **memory)
    for y_D in y_BTD[0]:
        (gradient_BSD,) = torch.autograd.grad(
            (y_D * sequences(1, 1)[0, 0]).sum(), memory["memory_BSD"], retain_graph=True
        )
        assert torch.equal(gradient_BSD.abs().sum(dim=-1) > 0, ~memory["memory_padding_mask_BS"])


@every_form_with_memory
def test_recorded_attention_shares_one_among_real_steps_of_the_memory(form: Form) -> None:
    model = form.make().eval()
    memory = form.memory(3)
    with recorded_attention(model) as found, torch.no_grad():
        recorded_BTD = model(sequences(3, 4), **memory)
    assert found
    for calls in found.values():
        assert [call.shape for call in calls] == [(3, 4, 5)]
        torch.testing.assert_close(calls[0].sum(dim=-1), torch.ones(3, 4))
        assert (calls[0].transpose(1, 2)[memory["memory_padding_mask_BS"]] == 0).all()
    with torch.no_grad():
        torch.testing.assert_close(model(sequences(3, 4), **memory), recorded_BTD, rtol=0, atol=1e-5)


@every_form_without_memory
def test_nothing_is_recorded_where_nothing_is_attended_to(form: Form) -> None:
    with recorded_attention(model := form.make()) as found:
        model(sequences(1, 2))
    assert found == {}


@every_form_with_memory
def test_a_missing_memory_is_refused(form: Form) -> None:
    with pytest.raises(ValueError, match="memory_BSD"):
        form.make()(sequences(2, 2))


@every_form_without_memory
def test_a_memory_that_nobody_attends_to_is_refused(form: Form) -> None:
    with pytest.raises(ValueError, match="a memory needs a model with cross_attention=True"):
        form.make()(sequences(2, 2), memory_BSD=sequences(2, 3))


@every_form
def test_rows_of_padding_alone_are_refused(form: Form) -> None:
    padding_BT = torch.tensor([[False, False], [True, True]])
    with pytest.raises(ValueError, match="row 1 of the batch is all padding"):
        form.make()(sequences(2, 2), padding_mask_BT=padding_BT, **form.memory(2))


@every_form_with_memory
def test_memories_of_padding_alone_are_refused(form: Form) -> None:
    padding_BS = torch.tensor([[False, True, False], [True, True, True]])
    with pytest.raises(ValueError, match="row 1 of the batch is all padding"):
        form.make()(sequences(2, 2), memory_BSD=sequences(2, 3), memory_padding_mask_BS=padding_BS)


@pytest.mark.parametrize("form", forms(causal=True))
@pytest.mark.parametrize("masked", [False, True])
def test_causal_steps_never_see_the_future(form: Form, masked: bool) -> None:
    padding_BT = torch.arange(8)[None] >= 7 if masked else None
    assert reach(form, padding_mask_BT=padding_BT)[3:] == [True] * 2 + [False] * 3


@pytest.mark.parametrize("form", forms(causal=True))
def test_in_training_causal_steps_see_no_future_either(form: Form) -> None:
    assert reach(form, training=True)[5:] == [False] * 3  # statistics over steps, as of batch normalisation, would


@pytest.mark.parametrize("form", forms(causal=False))
def test_steps_see_both_ways_unless_causal(form: Form) -> None:
    assert reach(form)[3:6] == [True] * 3


def reach(form: Form, *, padding_mask_BT: torch.Tensor | None = None, training: bool = False) -> list[bool]:
    """Which of eight steps change the output at the fifth."""
    model = form.make().train(training)
    x_BTD = sequences(1, 8).requires_grad_()
    y_BTD = model(x_BTD, padding_mask_BT=padding_mask_BT, **form.memory(1))
    (y_BTD[0, 4] * sequences(1, 1)[0, 0]).sum().backward()
    assert x_BTD.grad is not None
    return (x_BTD.grad[0].abs().sum(dim=-1) > 0).tolist()


@pytest.mark.parametrize("form", forms(once=True))
def test_its_cost_is_counted_from_shapes_alone(form: Form) -> None:
    model = build_on_meta(form.make)
    memory = {name: part.to("meta") for name, part in form.memory(2).items()}
    with FlopCounterMode(display=False) as counter:
        x_BTD = torch.empty(2, 6, WIDTH, device="meta", requires_grad=True)
        y_BTD = model(x_BTD, padding_mask_BT=torch.empty(2, 6, dtype=torch.bool, device="meta"), **memory)
        forward = counter.get_total_flops()
        y_BTD.sum().backward()
    assert y_BTD.shape == (2, 6, WIDTH)
    assert 0 < forward < counter.get_total_flops()


@pytest.mark.parametrize("kind", sequence_backbones(), ids=lambda kind: kind.__name__)
def test_the_class_names_its_paper(kind: type[SequenceBackbone]) -> None:
    assert re.search(r"\b(18|19|20)\d\d\b", inspect.getdoc(kind) or "")
