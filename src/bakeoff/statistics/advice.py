"""What would change this verdict: more seeds, more test examples, or neither, as the first edition said it (rule 18).

The second edition's advice is in ``assurance``; this one derives the figures of older bakeoffs again.

The variance of a difference at S' seeds and N' examples is predicted as ``s2_seed / S' + s2_ex N / N'`` with
``s2_seed = S v_seeds`` and ``s2_ex = max(vex - c, 0)``; the predicted half-width of its interval is twice the root
(more where the pair is tested at a stricter level). The target is min(|d|, margin). Below the margin there is a second
way to settle: being shown equivalent, which asks for a 90 % half-width of margin - |d|; the easier of the two counts,
because the first alone asks for endless seeds where the difference is near zero.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from bakeoff.statistics.distributions import ndtri
from bakeoff.statistics.estimates import Estimate


@dataclass(frozen=True)
class Advice:
    """What to do next.

    Attributes:
        text: the advice in words.
        limit: what holds the verdict back: ``seeds``, ``examples``, ``both``, or None if nothing does or nothing can
            help.
        seeds: seeds (trials for a family claim) that it takes in all; None if their number is not the point.
        examples: test examples that it takes in all; None if their number is not the point.
        a: the pair that holds the verdict back.
        b: its other contender.
        practical: whether it takes at most 20 times what was run; None where there is nothing to run.
        smallest_difference: what these data can show with a chance of 80 %, where settling it is not practical.
    """

    text: str
    limit: str | None = None
    seeds: int | None = None
    examples: int | None = None
    a: str | None = None
    b: str | None = None
    practical: bool | None = None
    smallest_difference: float | None = None

    def to_dict(self) -> dict:
        """Plain JSON."""
        return asdict(self)


def advise(
    estimate: Estimate,
    *,
    a: str,
    b: str,
    level: float,
    equivalence_level: float,
    margin: float | None,
    unit: str = "seeds",
) -> Advice:
    """How many seeds or test examples would settle an undecided pair.

    Args:
        estimate: difference of ``a`` and ``b`` with its variance split.
        a: the leader of the pair.
        b: the other one.
        level: two-sided level at which the pair is tested.
        equivalence_level: one-sided level of its equivalence test.
        margin: smallest difference that matters; None if none was fixed.
        unit: what a row of scores is, ``seeds`` or ``trials``.
    """
    num_seeds, num_examples = estimate.num_seeds, estimate.num_examples
    if num_examples == 1:
        return Advice("One test example cannot say anything about others; score more.", "examples", a=a, b=b)
    allowed = _allowed_variance(estimate.difference, level, equivalence_level, margin)
    if allowed == 0:
        text = (
            f"{a} and {b} score the same; with a margin (the smallest difference that matters) they may be equivalent."
        )
        return Advice(text, a=a, b=b)
    s2_seed, s2_ex = num_seeds * estimate.v_seeds, max(estimate.vex - estimate.c, 0.0)
    if s2_ex < allowed:
        seeds = max(math.ceil(s2_seed / (allowed - s2_ex)), num_seeds + 1)
        text = f"About {seeds:,} {unit} per contender (now {num_seeds:,}) would settle {a} against {b}."
        return Advice(text, "seeds", seeds=seeds, a=a, b=b)
    seed_share = min(s2_seed / num_seeds, allowed / 2)
    examples = math.ceil(num_examples * s2_ex / (allowed - seed_share))
    seeds = num_seeds if s2_seed == 0 else max(num_seeds, math.ceil(s2_seed / seed_share))
    text = (
        f"The test set is the limit: more {unit} cannot settle this; it needs about {examples:,} test examples "
        f"(now {num_examples:,}) to settle {a} against {b}"
    )
    if seeds == num_seeds:
        return Advice(f"{text}.", "examples", examples=examples, a=a, b=b)
    return Advice(f"{text}, and about {seeds:,} {unit}.", "both", seeds=seeds, examples=examples, a=a, b=b)


def _allowed_variance(difference: float, level: float, equivalence_level: float, margin: float | None) -> float:
    """Variance at which the predicted interval just settles the pair."""
    size = abs(difference)
    wins_at = max(2.0, -float(ndtri(level / 2)))
    if margin is None or size >= margin:
        return (min(size, margin if margin is not None else size) / wins_at) ** 2
    equivalent_at = -float(ndtri(equivalence_level))
    return max(size / wins_at, (margin - size) / equivalent_at) ** 2
