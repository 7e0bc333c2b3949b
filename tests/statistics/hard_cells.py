"""Acceptance of editions 2 and 3: each function is one cell, a count over simulated bakeoffs, beside its mutant.

The mutants are what the rules replaced: no kappa, no clusters, the plain t on heavy tails, each look at 5 %, a margin
from the error alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import hard_simulation as hard
import numpy as np
from acceptance_cells import Cell
from verdict_simulation import MARGIN, tuned_arms

from bakeoff.statistics import (
    EQUIVALENT,
    WINS_SMALL,
    Estimate,
    Options,
    Verdict,
    crossed_t,
    declare_looks,
    margin_from_validation,
    verdict_from_matrices,
)
from bakeoff.statistics.clusters import clusters_of
from bakeoff.statistics.components import components_of, upper_components
from bakeoff.statistics.family import family_verdict_from_matrices
from bakeoff.statistics.guards import Guard
from bakeoff.statistics.planning import examples_needed, power

Make = Callable[[np.random.Generator], hard.Scores]
NO_KAPPA = Guard(low=0.0, high=1.0, zero_decides=False)
PLAIN = Guard(zero_decides=False)
LOOKS = (5, 10, 20)
CLASS_SHARES = ((0.2,) * 5, (0.5, 0.25, 0.15, 0.07, 0.03))


def bakeoffs(make: Make, repeats: int, name: str) -> Iterator[hard.Scores]:
    """Independent bakeoffs, the same ones whenever asked for by the same name."""
    for repeat in range(repeats):
        yield make(np.random.default_rng([zlib.crc32(name.encode()), repeat]))


@dataclass(frozen=True)
class Count:
    """False winners under the rule, and under the mutant."""

    found: int
    mutant: int


def few_errors(accuracy: float, examples: int, repeats: int, *, seeds: int = 10) -> Count:
    """Winners among equals, one of them deterministic."""
    found = mutant = 0

    def make(rng: np.random.Generator) -> hard.Scores:
        return hard.one_deterministic(rng, accuracy=accuracy, examples=examples, seeds=seeds)

    for scores in bakeoffs(make, repeats, f"few errors {accuracy} {examples} {seeds}"):
        found += verdict_from_matrices(scores, options=Options(margin=MARGIN)).winner is not None
        mutant += crossed_t(scores["a"], scores["b"], guard=NO_KAPPA).p <= 0.05
    return Count(found, mutant)


def few_errors_with_looks(accuracy: float, examples: int, repeats: int, *, looks: object = LOOKS) -> int:
    """The same, stopped at the first declared look that names one."""

    def make(rng: np.random.Generator) -> hard.Scores:
        return hard.one_deterministic(rng, accuracy=accuracy, examples=examples, seeds=20)

    name = f"few errors at looks {accuracy} {examples}"
    return sum(until_decided(scores, looks)[0].winner is not None for scores in bakeoffs(make, repeats, name))


def at_the_ceiling(examples: int, seeds: int, repeats: int) -> Count:
    """Winners among equals whose bounded scores are nearly all 1."""
    found = mutant = 0

    def make(rng: np.random.Generator) -> hard.Scores:
        return hard.ceiling(rng, examples=examples, seeds=seeds)

    for scores in bakeoffs(make, repeats, f"ceiling {examples} {seeds}"):
        options = Options(margin=MARGIN, score_range=(0.0, 1.0))
        found += verdict_from_matrices(scores, options=options).winner is not None
        mutant += crossed_t(scores["a"], scores["b"], guard=NO_KAPPA).p <= 0.05
    return Count(found, mutant)


def heavy_tails(kind: str, examples: int, repeats: int) -> Count:
    """Winners among equals with losses of unlike tails (``pareto`` or ``log-normal``)."""
    found = mutant = 0
    losses = {"pareto": hard.pareto_losses, "log-normal": hard.log_normal_losses}[kind]
    options = Options(margin=MARGIN, direction="minimize")
    for scores in bakeoffs(lambda rng: losses(rng, examples=examples, seeds=10), repeats, f"{kind} {examples}"):
        found += verdict_from_matrices(scores, options=options).winner is not None
        mutant += crossed_t(scores["a"], scores["b"], guard=PLAIN).p <= 0.05
    return Count(found, mutant)


def hanging_together(repeats: int, *, clusters: int, correlation: float, unequal: bool, size: int = 10) -> Count:
    """Winners among equals on clusters of examples, and where the clusters are not told."""
    found = mutant = 0
    for repeat in range(repeats):
        rng = np.random.default_rng([clusters, int(100 * correlation), unequal, size, repeat])
        labels_N = np.repeat(np.arange(clusters), size)
        if unequal:
            labels_N = hard.unequal_clusters(rng, clusters=clusters, mean_size=size)
        scores = hard.clustered(rng, cluster_N=labels_N, correlation=correlation, seeds=10)
        options = Options(margin=MARGIN)
        found += verdict_from_matrices(scores, options=options, clusters=clusters_of(labels_N)).winner is not None
        mutant += verdict_from_matrices(scores, options=options).winner is not None
    return Count(found, mutant)


def wrongly_equivalent(examples: int, repeats: int) -> Count:
    """EQUIVALENT although the gap is the margin: 99.9 against 98.9 %, both deterministic."""
    found = mutant = 0

    def make(rng: np.random.Generator) -> hard.Scores:
        return hard.both_deterministic(rng, accuracies=(0.999, 0.989), examples=examples, seeds=10)

    for scores in bakeoffs(make, repeats, f"equivalent {examples}"):
        found += verdict_from_matrices(scores, options=Options(margin=MARGIN)).verdict == EQUIVALENT
        mutant += crossed_t(scores["a"], scores["b"]).p_equivalent(MARGIN) <= 0.05
    return Count(found, mutant)


def called_alike(repeats: int, *, qualities: tuple[float, float], trivial: float, examples: int) -> Count:
    """EQUIVALENT or WINS_SMALL, "the gap does not matter": by the margin, and by one from the error alone."""
    found = mutant = 0
    values = {name: [quality] * 10 for name, quality in zip("ab", qualities, strict=True)}
    sizes = {"perfect": 1.0, "right_or_wrong": True, "num_validation": examples, "num_test": examples}
    by_gain, by_error = (
        Options(margin=margin_from_validation(values, trivial=trivial, by_gain=by_gain, **sizes).value)
        for by_gain in (True, False)
    )
    for scores in Cell(10, examples, 0.3, accuracies=qualities).bakeoffs(repeats, purpose="called alike"):
        alike = [
            verdict_from_matrices(scores, options=options).verdict in (EQUIVALENT, WINS_SMALL)
            for options in (by_gain, by_error)
        ]
        found += alike[0]
        mutant += alike[1]
    return Count(found, mutant)


def until_decided(scores: hard.Scores, looks: object, *, futility: bool = False) -> tuple[Verdict, int]:
    """Verdict of the look that decides, gives up or is the last, and its number of seeds."""
    declared = declare_looks(looks, by_information=True)
    options = Options(margin=MARGIN, looks=declared, futility=futility)
    verdict = None
    for seeds in declared.seeds:
        verdict = verdict_from_matrices({name: rows[:seeds] for name, rows in scores.items()}, options=options)
        if verdict.decided or verdict.futile:
            break
    assert verdict is not None
    return verdict, verdict.contenders[0].num_seeds


@dataclass(frozen=True)
class Looked:
    """Outcomes of bakeoffs that are read at every look, beside those of a fixed 20 seeds."""

    winners_a: int
    winners_b: int
    decided: int
    mean_seeds: float
    fixed_winners_a: int
    fixed_decided: int


def looked(cell: Cell, repeats: int, *, looks: object = "every", futility: bool = False) -> Looked:
    """How bakeoffs end that are read at the declared looks."""
    ends, fixed = [], []
    for scores in cell.bakeoffs(repeats, purpose="every look"):
        ends.append(until_decided(scores, looks, futility=futility))
        fixed.append(verdict_from_matrices(scores, options=Options(margin=MARGIN)))
    return Looked(
        winners_a=sum(verdict.winner == "a" for verdict, _ in ends),
        winners_b=sum(verdict.winner == "b" for verdict, _ in ends),
        decided=sum(verdict.decided for verdict, _ in ends),
        mean_seeds=float(np.mean([seeds for _, seeds in ends])),
        fixed_winners_a=sum(verdict.winner == "a" for verdict in fixed),
        fixed_decided=sum(verdict.decided for verdict in fixed),
    )


@dataclass(frozen=True)
class Followed:
    """Undecided bakeoffs, those whose advice was practical, and those that a new bakeoff of that size decided."""

    undecided: int
    practical: int
    decided: int


def followed_advice(cell: Cell, repeats: int, *, most_examples: int = 40_000) -> Followed:
    """What becomes of undecided bakeoffs when their advice is followed by a new bakeoff."""
    undecided = practical = decided = 0
    for repeat, scores in enumerate(cell.bakeoffs(repeats, purpose="advice")):
        verdict = verdict_from_matrices(scores, options=Options(margin=MARGIN))
        if verdict.decided:
            continue
        undecided += 1
        seeds, examples = verdict.advice.seeds or cell.seeds, verdict.advice.examples or cell.examples
        if not verdict.advice.practical or seeds * examples > most_examples * 20:
            continue
        practical += 1
        again = Cell(seeds, examples, cell.seed_sd, accuracies=cell.accuracies)
        fresh = next(again.bakeoffs(1, purpose=f"follow {repeat}"))
        decided += verdict_from_matrices(fresh, options=Options(margin=MARGIN)).decided
    return Followed(undecided, practical, decided)


@dataclass(frozen=True)
class Planned:
    """True power of plans made from pilots: its mean, and the share of plans under 0.70."""

    mean: float
    weak: float


def planned(cell: Cell, repeats: int, *, difference: float, seeds: int = 10, upper: bool = True) -> Planned:
    """Power of the test sets that pilots of this cell ask for, under the true components.

    Args:
        cell: the pilot.
        repeats: pilots.
        difference: to be found.
        seeds: of the bakeoff that is planned.
        upper: plan with upper limits; False is the mutant, which takes the estimates for the truth.
    """
    truth = components_of(_estimate(Cell(100, 20_000, cell.seed_sd, accuracies=cell.accuracies), 0), kappa=1.0)
    powers = []
    for repeat in range(repeats):
        pilot = _estimate(cell, repeat + 1)
        found = upper_components(pilot, kappa=1.0) if upper else components_of(pilot, kappa=1.0)
        examples = examples_needed(found, difference, seeds=seeds, level=0.05)
        if examples is None:  # no number of examples is enough at so many seeds: the plan asks for more seeds
            continue
        powers.append(power(truth, difference, seeds=seeds, examples=examples, level=0.05))
    return Planned(float(np.mean(powers)), float(np.mean(np.array(powers) < 0.7)))


def _estimate(cell: Cell, repeat: int) -> Estimate:
    scores = next(cell.bakeoffs(1, purpose=f"pilot {repeat}"))
    return crossed_t(scores["a"], scores["b"], guard=Guard(low=0.0, high=1.0))


def looked_once(cell: Cell, repeats: int) -> int:
    """How often the truly better contender ("a") is found by one test."""
    verdicts = [
        verdict_from_matrices(scores, options=Options(margin=MARGIN))
        for scores in cell.bakeoffs(repeats, purpose="power of the second edition")
    ]
    return sum(verdict.winner == "a" for verdict in verdicts)


def macro_f1(shares: tuple[float, ...], examples: int, repeats: int, *, seeds: int) -> int:
    """Winners among equal but different contenders by macro-F1, whose pseudo-values have no bounds."""

    def make(rng: np.random.Generator) -> hard.Scores:
        return hard.macro_f1_values(rng, shares=shares, examples=examples, seeds=seeds)

    found = bakeoffs(make, repeats, f"macro f1 {shares} {examples} {seeds}")
    options = Options(margin=MARGIN, bounded_influence=True)
    return sum(verdict_from_matrices(scores, options=options).winner is not None for scores in found)


def families_with_looks(repeats: int, *, looks: tuple[int, ...] = (12, 20, 40), m: int = 3) -> int:
    """Equal families, tuned independently and read at declared numbers of trials, that get a winner."""
    options = Options(margin=MARGIN, looks=declare_looks(looks, by_information=True))
    count = 0
    for repeat in range(repeats):
        arms = tuned_arms(np.random.default_rng([*looks, m, repeat]), families=2, trials=looks[-1], examples=2000)
        for trials in looks:
            some = {name: (test[:trials], found[:trials]) for name, (test, found) in zip("ab", arms, strict=True)}
            verdict = family_verdict_from_matrices(some, options=options, m=m)
            if verdict.decided:
                count += verdict.winner is not None
                break
    return count


def families_racing(
    repeats: int, *, handicap: float, looks: tuple[int, ...] = (12, 20, 40), m: int = 3
) -> tuple[int, float]:
    """Races of three families, the third of which errs on so many further examples: false winners, trials saved.

    With no handicap all three are equal; with one, a winner is false too, since the other two are.
    """
    options, winners, saved = Options(margin=MARGIN, looks=declare_looks(looks, by_information=True)), 0, 0.0
    for repeat in range(repeats):
        rng = np.random.default_rng([*looks, m, round(100 * handicap), repeat])
        arms = dict(zip("abc", tuned_arms(rng, families=3, trials=looks[-1], examples=2000), strict=True))
        arms["c"][0][:, rng.random(2000) < handicap] = 0.0
        verdict, run = None, dict.fromkeys(arms, 0)
        for trials in looks:
            racing = verdict.racing if verdict else tuple(arms)
            some = {name: (arms[name][0][:trials], arms[name][1][:trials]) for name in racing}
            verdict = family_verdict_from_matrices(some, options=options, m=m, racing=True, previous=verdict)
            run |= dict.fromkeys(racing, trials)
            if not verdict.racing:
                break
        winners += verdict.winner is not None
        saved += 1 - sum(run.values()) / (3 * looks[-1])
    return winners, saved / repeats
