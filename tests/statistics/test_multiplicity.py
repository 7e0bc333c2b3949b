"""Shaffer and Holm against values worked by hand."""

import itertools

import numpy as np
import pytest

from bakeoff.statistics import holm, pair_tests


def outcome(tests):
    return [(round(test.level, 6), test.rejected) for test in tests]


def test_two_contenders_are_one_plain_test():
    assert outcome(pair_tests([0.04], num_contenders=2)) == [(0.05, True)]
    assert outcome(pair_tests([0.06], num_contenders=2)) == [(0.05, False)]


def test_three_contenders_test_the_rest_at_alpha_once_one_falls():
    assert outcome(pair_tests([0.04, 0.01, 0.2], num_contenders=3)) == [(0.05, True), (0.016667, True), (0.05, False)]


def test_three_contenders_stop_where_none_falls_at_a_third():
    assert outcome(pair_tests([0.04, 0.02, 0.2], num_contenders=3)) == [(0.016667, False)] * 3


def test_four_contenders_follow_holm():
    p = [0.001, 0.009, 0.0126, 0.02, 0.03, 0.5]  # levels .0083, .01, .0125: the third fails
    stopped = (0.0125, False)
    assert outcome(pair_tests(p, num_contenders=4)) == [
        (0.008333, True),
        (0.01, True),
        stopped,
        stopped,
        stopped,
        stopped,
    ]


def test_order_of_the_hypotheses_does_not_matter_even_with_ties():
    p = [0.001, 0.02, 0.02, 0.03]
    tests = {value: holm(p)[index] for index, value in enumerate(p)}
    for order in itertools.permutations(range(4)):
        assert holm([p[i] for i in order]) == [tests[p[i]] for i in order]


def test_rejected_exactly_where_p_is_at_most_the_level():
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = (rng.random(6) ** 3).tolist()
        assert all(test.rejected == (value <= test.level) for value, test in zip(p, holm(p), strict=True))


def test_a_wrong_number_of_p_values_is_refused():
    with pytest.raises(ValueError, match="3 pairs, got 2"):
        pair_tests([0.1, 0.2], num_contenders=3)
