"""Rows of the report's tables, computed; the templates only print them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.planned import Contender
from bakeoff.report.records import Estimate, Pair, Row
from bakeoff.report.scales import legible_range
from bakeoff.report.sections.confusions import Errors


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


def tracks(rows: Sequence[Row], *, metric: Metric) -> dict[str, Track]:
    """A bar for each row that has the metric and its interval, all on the same scale."""
    found = {row.name: row.test[metric.name] for row in rows if metric.name in row.test}
    whole = {name: e for name, e in found.items() if all(is_number(v) for v in (e.mean, e.low, e.high))}
    if not whole:
        return {}
    split = [
        [whole[row.name] for row in rows if row.name in whole and row.is_baseline is kind] for kind in (False, True)
    ]
    low, high = legible_range(*split)
    return {name: _track(estimate, low, (high - low) or 1.0) for name, estimate in whole.items()}


def _track(estimate: Estimate, low: float, span: float) -> Track:
    mean, start, stop = (100 * (value - low) / span for value in _numbers(estimate))
    start, stop = (min(max(end, 0.0), 100.0) for end in (start, stop))
    is_off_scale = not 0 <= mean <= 100
    return Track(round(start, 2), round(stop - start, 2), round(min(max(mean, 0.0), 100.0), 2), is_off_scale)


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    return float(estimate.mean or 0), float(estimate.low or 0), float(estimate.high or 0)


@dataclass(frozen=True)
class Doubt:
    """How a pair's variance divides between the seeds and the test examples; the shares sum to 1."""

    seeds: float
    examples: float


def doubt(pair: Pair) -> Doubt | None:
    """The variance split of a pair (STATISTICS.md, rules 12 and 18), or ``None`` where it is not recorded."""
    if not (is_number(pair.v_a) and is_number(pair.v_b) and is_number(pair.vex)):
        return None
    seeds = pair.v_a + pair.v_b
    examples = max(pair.vex - (pair.c or 0.0), 0.0)
    whole = seeds + examples
    return Doubt(seeds / whole, examples / whole) if whole > 0 else None


def pair_matrix(names: Sequence[str], pairs: Sequence[Pair]) -> list[list[Pair | None]]:
    """Every contender against every other, each cell as seen from its row."""
    known = {(a, b): pair.seen_from(a) for pair in pairs for a, b in ((pair.a, pair.b), (pair.b, pair.a))}
    return [[known.get((a, b)) for b in names] for a in names]


@dataclass(frozen=True)
class Setting:
    """One key of the resolved configurations and its value for each contender; empty where it has none."""

    key: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether any two contenders differ in it."""
        return len(set(self.values)) > 1

    @property
    def is_odd(self) -> list[bool]:
        """For each contender, whether its value is not the one that most have."""
        (usual, times), *_ = Counter(self.values).most_common(1)
        return [value != usual or times == 1 for value in self.values]


def settings(contenders: Sequence[Contender]) -> list[Setting]:
    """The configurations side by side, key by key in dotted form, those that differ first."""
    flat = [flattened(contender.config) for contender in contenders]
    keys = sorted({key for config in flat for key in config})
    rows = [Setting(key, tuple(config.get(key, "") for config in flat)) for key in keys]
    return sorted(rows, key=lambda row: not row.differs)


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A nested mapping as dotted keys and printed values: ``{"optimizer.lr": "0.001"}``."""
    flat: dict[str, str] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{name}.")
        else:
            flat[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix: predictions of this kind over all seeds, and their share of the true class."""

    times: int
    share: float
    is_right: bool

    @property
    def shade(self) -> float:
        """Strength of the background in [0, 52] percent; grows with the square root so that rare errors show."""
        if self.is_right:
            return round(26 * float(np.sqrt(self.share)), 1)
        return round(min(10 + 60 * float(np.sqrt(self.share)), 52.0), 1) if self.times else 0.0


def confusion_cells(errors: Errors) -> list[list[Cell]]:
    """The confusion matrix of one contender, true classes down, predicted classes across."""
    totals = np.maximum(errors.confusion.sum(1), 1)
    return [
        [Cell(int(times), float(times / totals[row]), row == column) for column, times in enumerate(line)]
        for row, line in enumerate(errors.confusion.tolist())
    ]


@dataclass(frozen=True)
class ClassRow:
    """One class: its size in the test set and the share each contender predicts right, in the contenders' order."""

    name: str
    num_examples: int
    shares: tuple[float, ...]


def class_rows(class_names: Sequence[str], labels: np.ndarray, per_class: Mapping[str, np.ndarray]) -> list[ClassRow]:
    """The classes, hardest first (lowest mean over contenders); classes absent from the test set come last."""
    sizes = np.bincount(labels, minlength=len(class_names))
    shares = np.stack(list(per_class.values()))
    order = np.argsort(np.where(sizes > 0, shares.mean(0), np.inf), kind="stable")
    return [ClassRow(class_names[k], int(sizes[k]), tuple(shares[:, k].tolist())) for k in order]
