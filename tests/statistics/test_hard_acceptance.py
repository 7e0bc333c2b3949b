"""Acceptance of editions 2 and 3: a smoke check of seconds, and slow tests of 1,000 a cell, each with its mutant.

The same cells with the same seeds are in docs/results/statistics.md, written by ``measure.py``.
"""

import hard_cells as cells
import pytest
from acceptance_cells import Cell

REPEATS = 1000
LIMIT = 67
SIZES = (60, 200, 360, 600, 1000)


def test_smoke_few_errors_name_no_winner_and_the_mutant_does():
    count = cells.few_errors(0.995, 360, 150)
    assert count.found <= 15 < count.mutant
    assert cells.few_errors_with_looks(0.995, 360, 60) <= 6
    ceiling = cells.at_the_ceiling(60, 10, 100)
    assert ceiling.found <= 10 < ceiling.mutant


def test_smoke_clusters_tails_and_equivalence_hold_and_the_mutants_do_not():
    clustered = cells.hanging_together(80, clusters=36, correlation=1.0, unequal=True)
    assert clustered.found <= 9 < clustered.mutant
    tails = cells.heavy_tails("log-normal", 360, 200)
    assert tails.found <= 20 < tails.mutant
    equivalent = cells.wrongly_equivalent(60, 100)
    assert equivalent.found <= 10 < equivalent.mutant


def test_smoke_a_gap_that_matters_is_not_called_small_where_perfection_is_far():
    low = cells.called_alike(40, qualities=(0.06, 0.04), trivial=0.01, examples=2000)
    assert low.found == 0 and low.mutant >= 38
    high = cells.called_alike(40, qualities=(0.90, 0.895), trivial=0.2, examples=2000)
    assert high.found == high.mutant  # the same margin, from the error


def test_smoke_every_look_with_a_stop_saves_trials():
    found = cells.looked(Cell(20, 2000, 0.3, accuracies=(0.92, 0.90)), 20, futility=True)
    assert found.winners_a >= 17 and found.winners_b == 0 and found.mean_seeds <= 12


def test_smoke_plans_with_upper_limits_are_strong():
    plans = cells.planned(Cell(5, 360, 0.3, accuracies=(0.91, 0.91)), 60, difference=0.02)
    assert plans.mean >= 0.85 and plans.weak <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize("examples", SIZES)
@pytest.mark.parametrize("accuracy", [0.98, 0.995])
def test_one_deterministic_contender_rarely_wins_or_loses(accuracy, examples):
    assert cells.few_errors(accuracy, examples, REPEATS).found <= LIMIT
    assert cells.few_errors_with_looks(accuracy, examples, REPEATS) <= LIMIT
    assert cells.few_errors_with_looks(accuracy, examples, REPEATS, looks="every") <= LIMIT


@pytest.mark.slow
def test_without_kappa_the_check_fails():
    assert cells.few_errors(0.995, 360, REPEATS).mutant > LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10])
def test_bounded_scores_at_the_ceiling_rarely_name_a_winner(seeds):
    assert cells.at_the_ceiling(60, seeds, REPEATS).found <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pareto", "log-normal"])
def test_skewed_losses_rarely_name_a_winner_and_the_plain_t_does(kind):
    count = cells.heavy_tails(kind, 360, REPEATS)
    assert count.found <= LIMIT < count.mutant


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clusters", "correlation", "unequal"),
    [(36, 0.5, False), (36, 1.0, True), (200, 0.5, False), (200, 1.0, False), (200, 1.0, True), (20, 1.0, True)],
)
def test_clusters_rarely_name_a_winner_and_their_examples_do(clusters, correlation, unequal):
    count = cells.hanging_together(REPEATS, clusters=clusters, correlation=correlation, unequal=unequal)
    assert count.found <= LIMIT < count.mutant


@pytest.mark.slow
@pytest.mark.parametrize("examples", SIZES)
def test_a_gap_of_the_margin_with_few_errors_is_rarely_called_equivalent(examples):
    assert cells.wrongly_equivalent(examples, REPEATS).found <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(("qualities", "trivial"), [((0.06, 0.055), 0.01), ((0.30, 0.275), 0.05)])
def test_a_gap_of_a_tenth_of_what_was_learnt_is_rarely_called_alike(qualities, trivial):
    count = cells.called_alike(REPEATS, qualities=qualities, trivial=trivial, examples=10_000)
    assert count.found <= LIMIT < count.mutant


@pytest.mark.slow
def test_two_and_a_half_points_are_found_on_360_examples():
    assert cells.looked_once(Cell(10, 360, 0.3, accuracies=(0.925, 0.90)), REPEATS) >= 560


@pytest.mark.slow
@pytest.mark.parametrize(("examples", "gap"), [(360, 0.0), (360, 0.01), (360, 0.02)])
def test_advice_that_is_followed_decides(examples, gap):
    found = cells.followed_advice(Cell(10, examples, 0.3, accuracies=(0.90 + gap, 0.90)), REPEATS)
    assert found.practical > 100 and found.decided >= 0.65 * found.practical


@pytest.mark.slow
@pytest.mark.parametrize("gap", [0.0, 0.01, 0.02])
def test_every_look_with_a_stop_uses_few_trials_and_names_few_false_winners(gap):
    found = cells.looked(Cell(20, 2000, 0.3, accuracies=(0.90 + gap, 0.90)), 200, futility=True)
    assert found.mean_seeds <= 12
    assert found.winners_b + (found.winners_a if gap == 0 else 0) <= 13


@pytest.mark.slow
@pytest.mark.parametrize("looks", [(12, 20, 40), (12, 24)])
def test_equal_families_at_looks_rarely_win(looks):
    assert cells.families_with_looks(REPEATS, looks=looks) <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("shares", cells.CLASS_SHARES)
@pytest.mark.parametrize("seeds", [5, 10])
def test_equals_rarely_win_by_macro_f1(shares, seeds):
    assert cells.macro_f1(shares, 360, REPEATS, seeds=seeds) <= LIMIT


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("handicap", [0.0, 0.06])
def test_races_of_equal_families_rarely_have_a_winner(handicap):
    assert cells.families_racing(REPEATS, handicap=handicap)[0] <= LIMIT


@pytest.mark.slow
def test_equals_on_360_examples_are_given_up_early():
    assert cells.looked(Cell(20, 360, 0.3), 200, futility=True).mean_seeds <= 11


@pytest.mark.slow
@pytest.mark.parametrize(("seed_sd", "examples", "seeds"), [(0.3, 360, 10), (1.0, 360, 20), (1.0, 1000, 20)])
def test_plans_from_upper_limits_have_power_and_plans_from_estimates_do_not(seed_sd, examples, seeds):
    pilot = Cell(5, examples, seed_sd, accuracies=(0.91, 0.91))
    upper = cells.planned(pilot, REPEATS, difference=0.02, seeds=seeds)
    assert upper.mean >= 0.85 and upper.weak <= 0.06
    assert cells.planned(pilot, REPEATS, difference=0.02, seeds=seeds, upper=False).weak > 0.06
