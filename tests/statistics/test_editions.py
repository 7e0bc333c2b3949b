"""Audits of older bakeoffs: the first edition stays callable, and gives the figures that its own code gave."""

import json
from pathlib import Path

import numpy as np
import pytest
from first_edition_cases import cases
from verdict_simulation import scores

from bakeoff.errors import ConfigError
from bakeoff.statistics import EDITION, Options, verdict_from_matrices

STORED = json.loads((Path(__file__).parent / "first_edition.json").read_text())


def found_in(stored, derived, where=""):
    """Where what was stored is not what is derived; what was not known then may stand beside it."""
    if isinstance(stored, dict):
        return [text for key in stored for text in found_in(stored[key], derived[key], f"{where}.{key}")]
    if isinstance(stored, list):
        assert len(stored) == len(derived)
        return [
            text
            for k, pair in enumerate(zip(stored, derived, strict=True))
            for text in found_in(*pair, f"{where}[{k}]")
        ]
    same = derived == pytest.approx(stored, rel=1e-12) if isinstance(stored, float) else stored == derived
    return [] if same else [f"{where}: {stored} is now {derived}"]


@pytest.mark.parametrize("number", range(len(STORED)))
def test_the_first_edition_gives_the_figures_that_its_own_code_gave(number):
    derived = list(cases({"edition": 1}))[number]
    assert found_in(STORED[number], derived) == []


def test_the_second_edition_gives_others_and_says_which_it_is():
    assert any(found_in(stored, derived) for stored, derived in zip(STORED, cases({}), strict=True))
    matrices = scores(np.random.default_rng(0), seeds=5, examples=100, seed_sd=0.3)
    for edition in (1, 2, 3):
        record = verdict_from_matrices(matrices, options=Options(edition=edition)).to_dict()
        assert record["edition"] == edition
    assert EDITION == 3 and verdict_from_matrices(matrices, options=Options()).edition == 3
    with pytest.raises(ConfigError, match="edition"):
        Options(edition=4)
