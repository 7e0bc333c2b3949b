"""Advice over many simulated bakeoffs: never more than 20 times what was run, unless it says "not practical"."""

import re

import numpy as np
import pandas as pd
import pytest
from hard_simulation import ceiling, clustered, log_normal_losses, one_deterministic, pareto_losses

from bakeoff.statistics import NOT_ENOUGH_EVIDENCE, family_verdict, verdict_from_scores

BAKEOFFS = 30
ASKED = re.compile(r"([\d,]+) (?:seeds|trials|test examples|clusters)[^(]*\(now ([\d,]+)\)")
"""A number of something in an advice, and how many there are."""


def close(rng, *, seeds, examples, contenders=2, lead=0.002):
    """Right or wrong at 90 %, the first a little better."""
    hard_N = rng.random(examples) < 0.5
    return {
        name: (rng.random((seeds, examples)) < np.where(hard_N, 0.8, 1.0) + (lead if name == "a" else 0.0)).astype(
            float
        )
        for name in "abcd"[:contenders]
    }


CLUSTERS = np.arange(360) // 10
CELLS = {
    "close": (lambda rng: close(rng, seeds=5, examples=360), {}),
    "close, with a margin": (lambda rng: close(rng, seeds=5, examples=360), {"margin": 0.01}),
    "close, of four": (lambda rng: close(rng, seeds=5, examples=360, contenders=4), {}),
    "close, provisional": (lambda rng: close(rng, seeds=3, examples=360), {}),
    "close, at a look": (lambda rng: close(rng, seeds=5, examples=360), {"looks": (5, 10, 20)}),
    "close, at every look": (lambda rng: close(rng, seeds=7, examples=360), {"looks": "every", "futility": True}),
    "equal, many": (lambda rng: close(rng, seeds=10, examples=2000, lead=0.0), {}),
    "one deterministic": (lambda rng: one_deterministic(rng, accuracy=0.995, examples=200, seeds=10), {}),
    "ceiling": (lambda rng: ceiling(rng, examples=60, seeds=5), {"score_range": (0.0, 1.0)}),
    "skewed losses": (lambda rng: log_normal_losses(rng, examples=360, seeds=5), {"direction": "minimize"}),
    "heavy tails": (lambda rng: pareto_losses(rng, examples=360, seeds=5), {"direction": "minimize"}),
    "clusters": (lambda rng: clustered(rng, cluster_N=CLUSTERS, correlation=0.5, seeds=5), {}),
    "few clusters": (lambda rng: clustered(rng, cluster_N=CLUSTERS // 3, correlation=0.5, seeds=5), {}),
}


def frame_of(scores, *, run="seed", clusters=None):
    parts = []
    for name, matrix in scores.items():
        runs, examples = (grid.ravel() for grid in np.indices(matrix.shape))
        part = pd.DataFrame({"contender": name, run: runs, "example": examples, "score": matrix.ravel()})
        parts.append(part if clusters is None else part.assign(cluster=clusters[examples]))
    return pd.concat(parts, ignore_index=True)


def times_asked(text):
    """How many times what was run an advice asks for, of seeds or of examples, as it reads."""
    found = [tuple(int(number.replace(",", "")) for number in pair) for pair in ASKED.findall(text)]
    return max((asked / now for asked, now in found), default=0.0)


def check(verdict):
    advice = verdict.advice
    asked = times_asked(advice.text)
    runs = max(row.num_seeds for row in verdict.contenders)
    assert asked <= 20 and (advice.seeds or 0) <= 20 * runs and (advice.examples or 0) <= 20 * verdict.num_units
    if advice.practical is False:
        assert advice.text.startswith("Not practical: ") and asked == 0.0
        assert "The smallest difference that these can show is about" in advice.text
    elif advice.practical:
        assert asked == pytest.approx(max((advice.seeds or 0) / runs, (advice.examples or 0) / verdict.num_units))
    elif verdict.verdict == NOT_ENOUGH_EVIDENCE:
        assert advice.text  # too few seeds, or clusters, to say what would settle it


@pytest.mark.parametrize("cell", CELLS)
def test_no_advice_asks_for_more_than_twenty_times_what_was_run(cell):
    draw, options = CELLS[cell]
    rng = np.random.default_rng(0)
    clusters = {"clusters": CLUSTERS, "few clusters": CLUSTERS // 3}.get(cell)
    for _ in range(BAKEOFFS):
        check(verdict_from_scores(frame_of(draw(rng), clusters=clusters), **options))


def test_nor_does_that_on_searches():
    rng = np.random.default_rng(0)
    for _ in range(BAKEOFFS):
        scores = close(rng, seeds=12, examples=360)
        validation = frame_of({name: rng.random((12, 1)) for name in scores}, run="trial").drop(columns="example")
        check(family_verdict(frame_of(scores, run="trial"), validation, m=3))


def test_the_first_edition_asked_for_thousands_of_times_as_much():
    rng = np.random.default_rng(0)
    frames = [frame_of(close(rng, seeds=5, examples=360)) for _ in range(BAKEOFFS)]
    before, now = ([verdict_from_scores(frame, edition=edition).advice for frame in frames] for edition in (1, 2))
    assert max(times_asked(advice.text) for advice in before) > 1000
    assert not any("ot practical" in advice.text for advice in before)
    assert {advice.practical for advice in now} >= {True, False}
