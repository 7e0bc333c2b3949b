"""The leaderboard: every contender's metrics, and those of each of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.record.verdict import LeaderboardRow, MeanOverSeeds
from bakeoff.report.analysis.spread import spread
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.reading import Bakeoff
from bakeoff.report.scales import drawn, legible_range
from bakeoff.report.words import baseline_words

_MOST_COLUMNS = 4
"""Metrics beside each other in the leaderboard; where there are more, a table below it has all."""


@dataclass(frozen=True)
class Track:
    """Where an interval and its mean stand on a bar of width 100 %, for the small bars inside a table.

    Attributes:
        is_off_scale: Whether the mean lies outside the bar, which then shows an arrow at its end.
    """

    left: float
    width: float
    mean: float
    is_off_scale: bool


def leaderboard_context(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    """The rows, the metrics that they have, and where the trials of each lie."""
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    names = dict.fromkeys([metric.name, *(name for row in rows for name in row.test)])
    values = {row.name: row.test[metric.name].values for row in rows if metric.name in row.test}
    metrics = [metric, *(bakeoff.metric_named(name) for name in names if name != metric.name)]
    return {
        "contenders": bakeoff.contenders,
        "baselines": bakeoff.baselines,
        "metrics": metrics,
        "board_metrics": metrics[:_MOST_COLUMNS],
        "tracks": tracks(rows, metric=metric),
        "ranks": {row["name"]: row.get("rank") for row in bakeoff.verdict.contenders},
        "seed_sd": {row["name"]: row.get("seed_sd") for row in bakeoff.verdict.contenders},
        "leaderboard_words": leaderboard_words(bakeoff, metric),
        "spreads": {name: spread(own) for name, own in values.items()},
        "num_columns": max(map(len, values.values()), default=0),
    }


def leaderboard_words(bakeoff: Bakeoff, metric: Metric) -> str:
    """What the simplest things reach, so that the contenders' numbers mean something."""
    sentences = []
    best = best_row(bakeoff.baselines, metric)
    if best:
        sentences.append(f"The best baseline, {best.name}, reaches {metric.value(mean_of(best, metric))}.")
    if over := baseline_words(bakeoff.verdict, metric):
        sentences.append(over)
    if is_number(bakeoff.verdict.trivial):
        words = bakeoff.verdict.trivial_words
        sentences.append(f"{words[:1].upper()}{words[1:]} gives {metric.value(bakeoff.verdict.trivial)}.")
    return " ".join(sentences) or "No baseline was run beside the contenders."


def best_row(rows: Sequence[LeaderboardRow], metric: Metric) -> LeaderboardRow | None:
    """The row with the best mean; ``None`` where none has one."""
    known = [row for row in rows if metric.name in row.test and is_number(mean_of(row, metric))]
    return max(known, key=lambda row: metric.facts.sign * (mean_of(row, metric) or 0.0), default=None)


def mean_of(row: LeaderboardRow, metric: Metric) -> float | None:
    """The mean of a row that has the metric."""
    return row.test[metric.name].mean


def tracks(rows: Sequence[LeaderboardRow], *, metric: Metric) -> dict[str, Track]:
    """A bar for each row that has the metric and its interval, all on the same scale."""
    found = {row.name: drawn(row.test[metric.name], metric) for row in rows if metric.name in row.test}
    whole = {name: e for name, e in found.items() if all(is_number(v) for v in (e.mean, e.low, e.high))}
    if not whole:
        return {}
    split = [
        [whole[row.name] for row in rows if row.name in whole and row.is_baseline is kind] for kind in (False, True)
    ]
    low, high = legible_range(*split)
    return {name: _track(estimate, low, (high - low) or 1.0) for name, estimate in whole.items()}


def _track(estimate: MeanOverSeeds, low: float, span: float) -> Track:
    mean, start, stop = (100 * (value - low) / span for value in _numbers(estimate))
    start, stop = (min(max(end, 0.0), 100.0) for end in (start, stop))
    is_off_scale = not 0 <= mean <= 100
    return Track(round(start, 2), round(stop - start, 2), round(min(max(mean, 0.0), 100.0), 2), is_off_scale)


def _numbers(estimate: MeanOverSeeds) -> tuple[float, float, float]:
    return float(estimate.mean or 0), float(estimate.low or 0), float(estimate.high or 0)
