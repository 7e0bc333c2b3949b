"""What is taken for what: each contender's confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.report.analysis.confusions import Errors
from bakeoff.report.pictures import heat_uri

_NUM_CONFUSIONS = 5
_LARGEST_TABLE = 20
_LARGEST_HEAT = 400
_HEAT_COLOUR = (140, 95, 180)


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


@dataclass(frozen=True)
class Confused:
    """A frequent confusion, in class names."""

    true: str
    predicted: str
    times: int


@dataclass(frozen=True)
class ConfusionView:
    """One contender's confusion matrix, as table cells where there are few classes and as a picture where many."""

    name: str
    num_seeds: int
    cells: list[list[Cell]]
    heat: str | None
    top: list[Confused]


def confusion_context(errors: Mapping[str, Errors], class_names: Sequence[str], *, first: str | None) -> dict[str, Any]:
    """A matrix a contender, that of ``first`` before the others."""
    order = sorted(errors, key=lambda name: name != first)
    return {"confusions": [_confusion(name, errors[name], class_names) for name in order], "class_names": class_names}


def _confusion(name: str, errors: Errors, class_names: Sequence[str]) -> ConfusionView:
    top = [Confused(class_names[t], class_names[p], n) for t, p, n in errors.most_confused(count=_NUM_CONFUSIONS)]
    is_table = len(class_names) <= _LARGEST_TABLE
    shares = errors.confusion / np.maximum(errors.confusion.sum(1, keepdims=True), 1)
    is_heat = not is_table and len(class_names) <= _LARGEST_HEAT
    heat = heat_uri(shares, colour=_HEAT_COLOUR) if is_heat else None
    return ConfusionView(name, errors.num_seeds, confusion_cells(errors) if is_table else [], heat, top)


def confusion_cells(errors: Errors) -> list[list[Cell]]:
    """The confusion matrix of one contender, true classes down, predicted classes across."""
    totals = np.maximum(errors.confusion.sum(1), 1)
    return [
        [Cell(int(times), float(times / totals[row]), row == column) for column, times in enumerate(line)]
        for row, line in enumerate(errors.confusion.tolist())
    ]
