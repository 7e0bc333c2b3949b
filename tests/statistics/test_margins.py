"""The margin from validation, by hand."""

import pytest

from bakeoff.statistics import margin_from_validation


def margin(values, **options):
    defaults = {"trivial": 0.1, "perfect": 1.0, "right_or_wrong": True, "num_validation": 400, "num_test": 500}
    return margin_from_validation(values, **{**defaults, **options})


def test_a_tenth_of_the_best_error_where_that_is_most():
    found = margin({"a": [0.90, 0.92], "b": [0.88, 0.90]})
    assert found.value == pytest.approx(0.009) and found.rule == "10 % of the best validation error"


def test_it_has_a_floor_where_nobody_errs():
    flawless = {"a": [1.0, 1.0], "b": [0.9, 0.9]}
    assert margin(flawless).value == pytest.approx(1 / 500)
    assert margin(flawless).rule == "one of 500 test examples"
    few = margin(flawless, num_validation=100)
    assert few.value == pytest.approx(0.003) and few.rule == "0.3 of one of 100 validation examples"
    assert margin(flawless, right_or_wrong=False).value is None


def test_a_failed_trial_counts_as_the_trivial_predictor():
    # a: (0.95 + 0.95 + 0.10) / 3 = 0.6667; b: 0.90, which is then the best.
    assert margin({"a": [0.95, 0.95, None], "b": [0.9, 0.9, 0.9]}).value == pytest.approx(0.01)


def test_lower_can_be_better():
    found = margin(
        {"a": [0.4, 0.6], "b": [2.0, None]}, perfect=0.0, trivial=3.0, right_or_wrong=False, direction="minimize"
    )
    assert found.value == pytest.approx(0.05)


def test_of_a_family_it_is_the_error_to_expect_of_the_best_of_m():
    # Best of 2 among 0.7, 0.8, 0.9: pairs (.7,.8), (.7,.9), (.8,.9) give 0.8, 0.9, 0.9.
    found = margin({"a": [0.7, 0.9, 0.8]}, best_of=2)
    assert found.value == pytest.approx(0.1 * (1 - 2.6 / 3))
    assert found.rule == "10 % of the best validation error to expect of the best of 2 trials"


def test_far_from_perfection_it_is_a_tenth_of_what_was_learnt():
    # An NDCG of 7 % where popularity has 3 %: a tenth of the error would be 9.3 points, more than all that was learnt.
    found = margin({"a": [0.07], "b": [0.06]}, trivial=0.03, right_or_wrong=False)
    assert (
        found.value == pytest.approx(0.004)
        and found.rule == "10 % of the best validation gain over the trivial predictor"
    )
    before = margin({"a": [0.07], "b": [0.06]}, trivial=0.03, right_or_wrong=False, by_gain=False)
    assert before.value == pytest.approx(0.093)
    bits = margin({"a": [3.9]}, trivial=4.7, perfect=0.0, right_or_wrong=False, direction="minimize")
    assert bits.value == pytest.approx(0.08)


def test_where_nothing_was_learnt_there_is_none_but_the_floor():
    assert margin({"a": [0.05]}, trivial=0.1, right_or_wrong=False).value is None
    assert margin({"a": [0.05]}, trivial=0.1).value == pytest.approx(1 / 500)


def test_where_the_trivial_predictor_is_not_known_the_error_decides():
    assert margin({"a": [0.07]}, trivial=float("nan")).value == pytest.approx(0.093)
