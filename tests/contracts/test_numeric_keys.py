"""Every key that takes a number refuses text, a truth value, NaN, infinity, a list and null, or is made for them."""

from __future__ import annotations

import math

import pytest
from omegaconf import OmegaConf

from bakeoff.config.annotations import mismatch
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.keys import arguments
from bakeoff.config.schema import CONTENDER, KNOB, PIPELINES, SECTIONS
from bakeoff.config.signatures import signature
from bakeoff.config.tree import resolve_tree, targets
from bakeoff.config.validation import validate

CATALOG = Catalog()
CONSTRUCTORS = sorted(
    {
        (f"{group}.{key}".rstrip("."), node["_target_"])
        for group in CATALOG.groups()
        for name in CATALOG.options(group)
        for key, node in targets(CATALOG.content(group, name))
    }
)
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
    return {error.key.rpartition(".")[2] for error in errors if error.code != "config.missing_value"}


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
