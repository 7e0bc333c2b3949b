"""Intervals of all pairs that hold at once."""

import numpy as np
import pytest
from scipy.stats import studentized_range
from scipy.stats import t as student
from verdict_simulation import scores

from bakeoff.statistics import Options, simultaneous_intervals, verdict_from_matrices
from bakeoff.statistics.simultaneous import pair_level


def verdict(contenders, *, seed=0, seeds=10, examples=1000, **options):
    rng = np.random.default_rng(seed)
    found = scores(rng, seeds=seeds, examples=examples, seed_sd=0.5, accuracies=(0.9,) * contenders)
    return verdict_from_matrices(found, options=Options(**options))


def test_of_two_contenders_it_is_the_interval_of_the_test():
    found = verdict(2)
    pair = found.pairs[0]
    assert simultaneous_intervals(found) == {(pair.a, pair.b): (pair.low, pair.high)}


def test_of_three_it_is_the_studentised_range():
    # The table of the studentised range has q = 3.31 for three means and infinite degrees of freedom.
    found = verdict(3, seeds=200, examples=400)
    for pair in found.pairs:
        low, high = simultaneous_intervals(found)[pair.a, pair.b]
        half = (high - low) / 2
        assert half / pair.estimate.standard_error == pytest.approx(3.31 / np.sqrt(2), abs=0.02)
        assert low < pair.estimate.interval(0.05)[0] and high > pair.estimate.interval(0.05)[1]


def test_all_pairs_hold_at_once():
    held = 0
    for seed in range(60):
        intervals = simultaneous_intervals(verdict(4, seed=seed, examples=500))
        held += all(low <= 0 <= high for low, high in intervals.values())
    assert held >= 52, "95 % of 60 is 57, with a standard deviation of 1.7"


@pytest.mark.parametrize(("means", "df"), [(3, 8.0), (4, 20.0), (6, 5.0), (5, 300.0)])
def test_levels_agree_with_scipys_studentised_range(means, df):
    q = studentized_range.ppf(0.95, means, df)
    assert pair_level(means, df) == pytest.approx(2 * student.sf(q / np.sqrt(2), df), rel=0.02)
