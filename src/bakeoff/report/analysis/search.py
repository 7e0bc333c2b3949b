"""The tuning of a bakeoff: what was searched, every point tried, and the expected quality against trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.record.contenders import Contender
from bakeoff.record.layout import VALIDATION
from bakeoff.report.numbers import Metric, is_number
from bakeoff.statistics import pooled

Validation = Mapping[str, Mapping[str, float]]
"""Validation score by contender, and by a trial's number, id or ``seed <seed>``."""


@dataclass(frozen=True)
class Tried:
    """One trial of a contender's search.

    Attributes:
        index: Its number within the search, from 0.
        values: Printed by dotted key in the order of the search space.
        validation: What it was selected by; ``None`` if it is not recorded.
        test: Its own test score.
        chance: Probability of being the one that a search of ``best_of`` trials selects, in [0, 1].
        is_best: Whether it is the best of all trials by validation.
    """

    index: int
    seed: int | None
    values: Mapping[str, Any]
    validation: float | None
    test: float | None
    chance: float | None
    is_best: bool = False


@dataclass(frozen=True)
class Dimension:
    """One searched setting of one contender: its range and scale, or its choices."""

    key: str
    low: float | None = None
    high: float | None = None
    is_log: bool = False
    choices: tuple[Any, ...] = ()

    @classmethod
    def from_dict(cls, key: str, raw: Mapping[str, Any]) -> Dimension:
        """Read ``{low, high, scale}`` or ``{choices}``."""
        if raw.get("choices"):
            return cls(key, choices=tuple(raw["choices"]))
        return cls(key, raw.get("low"), raw.get("high"), raw.get("scale") == "log")

    def place(self, value: Any) -> float | None:
        """Where a value lies between the ends of the range (0 to 1) or which choice it is; ``None`` for neither."""
        if self.choices:
            return float(self.choices.index(value)) if value in self.choices else None
        if not (isinstance(value, int | float) and is_number(self.low) and is_number(self.high)):
            return None
        if not self.is_log:
            return (value - self.low) / ((self.high - self.low) or 1.0)
        if min(value, self.low, self.high) <= 0:
            return None
        return math.log(value / self.low) / (math.log(self.high / self.low) or 1.0)


def read_validation(folder: Path) -> Validation:
    """Validation scores of all trials; empty if ``validation.parquet`` is missing or can't be read."""
    try:
        rows = pq.read_table(folder / VALIDATION).to_pylist()
    except (OSError, pa.ArrowException):
        return {}
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        own = found.setdefault(str(row.get("contender")), {})
        keys = [str(row["trial"])] if row.get("trial") is not None else []
        for key in [*keys, f"seed {row.get('seed')}"]:
            own[key] = float("nan") if row.get("score") is None else float(row["score"])
    return found


def validation_scores(contender: Contender, found: Validation) -> list[float | None]:
    """Validation score of each trial of a contender, in the order of the plan."""
    own = found.get(contender.name, {})
    seeds: list[int | None] = [point.seed for point in contender.points] or [None] * len(contender.trials)
    scores = []
    for index, (trial, seed) in enumerate(zip(contender.trials, seeds, strict=False)):
        score = next((own[key] for key in (str(index), trial, f"seed {seed}") if key in own), None)
        scores.append(score if is_number(score) else None)
    return scores


def best_trials(contender: Contender, found: Validation, *, count: int, metric: Metric) -> list[str]:
    """Ids of the trials that are best by validation, best first; those without a validation score come last."""
    scores = [-math.inf if s is None else _signed(s, metric) for s in validation_scores(contender, found)]
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    return [contender.trials[index] for index in order[:count]]


def tried_points(
    contender: Contender, found: Validation, tests: Sequence[float], *, best_of: int, metric: Metric
) -> list[Tried]:
    """Every point of a contender's search, best by validation first."""
    scores = validation_scores(contender, found)
    chances = _chances(scores, best_of, metric)
    rows = [
        Tried(
            index,
            point.seed,
            {key: point.values.get(key) for key in contender.search},
            scores[index] if index < len(scores) else None,
            tests[index] if index < len(tests) else None,
            chances[index] if index < len(chances) else None,
        )
        for index, point in enumerate(contender.points)
    ]
    rows.sort(key=lambda row: (row.validation is None, -_signed(row.validation or 0.0, metric), row.index))
    best = rows[0].validation if rows else None
    return [Tried(**{**vars(row), "is_best": best is not None and row.validation == best}) for row in rows]


def _chances(scores: Sequence[float | None], best_of: int, metric: Metric) -> list[float | None]:
    """The weights of STATISTICS.md, rule 9; unknown where any validation score is."""
    known = [_signed(score, metric) for score in scores if score is not None]
    if len(known) < len(scores) or not 1 <= best_of <= len(known):
        return [None] * len(scores)
    return [float(weight) for weight in pooled.selection_weights(np.array(known), best_of)]


def crossings(curves: Mapping[str, Sequence[Mapping[str, Any]]], *, metric: Metric) -> list[tuple[str, int, str, int]]:
    """Where two contenders change places, as `bakeoff.statistics.pooled.crossings` tells it."""
    known = {name: [point for point in points if is_number(point["mean"])] for name, points in curves.items()}
    return pooled.crossings(
        {name: {int(p["m"]): _signed(p["mean"], metric) for p in own} for name, own in known.items()}
    )


def _signed(value: float, metric: Metric) -> float:
    return metric.facts.sign * value
