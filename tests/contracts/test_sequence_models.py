"""What every `SequenceBackbone` promises, checked on each one found in `bakeoff.models`.

B batch, T time steps, D model width.
"""

import importlib
import inspect
import pkgutil

import pytest
import torch
from torch import Tensor

import bakeoff.models
from bakeoff.models.contracts import SequenceBackbone

WIDTH = 16


def sequence_backbones() -> list[type[SequenceBackbone]]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(bakeoff.models.__path__, "bakeoff.models.")
        if not found.ispkg
    ]
    classes = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, SequenceBackbone) and not inspect.isabstract(member)
    }
    return sorted(classes, key=lambda kind: kind.__name__)


every_backbone = pytest.mark.parametrize("kind", sequence_backbones(), ids=lambda kind: kind.__name__)
either_direction = pytest.mark.parametrize("causal", [False, True], ids=["both_ways", "causal"])


def make(kind: type[SequenceBackbone], *, causal: bool) -> SequenceBackbone:
    torch.manual_seed(0)
    return kind(width=WIDTH, causal=causal)


def sequences(batch: int, length: int) -> Tensor:
    return torch.randn(batch, length, WIDTH, generator=torch.Generator().manual_seed(1))


def test_the_three_families_are_found() -> None:
    assert {"Recurrent", "Transformer"} <= {kind.__name__ for kind in sequence_backbones()}


@every_backbone
@either_direction
@pytest.mark.parametrize("length", [1, 2, 7, 33])
def test_keeps_the_shape(kind: type[SequenceBackbone], causal: bool, length: int) -> None:
    model = make(kind, causal=causal)
    assert (model.width, model.causal) == (WIDTH, causal)
    y_BTD = model(sequences(3, length))
    assert y_BTD.shape == (3, length, WIDTH)
    assert y_BTD.isfinite().all()


@every_backbone
@either_direction
def test_every_parameter_gets_a_gradient(kind: type[SequenceBackbone], causal: bool) -> None:
    model = make(kind, causal=causal)
    model(sequences(3, 7)).square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not without


@every_backbone
@either_direction
@pytest.mark.parametrize("where", ["after", "before", "between"])
def test_padding_never_changes_real_steps(kind: type[SequenceBackbone], causal: bool, where: str) -> None:
    model = make(kind, causal=causal).eval()
    padding_BT = torch.zeros(2, 9, dtype=torch.bool)
    padding_BT[0, {"after": slice(6, 9), "before": slice(0, 3), "between": slice(3, 6)}[where]] = True
    x_BTD = sequences(2, 9)
    garbage_BTD = torch.where(padding_BT[..., None], 1e3 * torch.ones(()), x_BTD)
    with torch.no_grad():
        expected_BTD = model(x_BTD, padding_mask_BT=padding_BT)
        found_BTD = model(garbage_BTD, padding_mask_BT=padding_BT)
    torch.testing.assert_close(found_BTD[~padding_BT], expected_BTD[~padding_BT], rtol=0, atol=1e-6)


@every_backbone
@either_direction
def test_a_padded_sequence_is_encoded_as_it_is_alone(kind: type[SequenceBackbone], causal: bool) -> None:
    model = make(kind, causal=causal).eval()
    lengths = [9, 1, 4]
    x_BTD = sequences(3, 9)
    padding_BT = torch.arange(9)[None] >= torch.tensor(lengths)[:, None]
    with torch.no_grad():
        together_BTD = model(x_BTD, padding_mask_BT=padding_BT)
        for row, length in enumerate(lengths):
            alone_TD = model(x_BTD[row : row + 1, :length])[0]
            torch.testing.assert_close(together_BTD[row, :length], alone_TD, rtol=0, atol=1e-5)


@every_backbone
def test_no_padding_is_the_same_as_no_mask(kind: type[SequenceBackbone]) -> None:
    model = make(kind, causal=False).eval()
    x_BTD = sequences(2, 5)
    with torch.no_grad():
        masked_BTD = model(x_BTD, padding_mask_BT=torch.zeros(2, 5, dtype=torch.bool))
        torch.testing.assert_close(masked_BTD, model(x_BTD), rtol=0, atol=1e-6)


@every_backbone
@pytest.mark.parametrize("masked", [False, True])
def test_causal_steps_never_see_the_future(kind: type[SequenceBackbone], masked: bool) -> None:
    model = make(kind, causal=True).eval()
    x_BTD = sequences(1, 8).requires_grad_()
    padding_BT = torch.arange(8)[None] >= 7 if masked else None
    model(x_BTD, padding_mask_BT=padding_BT)[0, 4].sum().backward()
    assert x_BTD.grad is not None
    reach_T = x_BTD.grad[0].abs().sum(dim=-1) > 0
    assert reach_T.tolist() == [True] * 5 + [False] * 3


@every_backbone
def test_steps_see_the_whole_sequence_unless_causal(kind: type[SequenceBackbone]) -> None:
    model = make(kind, causal=False).eval()
    x_BTD = sequences(1, 8).requires_grad_()
    model(x_BTD)[0, 4].square().sum().backward()
    assert x_BTD.grad is not None
    assert (x_BTD.grad[0].abs().sum(dim=-1) > 0).all()


@every_backbone
@either_direction
def test_rows_of_padding_alone_are_refused(kind: type[SequenceBackbone], causal: bool) -> None:
    padding_BT = torch.tensor([[False, False], [True, True]])
    with pytest.raises(ValueError, match="row 1 of the batch is all padding"):
        make(kind, causal=causal)(sequences(2, 2), padding_mask_BT=padding_BT)


@every_backbone
def test_the_class_names_its_paper(kind: type[SequenceBackbone]) -> None:
    assert "et al." in (inspect.getdoc(kind) or "")
