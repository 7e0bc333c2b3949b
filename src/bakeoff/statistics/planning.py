"""How many seeds and test examples a difference takes, before or after a pilot (rule 32).

A pilot of 5 seeds and 360 test examples is enough if one plans with upper 80 % limits of its variance components; with
the estimates themselves every fourth plan has a power under 0.70. Without a pilot, two guesses of accuracy have to do:
then two contenders are taken to disagree on half of the errors that they make together, and 70 % of that to change
with the seed, as architectures of equal size did in bakeoff's simulations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.assurance import CHANCE, smallest_difference
from bakeoff.statistics.components import Components
from bakeoff.statistics.distributions import stdtr, stdtrit
from bakeoff.statistics.guards import KAPPA_SINGLE, KAPPA_STRICT, SINGLE_TEST_LEVEL

SEEDS = (5, 10, 20, 40)
DISAGREEMENT_SHARE, CHURN_SHARE, SEED_SD = 0.5, 0.7, 0.005
MOST_EXAMPLES = 10**8


@dataclass(frozen=True)
class PlanRow:
    """One size of a bakeoff.

    Attributes:
        seeds: per contender.
        examples: test examples (or clusters) that the difference takes; None where seeds alone vary too much.
        minutes: of training at one trial after the other; None if unknown.
        shows: smallest difference that this number of seeds shows on the test set at hand; None without one.
    """

    seeds: int
    examples: int | None
    minutes: float | None
    shows: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def strictest_level(num_contenders: int, alpha: float = 0.05) -> float:
    """The strictest level at which a pair may be tested."""
    return alpha / (num_contenders * (num_contenders - 1) // 2)


def kappa_at(level: float) -> float:
    """The guard's kappa of a test at this level."""
    return KAPPA_SINGLE if level >= SINGLE_TEST_LEVEL else KAPPA_STRICT


def guessed_components(
    accuracy_a: float, accuracy_b: float, *, seed_sd: float = SEED_SD, disagreement: float | None = None
) -> Components:
    """Variance components of right-or-wrong scores, from two guesses of accuracy.

    Args:
        accuracy_a: expected share of right answers.
        accuracy_b: of the other.
        seed_sd: how much accuracy moves with the seed beyond single answers, as a share (0.005: half a point).
        disagreement: share of the examples on which one run of each gives another answer; half of their errors if None.
    """
    gap, errors = abs(accuracy_a - accuracy_b), 2 - accuracy_a - accuracy_b
    apart = max(DISAGREEMENT_SHARE * errors if disagreement is None else disagreement, gap)
    whole = apart - gap**2
    return Components(
        seed=2 * seed_sd**2,
        residual=CHURN_SHARE * whole,
        example=(1 - CHURN_SHARE) * whole,
        span=1.0,
    )


def power(components: Components, difference: float, *, seeds: Any, examples: Any, level: float) -> Any:
    """Chance that a true difference is found; numbers or arrays."""
    error = np.sqrt(components.variance(seeds, examples))
    df = components.df(seeds, examples)
    return stdtr(df, abs(difference) / error - stdtrit(df, 1 - level / 2))


def examples_needed(
    components: Components, difference: float, *, seeds: int, level: float, chance: float = CHANCE
) -> int | None:
    """The fewest test examples on which so many seeds find the difference with that chance; None if none do."""

    def enough(examples: int) -> bool:
        return bool(power(components, difference, seeds=seeds, examples=examples, level=level) >= chance)

    if not enough(MOST_EXAMPLES):
        return None
    low, high = 1, MOST_EXAMPLES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def plan_rows(
    components: Components,
    *,
    num_contenders: int = 2,
    difference: float | None = None,
    num_examples: int | None = None,
    seeds: Sequence[int] = SEEDS,
    seconds_per_trial: float | None = None,
    alpha: float = 0.05,
) -> list[PlanRow]:
    """What bakeoffs of several sizes can show, and cost.

    Args:
        components: of the two contenders that are hardest to tell apart; upper limits where they come from a pilot.
        num_contenders: contenders, whose pairs share alpha.
        difference: true difference to be found, score units; None asks only what can be shown.
        num_examples: test examples at hand; None if there is no test set yet.
        seeds: numbers of seeds to go through.
        seconds_per_trial: training time of one trial.
        alpha: error rate of the verdict.
    """
    level = strictest_level(num_contenders, alpha)
    guarded = components.with_kappa(kappa_at(level))
    return [
        PlanRow(
            seeds=count,
            examples=None if difference is None else examples_needed(guarded, difference, seeds=count, level=level),
            minutes=None if seconds_per_trial is None else num_contenders * count * seconds_per_trial / 60,
            shows=None
            if num_examples is None
            else smallest_difference(guarded, seeds=count, examples=num_examples, level=level),
        )
        for count in seeds
    ]


def can_show(
    *, seeds: int, num_examples: int, num_contenders: int, accuracy: float = 0.9, alpha: float = 0.05
) -> float:
    """The smallest difference of accuracy that a bakeoff of this size shows, at about that accuracy."""
    (row,) = plan_rows(
        guessed_components(accuracy, accuracy),
        num_contenders=num_contenders,
        num_examples=num_examples,
        seeds=[seeds],
        alpha=alpha,
    )
    assert row.shows is not None
    return row.shows


def can_show_sentence(
    *, seeds: int, num_examples: int, num_contenders: int, accuracy: float = 0.9, alpha: float = 0.05
) -> str:
    """The same for the line before a bakeoff starts."""
    shown = can_show(
        seeds=seeds, num_examples=num_examples, num_contenders=num_contenders, accuracy=accuracy, alpha=alpha
    )
    size = Amounts(points=True).size(shown)
    return f"this bakeoff can show differences of about {size} or more, if accuracy is about {100 * accuracy:.0f} %"
