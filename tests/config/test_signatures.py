"""Static signatures say what Python's own inspection of the imported object says."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from bakeoff.config import resolve
from bakeoff.config.annotations import choices, mismatch
from bakeoff.config.docstrings import argument_docs
from bakeoff.config.signatures import signature

TARGETS = [
    "torch.optim.AdamW",
    "torch.optim.SGD",
    "torch.optim.Adam",
    "torch.optim.lr_scheduler.CosineAnnealingLR",
    "torch.nn.Linear",
    "torch.nn.LSTM",
    "torch.nn.TransformerEncoderLayer",
    "torchvision.transforms.v2.RandomRotation",
    "bakeoff.training.trial.settings.TrainerSettings",
    "bakeoff.training.loop.schedules.Constant",
    "bakeoff.tasks.image_classification.task.ImageClassification",
]


@pytest.mark.parametrize("target", TARGETS)
def test_names_and_defaults_are_those_of_the_imported_class(target):
    static = signature(target)
    real = inspect.signature(resolve(target)).parameters
    names = [name for name, item in real.items() if item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)]
    assert static.names() == names or static.open
    for name in static.names():
        assert static.get(name).required == (real[name].default is inspect.Parameter.empty)
        if isinstance(real[name].default, int | float | bool | str | None):
            assert eval(static.get(name).default) == real[name].default


def test_reading_a_signature_imports_nothing():
    code = "from bakeoff.config.signatures import signature; import sys; "
    code += "assert signature('torch.optim.AdamW').get('lr').doc; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_docs_and_aliases_of_types_are_followed():
    lr = signature("torch.optim.AdamW").get("lr")
    assert lr.doc.startswith("learning rate")
    activation = signature("bakeoff.models.transformer.vit.ViT").get("activation")
    assert {"relu", "gelu", "tanh"} <= set(choices(activation.annotation))


def test_what_does_not_exist_has_no_signature():
    assert signature("torch.optim.Nothing") is None
    assert signature("no_such_package.Thing") is None
    assert signature("Thing") is None


def test_google_docstrings_are_read_across_lines():
    text = """Does.

    Args:
        width: how wide,
            in channels.
        depth (int): how deep: very.

    Returns:
        nothing: at all
    """
    assert argument_docs(text) == {"width": "how wide, in channels.", "depth": "how deep: very."}


@pytest.mark.parametrize(
    ("value", "annotation", "fits"),
    [
        (3, "int", True),
        (3.0, "int", False),
        (True, "int", False),
        (True, "bool", True),
        (1, "bool", False),
        (3, "float", True),
        ("3", "float", False),
        (None, "int | None", True),
        (None, "int", False),
        (None, "Optional[int]", True),
        ("x", "Union[int, str]", True),
        ("a", "Literal['a', 'b']", True),
        ("c", "Literal['a', 'b']", False),
        (True, "Literal[1, 2]", False),
        ([1, 2], "list[int]", True),
        ([1, "x"], "list[int]", False),
        (5, "list[int]", False),
        ([1, 2], "tuple[int, int]", True),
        ([1, 2, 3], "tuple[int, int]", False),
        ([1, 2, 3], "tuple[int, ...]", True),
        ([0.5], "Sequence[float]", True),
        ({"a": 1}, "dict[str, int]", True),
        ("a", "Mapping[str, int]", False),
        ("anything", "nn.Module", True),
        ("a/b", "Path | None", True),
        (4, "Path", False),
    ],
)
def test_values_are_judged_by_simple_types(value, annotation, fits):
    assert (mismatch(value, annotation) is None) == fits


def test_a_class_that_is_generic_takes_what_its_bases_take():
    found = signature("bakeoff.tasks.text_classification.task.TextClassification")
    assert found.names()[:2] == ["spec", "label_smoothing"] and not found.open
