"""Class by class: the share of each that is predicted right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.report.analysis.confusions import Errors
from bakeoff.report.figures.classes import classes_figure
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff

_DRAWN_CLASSES = 30


@dataclass(frozen=True)
class ClassRow:
    """One class: its size in the test set and the share each contender predicts right, in the contenders' order."""

    name: str
    num_examples: int
    shares: tuple[float, ...]


def classes_context(bakeoff: Bakeoff, errors: Mapping[str, Errors], looks: Mapping[str, Look]) -> dict[str, Any]:
    """The table of all classes and models; the figure leaves the baselines out, which would flatten it."""
    drawn_names = [row.name for row in bakeoff.contenders if row.name in errors]
    if bakeoff.labels is None or not drawn_names:
        return {"figures": {}}
    per_class = {name: found.per_class for name, found in errors.items()}
    rows = class_rows(bakeoff.plan.class_names, bakeoff.labels, per_class)
    drawn = [row for row in rows[:_DRAWN_CLASSES] if row.num_examples]
    places = {name: place for place, name in enumerate(errors)}
    shares = {name: np.array([row.shares[places[name]] for row in drawn]) for name in drawn_names}
    figure = classes_figure([row.name for row in drawn], shares, looks=looks)
    columns = {"class_columns": list(errors), "class_marks": drawn_names, "num_drawn_classes": len(drawn)}
    return {"classes": rows, **columns, "figures": {"classes": figure}}


def class_rows(class_names: Sequence[str], labels: np.ndarray, per_class: Mapping[str, np.ndarray]) -> list[ClassRow]:
    """The classes, hardest first (lowest mean over contenders); classes absent from the test set come last."""
    sizes = np.bincount(labels, minlength=len(class_names))
    shares = np.stack(list(per_class.values()))
    order = np.argsort(np.where(sizes > 0, shares.mean(0), np.inf), kind="stable")
    return [ClassRow(class_names[k], int(sizes[k]), tuple(shares[:, k].tolist())) for k in order]
