"""What would settle this verdict, with a chance of 80 % (rule 26, which replaces the half-widths of rule 18).

Of the true difference this bakeoff knows ``d ~ N(d_hat, V)``. A new one with S' seeds and N' examples finds
``d' ~ N(d_hat, V + V')``, and settles the pair where d' is beyond the critical value of V' (a win, of either) or so
close to zero that its interval is inside the margin. The advice is the smallest S' at which that has a chance of 80 %;
where seeds alone do not reach it, the smallest N'; where neither does, both by the same factor. Over 20 times what was
run is called not practical, with the smallest difference that these data can show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bakeoff.statistics.advice import Advice
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.components import Components, components_of
from bakeoff.statistics.distributions import ndtr, stdtrit
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.guards import KAPPA_STRICT

CHANCE = 0.8
PRACTICAL = 20


@dataclass(frozen=True)
class Question:
    """An undecided pair and the rules under which it is to be settled.

    Attributes:
        a: the leader.
        b: the other one.
        estimate: their difference.
        level: two-sided level of its test.
        equivalence_level: one-sided level of its test of equivalence.
        margin: smallest difference that matters; None if none was fixed.
        runs: what a row of scores is, ``seeds`` or ``trials``.
        units: what a column is, ``test examples`` or a kind of cluster.
        going_on: further looks are to come.
    """

    a: str
    b: str
    estimate: Estimate
    level: float
    equivalence_level: float
    margin: float | None
    runs: str = "seeds"
    units: str = "test examples"
    going_on: bool = False

    @property
    def components(self) -> Components:
        """Variance components under the guard of its test."""
        unit = self.estimate.guard_unit
        return components_of(self.estimate, kappa=self.estimate.guard / unit if unit else 0.0)


def assured_advice(question: Question, amounts: Amounts) -> Advice:
    """The smallest S' or N' that settles the pair with a chance of 80 %."""
    a, b, estimate = question.a, question.b, question.estimate
    if estimate.num_examples == 1:
        return Advice("One test example cannot say anything about others; score more.", "examples", a=a, b=b)
    if not math.isfinite(estimate.variance):
        text = f"The differences of {a} and {b} do not vary at all; check that the runs really differ."
        return Advice(text, a=a, b=b)
    seeds, examples = estimate.num_seeds, estimate.num_examples
    more_seeds = _steps(seeds)
    more_examples = _steps(examples)
    enough = chances(question, more_seeds, np.full(len(more_seeds), examples)) >= CHANCE
    if enough.any():
        return _of_seeds(question, int(more_seeds[enough.argmax()]))
    enough = chances(question, np.full(len(more_examples), seeds), more_examples) >= CHANCE
    if enough.any():
        return _of_examples(question, int(more_examples[enough.argmax()]))
    factors = np.geomspace(1, PRACTICAL, 200)
    both = np.ceil(factors * seeds), np.ceil(factors * examples)
    enough = chances(question, *both) >= CHANCE
    if enough.any():
        return _of_both(question, *(int(count[enough.argmax()]) for count in both))
    return _not_practical(question, amounts)


def chances(question: Question, seeds: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Chance that a new bakeoff of such sizes settles the pair."""
    components = question.components
    now = question.estimate.variance
    then = components.variance(seeds, examples)
    wins_at = _quantile(components, seeds, examples, question.level) * np.sqrt(then)
    guarded = components.with_kappa(KAPPA_STRICT) if components.span else components
    error = np.sqrt(guarded.variance(seeds, examples))
    reach = _quantile(guarded, seeds, examples, 2 * question.equivalence_level) * error
    room = -reach if question.margin is None else question.margin - reach
    sd = np.sqrt(now + then)
    difference = question.estimate.difference

    def below(bound: np.ndarray) -> np.ndarray:
        return ndtr((bound - difference) / sd)

    equivalent = np.where(room > 0, below(room) - below(-room), 0.0)
    return np.where(room >= wins_at, 1.0, below(-wins_at) + 1 - below(wins_at) + equivalent)


def smallest_difference(
    components: Components, *, seeds: float, examples: float, level: float, chance: float = CHANCE
) -> float:
    """The true difference that a bakeoff of this size finds with that chance."""
    error = math.sqrt(float(components.variance(seeds, examples)))
    df = float(components.df(seeds, examples))
    return float(stdtrit(df, 1 - level / 2) + stdtrit(df, chance)) * error


def _quantile(components: Components, seeds: np.ndarray, examples: np.ndarray, level: float) -> np.ndarray:
    return stdtrit(components.df(seeds, examples), 1 - level / 2)


def _steps(count: int) -> np.ndarray:
    """Counts from one more up to 20 times as many, at most 2 % apart."""
    last = PRACTICAL * count
    return np.unique(np.ceil(np.geomspace(count + 1, last, 400))) if last > 400 else np.arange(count + 1, last + 1)


def _of_seeds(question: Question, seeds: int) -> Advice:
    now = f"(now {question.estimate.num_seeds:,})"
    text = f"About {seeds:,} {question.runs} per contender {now} would settle {_pair(question)}{_fresh(question)}"
    return Advice(text, "seeds", seeds=seeds, a=question.a, b=question.b, practical=True)


def _of_examples(question: Question, examples: int) -> Advice:
    text = (
        f"The test set is the limit: more {question.runs} cannot settle this; about {examples:,} {question.units} "
        f"(now {question.estimate.num_examples:,}) would settle {_pair(question)}{_fresh(question)}"
    )
    return Advice(text, "examples", examples=examples, a=question.a, b=question.b, practical=True)


def _of_both(question: Question, seeds: int, examples: int) -> Advice:
    text = (
        f"The test set is the limit, and the {question.runs} too: about {examples:,} {question.units} (now "
        f"{question.estimate.num_examples:,}) and {seeds:,} {question.runs} (now {question.estimate.num_seeds:,}) "
        f"would settle {_pair(question)}{_fresh(question)}"
    )
    return Advice(text, "both", seeds=seeds, examples=examples, a=question.a, b=question.b, practical=True)


def _not_practical(question: Question, amounts: Amounts) -> Advice:
    estimate, components = question.estimate, question.components
    shown = smallest_difference(
        components, seeds=estimate.num_seeds, examples=estimate.num_examples, level=question.level
    )
    endless = float(components.variance(1e9, estimate.num_examples)) > 0.5 * estimate.variance
    text = (
        f"Not practical: settling {question.a} against {question.b} would take more than {PRACTICAL} times the "
        f"{question.runs} and {question.units} that were run. The smallest difference that these can show is about "
        f"{amounts.size(shown)}."
    )
    limit = "examples" if endless else "both"
    return Advice(text, limit, a=question.a, b=question.b, practical=False, smallest_difference=shown)


def _pair(question: Question) -> str:
    return f"{question.a} against {question.b} with a chance of {CHANCE:.0%}".replace("%", " %")


def _fresh(question: Question) -> str:
    """Seeds added to a bakeoff that was read already would break its error rate (rule 27)."""
    return "." if question.going_on else ", in a new bakeoff with fresh seeds (and examples, where there are more)."
