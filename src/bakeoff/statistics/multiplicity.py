"""All pairs compared without more false wins than one test: Shaffer for three contenders, Holm for more (rule 15).

Holm 1979 ("A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6) tests the r-th smallest p at
alpha / (hypotheses left). Shaffer 1986 (JASA 81): among three contenders one false equality leaves at most one true
one, so once the smallest p is rejected at alpha / 3 the other two are tested at alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Test:
    """Level at which a hypothesis was tested, and whether it was rejected."""

    __test__ = False  # the word means a statistical test; pytest must not collect it

    level: float
    rejected: bool


def pair_tests(p_values: Sequence[float], *, num_contenders: int, alpha: float = 0.05) -> list[Test]:
    """Test every pair of ``num_contenders`` contenders with at most ``alpha`` risk of any false difference.

    Args:
        p_values: two-sided p of each pair, in any order; ``num_contenders * (num_contenders - 1) / 2`` of them.
        num_contenders: two: one plain test; three: Shaffer; more: Holm.
        alpha: family-wise error rate.

    Returns:
        The tests in the order of ``p_values``. A pair is rejected exactly if its p is at most its level, so an interval
        printed at that level excludes zero for the rejected pairs only.

    Raises:
        ValueError: the number of p values is not that of the pairs.
    """
    num_pairs = num_contenders * (num_contenders - 1) // 2
    if len(p_values) != num_pairs:
        raise ValueError(f"{num_contenders} contenders have {num_pairs} pairs, got {len(p_values)} p values")
    divisors = [3, 1, 1] if num_contenders == 3 else list(range(num_pairs, 0, -1))
    return step_down(p_values, [alpha / divisor for divisor in divisors])


def holm(p_values: Sequence[float], *, alpha: float = 0.05) -> list[Test]:
    """Holm's step-down over any hypotheses, in the order given."""
    return step_down(p_values, [alpha / left for left in range(len(p_values), 0, -1)])


def step_down(p_values: Sequence[float], levels: Sequence[float]) -> list[Test]:
    """Reject from the smallest p on while p <= its level; what is left gets the level at which it stopped.

    Equal p values share the first of their levels, so that the order of the hypotheses cannot matter.
    """
    order = np.argsort(p_values, kind="stable")
    tests: dict[int, Test] = {}
    level, rejecting, previous = 0.0, True, -1.0
    for rank, index in enumerate(order):
        p = p_values[index]
        if rejecting and p != previous:
            level = levels[rank]
            rejecting = p <= level
        tests[int(index)] = Test(level, rejecting)
        previous = p
    return [tests[index] for index in range(len(p_values))]


def sequential_p(p: float, nominal: Callable[[float], float], shares: Sequence[float]) -> float:
    """The error rate of all looks together at which a p of this look would just reject (Liu & Anderson 2008).

    Args:
        p: p of this look.
        nominal: level at this look of an error rate of all looks, rising.
        shares: the error rates that step-down may use, descending; between them the answer is only ordered.
    """
    levels = [nominal(share) for share in shares]
    passed = [index for index, level in enumerate(levels) if p <= level]
    if not passed:
        return max(min(1.0, shares[0] * p / levels[0]), float(np.nextafter(shares[0], 1)))
    last = passed[-1]
    found = shares[last] * p / levels[last]
    return found if last + 1 == len(shares) else max(found, float(np.nextafter(shares[last + 1], 1)))
