"""Ranges of a configuration's values, by the plain tree that validation resolves."""

import pytest

from bakeoff.config import rules
from bakeoff.config.catalog import Catalog


@pytest.mark.parametrize("key", ["seed", "seeds"])
@pytest.mark.parametrize(("seed", "fits"), [(0, True), (2**32 - 1, True), (2**32, False), (-1, False)])
def test_seeds_are_those_that_every_generator_takes(key, seed, fits):
    plain = {"seed": seed} if key == "seed" else {"seeds": [7, seed]}
    found = [(error.code, error.key) for error in rules.check(plain, Catalog())]
    assert found == ([] if fits else [("config.out_of_range", key)])
