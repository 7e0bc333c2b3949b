"""Curves of forecasts, and the folds of a rolling origin, for the report and for looks at data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.contract import Cases
from bakeoff.data.series.spec import SeriesSpec
from bakeoff.tables import column
from bakeoff.tasks.exhibits import CurveExhibit, Line, LinesExhibit

_HISTORY_HORIZONS, _MOST_FOLDS = 3, 12


def curves(
    cases: Cases, spec: SeriesSpec, *, answers: pa.Table | None = None, levels: tuple[float, ...] = ()
) -> Iterator[CurveExhibit]:
    """The end of each history with what came after it, and what was forecast, between its outer quantiles.

    Args:
        cases: windows.
        spec: of the series.
        answers: to each; None shows what came alone.
        levels: of the quantiles.
    """
    targets = column(cases.labels, "target")
    said = np.full_like(targets, np.nan) if answers is None else column(answers, "forecast")
    has_band = answers is not None and "quantiles" in answers.column_names
    quantiles = column(answers, "quantiles") if answers is not None and has_band else np.empty((len(cases), 0, 0))
    count = max(_HISTORY_HORIZONS * spec.horizon, 2 * spec.season)
    for name, history, target, answer, band in zip(cases.names, cases.raw, targets, said, quantiles, strict=True):
        before = np.where(history.observed, history.values, np.nan)[-count:]
        yield CurveExhibit(
            title=name,
            x=np.arange(spec.horizon) + 1,
            answer=_known(answer),
            truth=_known(target),
            history_x=np.arange(-len(before), 0) + 1,
            history=_known(before),
            low=band[:, 0] if has_band else (),
            high=band[:, -1] if has_band else (),
            band=f"{100 * (levels[-1] - levels[0]):g} % interval" if has_band else "",
            x_label=f"steps of {spec.step_words}",
            y_label=", ".join(spec.columns["target"][:1]) or "value",
        )


def _known(values: NDArray[np.float64]) -> list[Any]:
    """Numbers, and None for what is missing, which JSON has no number for."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def folds(spec: SeriesSpec) -> LinesExhibit:
    """Of the longest series what is learnt from, and the steps that each window of validation and of test forecasts."""
    train, val, test = (spec.folds[name] for name in ("train", "val", "test"))
    lines = [Line(name="train", x=[train[0], train[1] - 1], y=[0, 0])]
    level = 0
    for name, (first, stop) in (("validation", val), ("test", test)):
        origins = list(range(first, stop - spec.horizon + 1, spec.evaluated_every))
        shown = origins if len(origins) <= _MOST_FOLDS else [*origins[: _MOST_FOLDS - 1], origins[-1]]
        for place, origin in enumerate(shown):
            level += 1
            called = name if place == 0 else f"{name} {place + 1}"
            lines.append(Line(name=called, x=[origin, origin + spec.horizon - 1], y=[level, level]))
    return LinesExhibit(
        title="Rolling origin",
        lines=lines,
        x_label=f"steps of {spec.step_words}, of the longest series",
        y_label="fold",
        note=f"Each window forecasts {spec.horizon} steps; it looks back on the {spec.window} before them.",
    )
