"""Class by class: the share of each that is predicted right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff.report.analysis.confusions import Errors
from bakeoff.report.figures.classes import classes_figure
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff

_DRAWN_CLASSES = 30


def classes_context(bakeoff: Bakeoff, errors: Mapping[str, Errors], looks: Mapping[str, Look]) -> dict[str, Any]:
    """The table of all classes and models, hardest class first (lowest mean), those without test examples last.

    The figure leaves the baselines out, which would flatten it.
    """
    marks, names = [row.name for row in bakeoff.contenders if row.name in errors], bakeoff.plan.class_names
    if bakeoff.labels is None or not marks:
        return {"figures": {}}
    sizes = np.bincount(bakeoff.labels, minlength=len(names))
    shares = np.stack([found.per_class for found in errors.values()])
    order = np.argsort(np.where(sizes > 0, shares.mean(0), np.inf), kind="stable")
    drawn = [k for k in order[:_DRAWN_CLASSES] if sizes[k]]
    by_name = {name: errors[name].per_class[drawn] for name in marks}
    figure = classes_figure([names[k] for k in drawn], by_name, looks=looks)
    rows = [(names[k], int(sizes[k]), shares[:, k].tolist()) for k in order]
    columns = {"class_columns": list(errors), "class_marks": marks, "num_drawn_classes": len(drawn)}
    return {"classes": rows, **columns, "figures": {"classes": figure}}
