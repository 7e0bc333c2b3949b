"""Ranges of a configuration's values, by the plain tree that validation resolves."""

import pytest

from bakeoff.config import rules
from bakeoff.config.catalog import Catalog
from bakeoff.config.schema import PIPELINES
from bakeoff.config.signatures import signature
from bakeoff.config.typed import type_errors


@pytest.mark.parametrize("key", ["seed", "seeds"])
@pytest.mark.parametrize(("seed", "fits"), [(0, True), (2**32 - 1, True), (2**32, False), (-1, False)])
def test_seeds_are_those_that_every_generator_takes(key, seed, fits):
    plain = {"seed": seed} if key == "seed" else {"seeds": [7, 8, seed]}
    found = [(error.code, error.key) for error in type_errors(plain, "", signature(PIPELINES["compare"]))]
    assert found == ([] if fits else [("config.out_of_range", key)])


@pytest.mark.parametrize(("seeds", "enough"), [(2, False), ([4, 9], False), (3, True), ([4, 9, 1], True)])
def test_a_comparison_has_three_seeds_unless_looks_say_how_many(seeds, enough):
    found = [(error.code, error.key) for error in rules.check({"seeds": seeds}, Catalog())]
    assert found == ([] if enough else [("config.too_few_seeds", "seeds")])
    assert rules.check({"seeds": seeds, "looks": "every"}, Catalog()) == []


@pytest.mark.parametrize(
    "space", ["fast", {"low": "fast", "high": 1}, {"low": True, "high": 2}, {"low": 2, "high": 1}, {"choices": []}]
)
def test_what_is_no_range_is_not_searched(space):
    for section, inner in (("model", "search"), ("sweep", "space")):
        plain = {
            section: {inner: {"optimizer.lr": space, "optimizer.eps": {"low": 1e-9, "high": 1e-6, "scale": "log"}}}
        }
        found = [(error.code, error.key) for error in rules.check(plain, Catalog())]
        assert found == [("config.bad_value", f"{section}.{inner}.optimizer.lr")]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({}, None),
        ({"trainer": {"stack_seeds": 5, "max_seconds": 9.0}}, "trainer.max_seconds"),
        ({"trainer": {"stack_seeds": 5, "devices": 2}}, "trainer.devices"),
        ({"trainer": {"stack_seeds": 1, "devices": 2}}, None),
        ({"budget": {"mode": "time", "value": 9}}, "budget"),
        ({"energy": "DEU"}, "energy"),
    ],
)
def test_seeds_that_are_trained_as_one_take_their_steps_together(changed, key):
    plain = {"contenders": ["lenet"], "trainer": {"stack_seeds": 5, "devices": 1}, "energy": None, **changed}
    found = [(error.code, error.key) for error in rules.check(plain, Catalog())]
    assert found == ([] if key is None else [("config.contradiction", key)])


def test_a_single_training_has_no_seeds_to_stack():
    (error,) = rules.check({"trainer": {"stack_seeds": 5}}, Catalog())
    assert (error.code, error.key) == ("config.contradiction", "trainer.stack_seeds")
