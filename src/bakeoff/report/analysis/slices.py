"""How good contenders are on parts of the test that are alike: short texts, long ones, whatever is known of each.

Scores are those of the verdict, so that only metrics that are means of them can be cut in parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.record.layout import SCORES, TEST_ATTRIBUTES
from bakeoff.record.reading import parsed_object
from bakeoff.report.reading import Bakeoff

PARTS = 4
"""Of the numbers of an attribute, each with about as many examples."""
MOST_WORDS = 12
"""An attribute of more words than these names examples, and cuts nothing."""
FEWEST = 10
"""Examples of which an interval can be told."""
HALF_OF_95 = 1.96  # standard errors
_SLICES = "slices"


@dataclass(frozen=True)
class Slice:
    """A part of the test.

    Attributes:
        attribute: what it is cut by.
        label: which part.
        count: test examples.
        cells: mean and half of its 95 % interval over examples, by contender and baseline, in the leaderboard's order.
        ahead: contenders that are ahead of the leader here, beyond the interval of the difference.
    """

    attribute: str
    label: str
    count: int
    cells: Mapping[str, tuple[float, float]]
    ahead: Sequence[str] = field(default_factory=tuple)


def slices_of(bakeoff: Bakeoff) -> list[Slice]:
    """All parts by all attributes; nothing where none is recorded, or the metric is no mean. Gone through once."""
    if _SLICES not in bakeoff.derived:
        bakeoff.derived[_SLICES] = _slices(bakeoff)
    found: list[Slice] = bakeoff.derived[_SLICES]
    return found


def _slices(bakeoff: Bakeoff) -> list[Slice]:
    attributes = parsed_object(bakeoff.folder / TEST_ATTRIBUTES) or {}
    known = {name: values for name, values in attributes.items() if len(values) == len(bakeoff.examples)}
    if not known or not bakeoff.metric.facts.is_mean or not (bakeoff.folder / SCORES).is_file():
        return []
    scores = _means(bakeoff)
    return [
        _slice(bakeoff, scores, attribute, label, places)
        for attribute, values in known.items()
        for label, places in _parts(values).items()
    ]


def _means(bakeoff: Bakeoff) -> dict[str, np.ndarray]:
    """The mean score of each example over a contender's trials, in the order of the test."""
    table = pd.read_parquet(bakeoff.folder / SCORES, columns=["contender", "example", "score"])
    means = table.astype({"contender": str, "example": str}).groupby(["contender", "example"])["score"].mean()
    names = [row.name for row in [*bakeoff.contenders, *bakeoff.baselines] if row.name in means.index.levels[0]]
    return {name: means[name].reindex(list(bakeoff.examples)).to_numpy() for name in names}


def _parts(values: Sequence[Any]) -> dict[str, np.ndarray]:
    """The places of the examples of each part, by what it is called; none where they are all alike."""
    if all(isinstance(value, int | float) for value in values):
        return _of_numbers(np.array(values, dtype=float))
    words = np.array([str(value) for value in values])
    kinds = sorted(set(words.tolist()))
    if not 2 <= len(kinds) <= MOST_WORDS:
        return {}
    return {kind: np.flatnonzero(words == kind) for kind in kinds}


def _of_numbers(values_N: np.ndarray) -> dict[str, np.ndarray]:
    """Parts of about as many examples each; equal numbers stay together."""
    edges = np.unique(np.quantile(values_N, np.linspace(0, 1, PARTS + 1)[1:-1], method="lower"))
    part_N = np.searchsorted(edges, values_N, side="left")
    parts = [np.flatnonzero(part_N == part) for part in range(len(edges) + 1)]
    filled = [places for places in parts if len(places)]
    if len(filled) < 2:
        return {}
    return {f"{values_N[places].min():g} to {values_N[places].max():g}": places for places in filled}


def _slice(bakeoff: Bakeoff, scores: Mapping[str, np.ndarray], attribute: str, label: str, places: np.ndarray) -> Slice:
    cells = {name: _interval(own[places]) for name, own in scores.items()}
    return Slice(attribute, label, len(places), cells, _ahead(bakeoff, scores, places))


def _ahead(bakeoff: Bakeoff, scores: Mapping[str, np.ndarray], places: np.ndarray) -> list[str]:
    """The contenders that are ahead of the leader there, beyond the interval of the difference."""
    leader = bakeoff.verdict.leader
    if leader is None or leader not in scores or len(places) < FEWEST:
        return []
    found = []
    for name in (row.name for row in bakeoff.contenders if row.name in scores and row.name != leader):
        gain, half = _interval(bakeoff.metric.facts.sign * (scores[name] - scores[leader])[places])
        found += [name] if gain > (0.0 if math.isnan(half) else half) else []
    return found


def _interval(values_N: np.ndarray) -> tuple[float, float]:
    """The mean, and half of its interval; no number where examples are too few, or all alike."""
    if len(values_N) < FEWEST or not values_N.std():
        return float(values_N.mean()), math.nan
    return float(values_N.mean()), HALF_OF_95 * float(values_N.std(ddof=1)) / math.sqrt(len(values_N))
