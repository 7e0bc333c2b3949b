"""Every key that takes a number says its range, and refuses what is outside, text, truth values, NaN and lists."""

from __future__ import annotations

import ast
import contextlib
import math
import re

import pytest
from omegaconf import OmegaConf

from bakeoff.config.annotations import mismatch, outside
from bakeoff.config.catalog import Catalog
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.config.keys import arguments
from bakeoff.config.schema import CONTENDER, KNOB, PIPELINES, SECTIONS
from bakeoff.config.signatures import signature
from bakeoff.config.tree import resolve_tree, targets
from bakeoff.config.validation import validate
from bakeoff.errors import ErrorGroup
from tests.contracts.constructors import constructors

CATALOG = Catalog()
CONSTRUCTORS = sorted(constructors(CATALOG))
VALUES = {"text": "fast", "truth": True, "nan": math.nan, "infinity": math.inf, "list": [1, 2, 3], "null": None}
LISTS = ("list[", "Sequence[")  # a pair is no list of three


SCHEMAS = {
    **{f"{section}": schema for section, schema in SECTIONS.items()},
    **{f"the {name} pipeline": schema for name, schema in PIPELINES.items()},
    "contenders.1": CONTENDER,
    "model.knobs.0": KNOB,
}


def takes(kind, annotation):
    """Whether a type takes a kind of value, as its own words say."""
    words = annotation.split(" | ")
    own = {"text": "str" in words, "truth": "bool" in words, "null": "None" in words}
    return own.get(kind, False) or (kind == "list" and any(word.startswith(LISTS) for word in words))


def numeric(target, names):
    """The arguments that take a number or several, with the type of each."""
    found = {item.name: item.annotation for item in signature(target).parameters if item.name in names}
    judged = {name: text for name, text in found.items() if text and mismatch({}, text)}
    return {
        name: text for name, text in judged.items() if any(not mismatch(value, text) for value in (1, 0.5, [1], [1, 1]))
    }


def settings_of(target, names):
    """For each kind of value, what to set, and the arguments that should refuse it."""
    types = numeric(target, names)
    for kind, value in VALUES.items():
        yield kind, dict.fromkeys(types, value), {name for name, text in types.items() if not takes(kind, text)}


def refused(cfg, pipeline, prefix):
    """The arguments of a section that are refused, each in one line and as the user's fault."""
    errors = [error for error in validate(cfg, pipeline) if error.key.rpartition(".")[0] == prefix]
    assert all(error.exit_code == 2 and len(error.line().splitlines()) == 1 for error in errors)
    wrong = (error for error in errors if error.code != "config.missing_value" and not is_list_out_of_range(error))
    return {error.key.rpartition(".")[2] for error in wrong}


def is_list_out_of_range(error):
    """What takes lists takes none of any numbers."""
    return error.code == "config.out_of_range" and isinstance(error.value, list)


@pytest.mark.parametrize(("section", "target"), CONSTRUCTORS)
def test_what_constructors_take(section, target):
    names = arguments(section, {"_target_": target})
    for kind, values, wrong in settings_of(target, names):
        cfg = OmegaConf.create({"_target_": target, **values})
        for part in reversed(section.split(".")):
            cfg = OmegaConf.create({part: cfg})
        assert refused(cfg, "train", section) == wrong, kind


@pytest.mark.parametrize("section", SCHEMAS)
def test_what_sections_take(section):
    for kind, values, wrong in settings_of(SCHEMAS[section], signature(SCHEMAS[section]).names()):
        pipeline, prefix = "compare", section
        if section.startswith("the "):
            pipeline, prefix, cfg = section.split()[1], "", values
        elif section == "contenders.1":
            cfg = {"contenders": ["lenet", {"model": "vit", **values}]}
        elif section == "model.knobs.0":
            cfg = {
                "model": {"knobs": [{"arg": "width", **values}], "net": {"_target_": "bakeoff.models.cnn.lenet.LeNet"}}
            }
        else:
            cfg = {"model": {}, section: values}
        assert refused(OmegaConf.create(cfg), pipeline, prefix) == wrong, kind


OWN = sorted({(section, target) for section, target in CONSTRUCTORS if target.startswith("bakeoff.")})


def numbers_without_range(ranges):
    """The numbers of an annotation that say nothing of their range."""
    inside = [part for part in re.split(r"Annotated\[(?:int|float), [^\]]*\]", ranges) if part]
    return [word for part in inside for word in re.findall(r"\b(?:int|float)\b", part)]


@pytest.mark.parametrize("target", sorted({target for _, target in OWN} | set(SCHEMAS.values())))
def test_every_number_says_its_range(target):
    parameters = {item.name: item for item in signature(target).parameters}
    section = next((section for section, own in OWN if own == target), None)
    names = parameters if section is None else arguments(section, {"_target_": target})
    for name, annotation in numeric(target, names).items():
        ranges = parameters[name].ranges
        assert ranges is not None and not numbers_without_range(ranges), f"{name}: {annotation}"
        default = parameters[name].default
        with contextlib.suppress(ValueError):  # a name, which the constructor knows
            assert default is None or outside(plain(ast.literal_eval(default)), ranges) is None, f"{name}={default}"


def plain(value):
    return list(value) if isinstance(value, tuple) else value


SIZE = "Annotated[float, Interval(ge=0, lt=1)] | Annotated[int, Ge(1)]"
WRONG = {
    "trainer.gradient_clip_norm": -1,
    "trainer.checkpoint_every_s": -1,
    "trainer.max_epochs": 0,
    "optimizer.betas": [2, 3],
    "executor.timeout_s": -1,
    "executor.retries": -1,
    "tune.trials": -1,
    "data.split.val": 1.0,
    "data.split.test": -0.1,
    "model.net.depth": 0,
    "model.net.dropout": 1.0,
    "seeds": [0, -1, 2, 3, 4],
    "alpha": 0.5,
    "budget.tolerance": 0,
}


@pytest.mark.parametrize("key", WRONG)
def test_what_is_out_of_range_is_refused(key):
    with pytest.raises(ErrorGroup) as refused:
        written = str(WRONG[key]).replace(" ", "")
        Checker(Composer(), pipeline="compare").check([f"{key}={written}", "model=vit"])
    (error,) = refused.value.errors
    assert (error.code, error.key) == ("config.out_of_range", key) and error.allowed


@pytest.mark.parametrize(
    ("value", "annotation", "allowed"),
    [
        (0, "Annotated[int, Ge(1)] | None", "1 or more"),
        (None, "Annotated[int, Ge(1)] | None", None),
        (
            1.0,
            "Annotated[float, Interval(ge=0, lt=1)] | Annotated[int, Ge(1)]",
            "at least 0 and below 1, or a whole number, 1 or more",
        ),
        (1, SIZE, None),
        (0, SIZE, None),
        ([1, 0], "Sequence[Annotated[int, Ge(1)]]", "1 or more"),
        ([0.2, 0.1], "tuple[Annotated[float, Gt(0)], Annotated[float, Gt(0)]]", None),
        ("balanced", "Literal['balanced'] | Sequence[Annotated[float, Ge(0)]]", None),
        ([1, -1], "Literal['balanced'] | Sequence[Annotated[float, Ge(0)]]", "0 or more"),
        (-5, "Annotated[int, Interval()]", None),
        (-5, "Annotated[int, 'of a user', Field(gt=LEAST), Ge(-4)]", "-4 or more"),
        (-5, "Annotated[int, 'of a user', Field(gt=LEAST)]", None),
    ],
)
def test_a_range_is_judged_and_told(value, annotation, allowed):
    found = outside(value, annotation)
    assert found is None if allowed is None else found is not None and found.startswith(allowed)


def test_keys_are_named_as_they_are_typed():
    """``data.split.val`` is refused, not the ``data.module.split.val`` that refers to it."""
    composed = Composer().compose("compare", ["model=vit"]).cfg
    numbers = {key for key, value in leaves(OmegaConf.to_container(composed)) if type(value) in (int, float)}
    types = {
        refers(composed, f"{key}.{name}"): text
        for key, node in targets(resolve_tree(composed)[0])
        for name, text in numeric(node["_target_"], node).items()
    }
    types = {key: text for key, text in types.items() if key in numbers}
    assert {"optimizer.lr", "data.split.val", "trainer.max_epochs", "model.net.depth"} <= set(types)
    for kind, value in VALUES.items():
        cfg = composed.copy()
        for key in types:
            OmegaConf.update(cfg, key, value)
        wrong = {key for key, text in types.items() if not takes(kind, text)}
        assert wrong - {error.key for error in validate(cfg, "compare")} == set(), kind


def refers(cfg, key):
    """The key that a value stands for, itself or by reference."""
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(cfg, parent)
    raw = OmegaConf.to_container(node, resolve=False)[name]
    return str(raw).removeprefix("${").removesuffix("}") if OmegaConf.is_interpolation(node, name) else key


def leaves(tree, prefix=""):
    if isinstance(tree, dict | list):
        for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(value, f"{prefix}.{name}".lstrip("."))
    else:
        yield prefix, tree
