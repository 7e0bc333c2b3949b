"""Which contenders nothing beats: the Pareto front of quality against one cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.record.verdict import LeaderboardRow, MeanOverSeeds
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.scales import drawn


@dataclass(frozen=True)
class CostPoint:
    """One contender or baseline: its cost (lower is better) and its test quality with interval."""

    name: str
    cost: float
    quality: MeanOverSeeds
    is_baseline: bool

    def value(self) -> float:
        """The mean quality, which every point has."""
        return self.quality.mean if self.quality.mean is not None else float("nan")


@dataclass(frozen=True)
class Cost:
    """One cost axis.

    Attributes:
        key: Short name, unique in the page.
        title: Axis title with unit.
        noun: What is saved, to end the sentence "at less ...".
        points: Rows that have this cost.
    """

    key: str
    title: str
    noun: str
    points: tuple[CostPoint, ...]


def costs(rows: Sequence[LeaderboardRow], *, metric: Metric) -> list[Cost]:
    """The cost axes for which at least one row has a value: parameters, FLOPs, latency, time, memory, energy."""
    axes = (
        ("params", "trainable parameters", "parameters", [row.params for row in rows]),
        ("flops", "training FLOPs", "training compute", [row.train_flops for row in rows]),
        ("latency", "latency, batch of 1 (ms)", "latency", [row.latency_ms.get("1") for row in rows]),
        ("seconds", "training time (s)", "training time", [row.train_seconds for row in rows]),
        ("memory", "peak memory (MB)", "memory", [row.peak_memory_mb for row in rows]),
        ("energy", "energy of training (J)", "energy", [row.energy_j for row in rows]),
    )
    found = []
    for key, title, noun, values in axes:
        points = tuple(
            CostPoint(row.name, float(value), drawn(row.test[metric.name], metric), row.is_baseline)
            for row, value in zip(rows, values, strict=True)
            if is_number(value) and metric.name in row.test and is_number(row.test[metric.name].mean)
        )
        if points:
            found.append(Cost(key, title, noun, points))
    return found


def front(points: Sequence[CostPoint], *, metric: Metric) -> list[CostPoint]:
    """The points for which no other is at least as good and at least as cheap, and better in one; cheapest first."""
    sign = metric.facts.sign
    best = float("-inf")
    kept = []
    for point in sorted(points, key=lambda point: (point.cost, -sign * point.value(), point.name)):
        if sign * point.value() > best:
            best = sign * point.value()
            kept.append(point)
    return kept
