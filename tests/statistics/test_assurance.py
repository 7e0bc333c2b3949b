"""Advice by assurance: against the drawn future, and in words."""

import numpy as np
import pytest
from scipy.stats import t as student

from bakeoff.statistics import Estimate, Options, verdict_from_matrices
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.assurance import CHANCE, Question, assured_advice, chances, smallest_difference
from bakeoff.statistics.components import Components


def estimate(difference, *, v_seeds, vex, c=0.0, num_seeds=5, num_examples=1000, unit=0.0):
    total = max(v_seeds + vex + unit - c, v_seeds, vex + unit)
    return Estimate(
        difference, v_seeds / 2, v_seeds / 2, vex, c, total, 20.0, num_seeds, num_examples, guard=unit, guard_unit=unit
    )


def question(found, **options):
    return Question("cnn", "rnn", found, **{"level": 0.05, "equivalence_level": 0.05, "margin": None, **options})


def ask(found, **options):
    return assured_advice(question(found, **options), Amounts(points=False))


def drawn_chance(asked, seeds, examples, *, draws=200_000):
    """The chance of a decision, by drawing the truth and the new bakeoff."""
    found = asked.estimate
    then = found.num_seeds * found.v_seeds / seeds + (found.vex - found.c) * found.num_examples / examples
    rng = np.random.default_rng(0)
    true = found.difference + np.sqrt(found.variance) * rng.standard_normal(draws)
    new = true + np.sqrt(then) * rng.standard_normal(draws)
    df = float(asked.components.df(seeds, examples))
    wins = np.abs(new) > student.isf(asked.level / 2, df) * np.sqrt(then)
    room = -1 if asked.margin is None else asked.margin - student.isf(asked.equivalence_level, df) * np.sqrt(then)
    return (wins | (np.abs(new) < room)).mean()


@pytest.mark.parametrize("margin", [None, 0.02, 0.05])
@pytest.mark.parametrize("difference", [0.0, 0.02, 0.05])
def test_the_chance_is_that_of_the_drawn_future(margin, difference):
    asked = question(estimate(difference, v_seeds=0.0004, vex=0.0002), margin=margin)
    for seeds, examples in ((10, 1000), (40, 1000), (5, 8000)):
        ours = chances(asked, np.array([seeds]), np.array([examples]))[0]
        assert ours == pytest.approx(drawn_chance(asked, seeds, examples), abs=0.004)


def test_it_is_the_smallest_number_of_seeds_with_that_chance():
    found = estimate(0.08, v_seeds=0.002, vex=0.0001)
    advice = ask(found)
    assert (advice.limit, advice.practical) == ("seeds", True)
    around = chances(question(found), np.array([advice.seeds - 1, advice.seeds]), np.array([1000, 1000]))
    assert around[0] < CHANCE <= around[1]
    assert f"About {advice.seeds} seeds per contender (now 5) would settle cnn against rnn" in advice.text
    assert "with a chance of 80 %, in a new bakeoff with fresh seeds" in advice.text


def test_examples_are_asked_for_where_seeds_cannot_help():
    found = estimate(0.026, v_seeds=0.00001, vex=0.0002)
    advice = ask(found)
    assert (advice.limit, advice.seeds) == ("examples", None)
    assert chances(question(found), np.array([100]), np.array([1000]))[0] < CHANCE
    around = chances(question(found), np.array([5, 5]), np.array([0.98 * advice.examples, advice.examples]))
    assert around[0] < CHANCE <= around[1]
    assert "more seeds cannot settle this" in advice.text and "(now 1,000)" in advice.text


def test_both_are_asked_for_where_neither_alone_helps():
    advice = ask(estimate(0.034, v_seeds=0.0002, vex=0.0002))
    assert advice.limit == "both" and advice.seeds > 5 and advice.examples > 1000
    assert advice.seeds / 5 == pytest.approx(advice.examples / 1000, rel=0.25)


def test_over_twenty_times_what_was_run_is_not_practical():
    found = estimate(0.0001, v_seeds=0.0002, vex=0.0004)
    advice = ask(found)
    assert (advice.practical, advice.seeds, advice.examples) == (False, None, None)
    assert advice.text.startswith("Not practical") and "more than 20 times" in advice.text
    components = question(found).components
    shown = smallest_difference(components, seeds=5, examples=1000, level=0.05)
    assert advice.smallest_difference == shown and f"{shown:.4g}" in advice.text


def test_near_zero_the_way_out_is_equivalence():
    found = estimate(0.001, v_seeds=0.0005, vex=0.00005)
    assert ask(found).practical is False and ask(found, margin=0.03).practical is True


def test_stricter_levels_and_the_guard_ask_for_more():
    found = estimate(0.08, v_seeds=0.002, vex=0.0001)
    assert ask(found, level=0.05 / 3).seeds > ask(found).seeds
    guarded = estimate(0.08, v_seeds=0.002, vex=0.0001, unit=0.0001)
    assert ask(guarded).seeds > ask(found).seeds


def test_between_looks_there_is_no_talk_of_a_new_bakeoff():
    found = estimate(0.08, v_seeds=0.002, vex=0.0001)
    assert "new bakeoff" not in ask(found, going_on=True).text and "new bakeoff" in ask(found).text


def test_the_smallest_difference_worked_by_hand():
    # V = 0.0004 / 4 + 0.09 / 900 = 2e-4; df = V^2 / (1e-8 / 6 + 1e-8 / 899).
    components = Components(seed=0.0004, residual=0.0, example=0.09)
    df = 4e-8 / (1e-8 / 6 + 1e-8 / 899)
    expected = (student.ppf(0.975, df) + student.ppf(0.8, df)) * np.sqrt(2e-4)
    assert smallest_difference(components, seeds=4, examples=900, level=0.05) == pytest.approx(expected)


def test_verdicts_give_it_and_the_first_edition_the_older_one():
    rng = np.random.default_rng(0)
    found = {name: 0.1 * k + rng.normal(size=(5, 1)) * 0.1 + rng.normal(size=(5, 300)) for k, name in enumerate("ab")}
    new, old = (verdict_from_matrices(found, options=Options(margin=0.05, edition=edition)) for edition in (2, 1))
    assert new.advice.practical is not None and "chance of 80 %" in new.advice.text
    assert old.advice.practical is None and old.advice.text.startswith(("About", "The test set is the limit"))
