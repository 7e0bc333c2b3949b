"""The measurements behind "What must hold": each function is one cell, a count over simulated bakeoffs.

Everything goes through the code that users call (``verdict_from_matrices``, ``family_verdict_from_matrices`` and, for
races, the same function look by look); only the data is simulated.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_ind
from verdict_simulation import (
    ACCURACY,
    CHURN,
    MARGIN,
    OWN,
    SHARED,
    answers,
    latent_mean,
    latent_seed_sd,
    scores,
    tuned_arms,
)

from bakeoff.statistics import EQUIVALENT, WINS_SMALL, Options, crossed_t, declare_looks, verdict_from_matrices
from bakeoff.statistics.family import family_verdict_from_matrices
from bakeoff.statistics.verdicts import Verdict

LOOKS_2, LOOKS_3 = (5, 10), (5, 10, 20)


@dataclass(frozen=True)
class Cell:
    """One simulated situation."""

    seeds: int = 10
    examples: int = 2000
    seed_sd: float = 0.3
    same: bool = False
    accuracies: tuple[float, ...] = (ACCURACY, ACCURACY)
    split_sd: float = 0.0

    def bakeoffs(self, repeats: int, *, purpose: str) -> Iterator[dict[str, np.ndarray]]:
        """Independent bakeoffs, the same ones whenever asked for with the same purpose."""
        for repeat in range(repeats):
            rng = np.random.default_rng([zlib.crc32(f"{purpose} {self}".encode()), repeat])
            yield scores(
                rng,
                seeds=self.seeds,
                examples=self.examples,
                seed_sd=self.seed_sd,
                same=self.same,
                accuracies=self.accuracies,
                split_sd=self.split_sd,
            )


def equal(contenders: int) -> tuple[float, ...]:
    """Equal accuracies."""
    return (ACCURACY,) * contenders


def false_winners(cell: Cell, repeats: int, *, paired: bool = False) -> int:
    """Bakeoffs of equal contenders that name a winner."""
    return false_findings(cell, repeats, paired=paired)[0]


def false_findings(cell: Cell, repeats: int, *, paired: bool = False) -> tuple[int, int]:
    """Bakeoffs of equal contenders that name a winner, and those that say of any two that they differ."""
    options = Options(margin=MARGIN)
    verdicts = [
        verdict_from_matrices(found, options=options, paired=paired)
        for found in cell.bakeoffs(repeats, purpose="false winners")
    ]
    differing = sum(any(pair.significant for pair in verdict.pairs) for verdict in verdicts)
    return sum(verdict.winner is not None for verdict in verdicts), differing


def false_winners_of_welch(cell: Cell, repeats: int) -> int:
    """The mutant: Welch's t on the seed means, which takes the test set for the whole world."""
    return sum(welch_p(found["a"], found["b"]) <= 0.05 for found in cell.bakeoffs(repeats, purpose="false winners"))


def welch_p(a_SN: np.ndarray, b_SN: np.ndarray) -> float:
    """p of Welch's t on the seed means."""
    return float(ttest_ind(a_SN.mean(axis=1), b_SN.mean(axis=1), equal_var=False).pvalue)


def run_looks(found: dict[str, np.ndarray], looks: tuple[int, ...], *, racing: bool) -> tuple[Verdict, int]:
    """Verdict of the look that decides (or the last), and the trials that it took."""
    options = Options(margin=MARGIN, looks=declare_looks(looks, by_information=True))
    verdict: Verdict | None = None
    going, trials, before = tuple(found), 0, 0
    for seeds in looks:
        trials += len(going) * (seeds - before)
        rows = {name: found[name][:seeds] for name in going}
        verdict = verdict_from_matrices(rows, options=options, racing=racing, previous=verdict if racing else None)
        if verdict.decided:
            break
        going, before = verdict.racing, seeds
    assert verdict is not None
    return verdict, trials


def false_winners_with_looks(cell: Cell, looks: tuple[int, ...], repeats: int, *, racing: bool = False) -> int:
    """Bakeoffs read at every declared look that name a winner which is not the one best contender."""
    best = max(cell.accuracies)
    true_winner = "abcdefgh"[cell.accuracies.index(best)] if cell.accuracies.count(best) == 1 else None
    winners = [
        run_looks(found, looks, racing=racing)[0].winner for found in cell.bakeoffs(repeats, purpose=f"looks {racing}")
    ]
    return sum(winner is not None and winner != true_winner for winner in winners)


def false_winners_looking_at_5_percent(cell: Cell, looks: tuple[int, ...], repeats: int) -> int:
    """What undeclared looks do: every look at the full 5 %."""
    options = Options(margin=MARGIN)
    return sum(
        any(verdict_from_matrices({k: v[:s] for k, v in found.items()}, options=options).winner for s in looks)
        for found in cell.bakeoffs(repeats, purpose="looks False")
    )


@dataclass(frozen=True)
class Race:
    """Outcome of races against the same bakeoffs with all contenders to the last look."""

    wins: int
    wins_of_looks: int
    wins_fixed: int
    false_winners: int
    trials: float
    trials_of_looks: float
    trials_fixed: int


def race(cell: Cell, looks: tuple[int, ...], repeats: int) -> Race:
    """Races: true winners found, false ones, and mean trials with racing, with looks only, and without either."""
    best = max(cell.accuracies)
    unique = "abcdefgh"[cell.accuracies.index(best)] if cell.accuracies.count(best) == 1 else None
    raced, looked, fixed_wins = [], [], 0
    options = Options(margin=MARGIN)
    for found in cell.bakeoffs(repeats, purpose="race"):
        raced.append(run_looks(found, looks, racing=True))
        looked.append(run_looks(found, looks, racing=False))
        fixed_wins += verdict_from_matrices(found, options=options).winner == unique if unique else 0
    winners = [verdict.winner for verdict, _ in raced if verdict.winner is not None]
    return Race(
        wins=sum(winner == unique for winner in winners),
        wins_of_looks=sum(verdict.winner == unique for verdict, _ in looked if verdict.winner is not None),
        wins_fixed=fixed_wins,
        false_winners=sum(winner != unique for winner in winners),
        trials=float(np.mean([trials for _, trials in raced])),
        trials_of_looks=float(np.mean([trials for _, trials in looked])),
        trials_fixed=len(cell.accuracies) * looks[-1],
    )


def family_false_winners(repeats: int, *, trials: int = 20, m: int = 5, examples: int = 2000, families: int = 2) -> int:
    """Equal families, each tuned by its own random search, that get a winner."""
    count = 0
    for repeat in range(repeats):
        rng = np.random.default_rng([trials, m, examples, families, repeat])
        arms = tuned_arms(rng, families=families, trials=trials, examples=examples)
        verdict = family_verdict_from_matrices(
            dict(zip("abcd", arms, strict=False)), options=Options(margin=MARGIN), m=m
        )
        count += verdict.winner is not None
    return count


def family_false_winners_of_welch(
    repeats: int, *, trials: int = 20, examples: int = 2000, fresh_seeds: int = 10
) -> int:
    """The mutant: one search each, then Welch's t on fresh seeds of the two best configurations."""
    count = 0
    for repeat in range(repeats):
        rng = np.random.default_rng([trials, examples, fresh_seeds, repeat])
        shared_N = SHARED * rng.standard_normal(examples)
        chosen = []
        for _ in range(2):
            own_N = OWN * rng.standard_normal(examples)
            configuration, broken = rng.uniform(-1, 1, trials), rng.random(trials) < 0.1
            quality_T = latent_mean(0.92) - 0.35 * configuration**2 - 1.2 * broken
            seed_T = latent_seed_sd(0.5) * rng.standard_normal(trials)
            validation_T = answers(rng, quality_T + seed_T, rng.standard_normal(1000) * np.sqrt(1 - CHURN**2)).mean(
                axis=1
            )
            fresh = quality_T[validation_T.argmax()] + latent_seed_sd(0.5) * rng.standard_normal(fresh_seeds)
            chosen.append(answers(rng, fresh, shared_N + own_N))
        count += welch_p(*chosen) <= 0.05
    return count


@dataclass(frozen=True)
class Power:
    """Winners found among bakeoffs with a true gap, and misses whose advice names the test set."""

    found: int
    wrong: int
    misses: int
    misses_naming_test_set: int


def power(cell: Cell, repeats: int) -> Power:
    """How often the truly better contender ("a") is found."""
    verdicts = [
        verdict_from_matrices(found, options=Options(margin=MARGIN))
        for found in cell.bakeoffs(repeats, purpose="power")
    ]
    misses = [verdict for verdict in verdicts if verdict.winner is None]
    named = sum(verdict.advice.limit in ("examples", "both") for verdict in misses)
    return Power(
        found=sum(verdict.winner == "a" for verdict in verdicts),
        wrong=sum(verdict.winner == "b" for verdict in verdicts),
        misses=len(misses),
        misses_naming_test_set=named,
    )


@dataclass(frozen=True)
class Equivalences:
    """Verdicts that say the gap is below the margin."""

    equivalent: int
    wins_small: int


def equivalences(cell: Cell, repeats: int, *, wrong_with_best: bool = False) -> Equivalences:
    """How often the verdict is EQUIVALENT (``wrong_with_best``: only if it puts another one beside the best, "a")."""
    verdicts = [
        verdict_from_matrices(found, options=Options(margin=MARGIN))
        for found in cell.bakeoffs(repeats, purpose="equivalence")
    ]
    counted = [v for v in verdicts if v.verdict == EQUIVALENT and (not wrong_with_best or "a" in v.equivalent)]
    return Equivalences(len(counted), sum(verdict.verdict == WINS_SMALL for verdict in verdicts))


def coverage(cell: Cell, repeats: int) -> list[bool]:
    """Whether each 95 % interval holds the true difference of the first two contenders."""
    true = cell.accuracies[0] - cell.accuracies[1]
    intervals = [crossed_t(f["a"], f["b"]).interval(0.05) for f in cell.bakeoffs(repeats, purpose="coverage")]
    return [low <= true <= high for low, high in intervals]


def zero_winners_with_three_seeds(repeats: int) -> int:
    """Winners named on 3 seeds, with a gap of 8 points that no one could miss."""
    cell = Cell(seeds=3, accuracies=(0.96, 0.88))
    return sum(
        verdict_from_matrices(found, options=Options(margin=MARGIN)).winner is not None
        for found in cell.bakeoffs(repeats, purpose="three seeds")
    )
