"""What the interval of a pair is made of, and how wide it would be with more seeds or more test examples.

    V(S, N) = seed / S + residual / (S N) + example / N + guard(N)        (``statistics.components``)

The recorded interval is taken as it stands; at other sizes it changes as the root of V times the quantile of t does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import RecordedPair, RecordedVerdict
from bakeoff.report.numbers import is_number
from bakeoff.statistics.assurance import PRACTICAL
from bakeoff.statistics.components import Components, components_of
from bakeoff.statistics.distributions import stdtrit
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.information import Spending
from bakeoff.statistics.simultaneous import simultaneous_interval

FROM, POINTS = 0.5, 120
ENDLESS = 1e9
FEWEST = 2
SEEN = 0.005


@dataclass(frozen=True)
class Widths:
    """Half-widths of one pair's interval, score units, at multiples of what was run.

    Attributes:
        pair: whose interval it is.
        num_runs: seeds (trials of a search) of each that were run.
        num_units: test examples, or clusters of them.
        shares: parts of the variance, by what they come from; they sum to 1.
        today: half-width as recorded.
        times: multiples at which the others stand.
        of_runs: half-widths at so many times the seeds.
        of_units: half-widths at so many times the test examples.
        endless_runs: half-width that no number of seeds falls below.
        endless_units: the same of test examples.
    """

    pair: RecordedPair
    num_runs: int
    num_units: int
    shares: dict[str, float]
    today: float
    times: np.ndarray
    of_runs: np.ndarray
    of_units: np.ndarray
    endless_runs: float
    endless_units: float

    @property
    def seen(self) -> dict[str, float]:
        """The shares that do not round to nothing."""
        return {name: part for name, part in self.shares.items() if part >= SEEN}

    def at(self, times: float, *, runs: bool) -> float:
        """Half-width at a multiple of the seeds, or of the test examples."""
        return float(np.interp(times, self.times, self.of_runs if runs else self.of_units))


def widths_of(pair: RecordedPair, *, num_units: int | None) -> Widths | None:
    """What more of either would make of a pair's interval; None where it is not recorded, or unbounded."""
    estimate = pair.estimate(num_units)
    if estimate is None or not (is_number(pair.low) and is_number(pair.high)) or not pair.high > pair.low:
        return None
    components, runs, units = components_of(estimate, kappa=1.0), estimate.num_seeds, estimate.num_examples
    now = _half_width(components, pair.level, runs, units)
    if not now > 0:
        return None
    today = (pair.high - pair.low) / 2
    times = np.geomspace(max(FROM, FEWEST / runs, FEWEST / units), PRACTICAL, POINTS)
    return Widths(
        pair=pair,
        num_runs=runs,
        num_units=units,
        shares=_shares(components, estimate),
        today=today,
        times=times,
        of_runs=today / now * _half_width(components, pair.level, runs * times, units),
        of_units=today / now * _half_width(components, pair.level, runs, units * times),
        endless_runs=float(today / now * _half_width(components, pair.level, ENDLESS, units)),
        endless_units=float(today / now * _half_width(components, pair.level, runs, ENDLESS)),
    )


def told_pair(verdict: RecordedVerdict) -> RecordedPair | None:
    """The pair that the verdict is told by: of its leader and the nearest of those that stayed to the end.

    Where it is open, the pair that the advice names.
    """
    advice = verdict.raw.get("advice")
    named = (advice.get("a"), advice.get("b")) if isinstance(advice, dict) else ()
    for pair in verdict.pairs:
        if (pair.a, pair.b) == named:
            return pair
    known = [pair for pair in verdict.leaders_pairs if is_number(pair.difference)]
    return min(known, key=lambda p: (p.num_seeds_when_settled is not None, abs(p.difference or 0.0)), default=None)


def simultaneous(pair: RecordedPair, plan: RecordedPlan, verdict: RecordedVerdict) -> tuple[float, float] | None:
    """The interval of a pair that holds together with those of all other pairs (rule 31); None where it is unknown."""
    estimate = pair.estimate(verdict.num_units)
    if estimate is None or verdict.edition == 1:
        return None
    alpha = _level_of_all(estimate, plan)
    return simultaneous_interval(estimate, num_contenders=len(verdict.contenders), alpha=alpha)


def _level_of_all(estimate: Estimate, plan: RecordedPlan) -> float:
    """What all pairs together may err at the look of this estimate."""
    if estimate.num_seeds not in plan.looks:
        return plan.alpha / max(len(plan.looks), 1)
    look = plan.looks.index(estimate.num_seeds)
    return plan.look_levels[look] if plan.look_levels else Spending(plan.looks, look)(estimate, plan.alpha)


def _half_width(
    components: Components, level: float, runs: float | np.ndarray, units: float | np.ndarray
) -> np.ndarray:
    quantile = stdtrit(components.df(runs, units), 1 - level / 2)
    return np.asarray(quantile * np.sqrt(components.variance(runs, units)))


def _shares(components: Components, estimate: Estimate) -> dict[str, float]:
    """Parts of the variance as it is today."""
    runs, units = estimate.num_seeds, estimate.num_examples
    parts = {
        "runs": components.seed / runs,
        "both": components.residual / (runs * units),
        "units": components.example / units,
        "guard": components.kappa * (components.span / units) ** 2,
    }
    whole = math.fsum(parts.values())
    return {name: part / whole for name, part in parts.items()}
