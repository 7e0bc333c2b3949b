"""Learning curves of a contender over its seeds, on a common grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.record.trials import RecordedTrial
from bakeoff.report.analysis.spread import MANY, SHARES
from bakeoff.report.reading import metric_lines

AXES = ("examples_seen", "seconds")
_GRID = 60


@dataclass(frozen=True)
class Curve:
    """The validation metric of one contender along one axis.

    Attributes:
        x: Grid, shape ``(g,)``, in examples seen or seconds of training.
        mean: Mean over seeds, shape ``(g,)``.
        low: Lowest seed, or of many seeds the end of their middle 90 %, shape ``(g,)``.
        high: Highest seed, or the other end, shape ``(g,)``.
        num_seeds: How many seeds have a log.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    num_seeds: int


def learning_curves(trials: Sequence[RecordedTrial], *, metric: str) -> dict[str, Curve]:
    """Curves of one contender by axis (``examples_seen``, ``seconds``); an axis that no log has is left out.

    A trial that stopped early keeps its last value, so that the mean never jumps because a seed left it.
    """
    logs = [log for log in (_log(trial, metric) for trial in trials if trial.status == "finished") if len(log)]
    found = {}
    for column, axis in enumerate(AXES):
        runs = [(log[:, column], log[:, -1]) for log in logs if np.isfinite(log[:, column]).all()]
        if runs:
            found[axis] = _merged(runs)
    return found


def _log(trial: RecordedTrial, metric: str) -> np.ndarray:
    """Rows of one trial's validation log, shape ``(points, 3)``: examples seen, seconds, metric."""
    key = f"val/{metric}"
    rows = [
        [_number(entry.get(column)) for column in (*AXES, key)]
        for entry in metric_lines(trial, kind="val")
        if np.isfinite(_number(entry.get(key)))
    ]
    return np.array(rows, dtype=float).reshape(-1, len(AXES) + 1)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _merged(runs: list[tuple[np.ndarray, np.ndarray]]) -> Curve:
    start = max(x[0] for x, _ in runs)
    stop = max(x[-1] for x, _ in runs)
    points = np.unique(np.concatenate([x for x, _ in runs]))
    points = points[(points >= start) & (points <= stop)]
    grid = points if len(points) <= _GRID else np.linspace(start, stop, _GRID)
    values = np.stack([np.interp(grid, x, y) for x, y in runs])
    low, high = (values.min(0), values.max(0)) if len(runs) < MANY else np.percentile(values, SHARES, axis=0)
    return Curve(grid, values.mean(0), low, high, len(runs))
