"""How each contender got there: learning curves on validation data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.report.analysis.learning import AXES, Curve, learning_curves
from bakeoff.report.analysis.spread import MANY
from bakeoff.report.figures.curves import curves_figure
from bakeoff.report.numbers import Metric
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff


def learning_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """One figure an axis, contenders in the order of the leaderboard and then the baselines; what ``bands`` span."""
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    found = {row.name: learning_curves(bakeoff.typical_trials(row.name), metric=metric.name) for row in rows}
    baselines = {row.name for row in bakeoff.baselines}
    figures = []
    for axis in AXES:
        curves: dict[str, Curve] = {name: by_axis[axis] for name, by_axis in found.items() if axis in by_axis}
        if curves:
            figures.append(curves_figure(curves, axis=axis, metric=metric, looks=looks, baselines=baselines))
    drawn = {name: by_axis for name, by_axis in found.items() if by_axis}
    counts = [curve.num_seeds for name, by_axis in drawn.items() if name not in baselines for curve in by_axis.values()]
    bands = {"all": min(counts, default=0) < MANY, "middle": max(counts, default=0) >= MANY}
    return {"curve_figures": figures, "curve_names": list(drawn), "bands": bands, "many": MANY}
