"""What must hold, on simulated bakeoffs of known truth: a smoke check of seconds, and the cells of 1,000 as slow tests.

The same cells with the same seeds are in docs/results/statistics.md, written by ``measure.py``.
"""

import itertools

import acceptance_cells as cells
import pytest
from acceptance_cells import LOOKS_2, LOOKS_3, Cell, equal

REPEATS = 1000
LIMIT = 67
GRID = list(itertools.product((360, 2000, 10000), (0.3, 1.0), (True, False)))
GAP = (0.92, 0.90)


def test_smoke_equal_contenders_rarely_win_and_the_mutant_does_not_pass():
    cell = Cell(10, 360)
    # 5 % of 200 is 10, with a standard deviation of 3; Welch on seeds makes about 70.
    assert cells.false_winners(cell, 200) <= 20
    assert cells.false_winners_of_welch(cell, 200) > 40


def test_smoke_equal_families_rarely_win_and_the_mutant_does_not_pass():
    assert cells.family_false_winners(60, examples=500) <= 8
    assert cells.family_false_winners_of_welch(60, examples=500) > 12


def test_smoke_gaps_are_found_and_equal_contenders_are_equivalent():
    assert cells.power(Cell(accuracies=GAP), 40).found >= 32
    assert cells.equivalences(Cell(10, 10000), 20).equivalent >= 18
    assert sum(cells.coverage(Cell(accuracies=GAP), 100)) >= 88


def test_three_seeds_never_name_a_winner():
    assert cells.zero_winners_with_three_seeds(100) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("examples", "seed_sd", "same"), GRID)
@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("contenders", [2, 3])
def test_equal_contenders_rarely_win(contenders, seeds, examples, seed_sd, same):
    assert cells.false_winners(Cell(seeds, examples, seed_sd, same, equal(contenders)), REPEATS) <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("same", [True, False])
def test_three_equal_contenders_rarely_differ_in_any_pair(seeds, same):
    assert cells.false_findings(Cell(seeds, 2000, 0.3, same, equal(3)), REPEATS)[1] <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(("examples", "seed_sd", "same"), GRID)
@pytest.mark.parametrize("looks", [LOOKS_2, LOOKS_3])
def test_declared_looks_rarely_name_a_winner_among_equals(looks, examples, seed_sd, same):
    cell = Cell(looks[-1], examples, seed_sd, same)
    # Of so many cells one or another leaves the bound by luck; four times as many bakeoffs tell luck from error.
    found = cells.false_winners_with_looks(cell, looks, REPEATS)
    assert found <= LIMIT or cells.false_winners_with_looks(cell, looks, 4 * REPEATS) <= 4 * LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_rows_paired_by_design_rarely_win(same):
    assert cells.false_winners(Cell(10, 2000, 0.3, same, split_sd=1.0), REPEATS, paired=True) <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trials", "m", "examples", "families"),
    [(20, 5, 2000, 2), (20, 5, 360, 2), (20, 5, 10000, 2), (12, 3, 2000, 2), (40, 10, 2000, 2), (20, 5, 2000, 3)],
)
def test_equal_families_rarely_win(trials, m, examples, families):
    found = cells.family_false_winners(REPEATS, trials=trials, m=m, examples=examples, families=families)
    assert found <= LIMIT


@pytest.mark.slow
def test_mutants_that_use_welch_on_seeds_fail_the_check():
    assert cells.false_winners_of_welch(Cell(10, 360), REPEATS) > LIMIT
    assert cells.family_false_winners_of_welch(REPEATS) > LIMIT


@pytest.mark.slow
def test_two_points_are_found_and_misses_on_a_small_test_set_say_so():
    assert cells.power(Cell(10, 2000, accuracies=GAP), 200).found >= 160
    for seed_sd in (0.3, 1.0):
        small = cells.power(Cell(10, 360, seed_sd, accuracies=GAP), 200)
        assert small.misses > 0 and small.misses_naming_test_set == small.misses


@pytest.mark.slow
@pytest.mark.parametrize(("examples", "seed_sd", "seeds"), list(itertools.product((2000, 10000), (0.3, 1.0), (5, 10))))
def test_a_gap_of_the_margin_is_rarely_called_equivalent(examples, seed_sd, seeds):
    found = cells.equivalences(Cell(seeds, examples, seed_sd, accuracies=(0.905, 0.895)), REPEATS)
    assert found.equivalent <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("examples", [2000, 10000])
def test_nobody_a_margin_behind_is_called_equivalent_to_the_best_of_three(examples):
    cell = Cell(10, examples, accuracies=(0.91, 0.90, 0.90))
    assert cells.equivalences(cell, REPEATS, wrong_with_best=True).equivalent <= LIMIT


@pytest.mark.slow
def test_no_gap_is_called_equivalent_on_a_large_test_set():
    assert cells.equivalences(Cell(10, 10000), 200).equivalent >= 180


@pytest.mark.slow
@pytest.mark.parametrize(
    ("examples", "seed_sd", "seeds"), list(itertools.product((360, 2000, 10000), (0.3, 1.0), (5, 10)))
)
def test_the_printed_interval_covers(examples, seed_sd, seeds):
    # 1,000 have a standard error of 0.7 %, too coarse for a band of 2 % in each of twelve cells.
    held = cells.coverage(Cell(seeds, examples, seed_sd, accuracies=GAP), 4 * REPEATS)
    assert 0.93 <= sum(held) / len(held) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    "accuracies", [equal(3), equal(5), (0.90, 0.90, 0.86), (0.90, 0.90, 0.88, 0.88, 0.84), (0.92, 0.91, 0.88)]
)
def test_races_name_few_false_winners_and_save_trials(accuracies):
    found = cells.race(Cell(20, 2000, accuracies=accuracies), LOOKS_3, REPEATS)
    assert found.false_winners <= LIMIT
    assert found.trials <= found.trials_of_looks
    if min(accuracies) < max(accuracies) - 0.03:
        assert found.trials < 0.8 * found.trials_fixed
