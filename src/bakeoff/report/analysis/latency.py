"""How many times the latency of the fastest contender each has, with an interval (rule 21), and why some have none.

The repeats of a timing are compared on logarithms, since what slows a machine down multiplies: a difference of mean
logarithms with Welch's t interval is an interval of the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.numbers import significant
from bakeoff.report.words import all_of
from bakeoff.statistics.distributions import stdtrit

SIZES = ("1", "32")
"""The batch sizes that are timed."""


@dataclass(frozen=True)
class Ratio:
    """A latency over that of the fastest contender, with its 95 % interval; no unit."""

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """``1.83 times (1.80 – 1.87)``."""
        return f"{significant(self.value)} times ({significant(self.low)} – {significant(self.high)})"


def latency_ratios(rows: Sequence[LeaderboardRow], size: str) -> dict[str, Ratio]:
    """Of every contender but the fastest whose repeats are known, the ratio at a batch size (``1``, ``32``)."""
    repeats = {row.name: row.latency_repeats_ms.get(size, ()) for row in rows}
    logs = {name: np.log(values) for name, values in repeats.items() if len(values) > 1 and min(values) > 0}
    if not logs:
        return {}
    fastest = min(logs, key=lambda name: float(logs[name].mean()))
    return {name: _ratio(values, logs[fastest]) for name, values in logs.items() if name != fastest}


def _ratio(slow_R: np.ndarray, fast_R: np.ndarray) -> Ratio:
    """Welch's interval of the difference of mean logarithms, as a ratio."""
    parts = [(values.var(ddof=1) / len(values), len(values) - 1) for values in (slow_R, fast_R)]
    variance = sum(part for part, _ in parts)
    gap, half = float(slow_R.mean() - fast_R.mean()), 0.0
    if variance > 0:
        df = variance**2 / sum(part**2 / degrees for part, degrees in parts)
        half = float(stdtrit(df, 0.975)) * math.sqrt(variance)
    return Ratio(math.exp(gap), math.exp(gap - half), math.exp(gap + half))


def ratios_by_size(rows: Sequence[LeaderboardRow]) -> Mapping[str, Mapping[str, Ratio]]:
    """`latency_ratios` at batch 1 and 32."""
    return {size: latency_ratios(rows, size) for size in SIZES}


def untimed_words(plan: RecordedPlan, rows: Sequence[LeaderboardRow]) -> list[str]:
    """Why some have no latency, a sentence a reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if any(size not in row.latency_ms for size in SIZES):
            reasons.setdefault(_why_untimed(plan, row), []).append(row.name)
    return [f"Latency of {all_of(names)} is not given: {reason}." for reason, names in reasons.items()]


def _why_untimed(plan: RecordedPlan, row: LeaderboardRow) -> str:
    entry = next((entry for entry in plan.contenders if entry.name == row.name), None)
    if entry is not None and entry.train_flops_per_example == 0:
        return "there is no network to time, only what was fitted in one go"
    if entry is not None and row.failures and row.failures >= len(entry.trials):
        return "none of its trials finished"
    return "repeats on this machine differed by more than 10 %"
