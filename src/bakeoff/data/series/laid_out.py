"""Series cut into folds and windows: what all trials share.

S series, W windows, N rows.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.contract import SPLITS
from bakeoff.data.series.copies import note_on_copies
from bakeoff.data.series.folds import Folds, OnShort, RollingRule, Windows, cut_folds, long_enough, windows_of
from bakeoff.data.series.leaks import require_no_leaks
from bakeoff.data.series.panel import Panel
from bakeoff.data.series.scales import seasonal_scales
from bakeoff.data.series.stamps import shown
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError

_FEWEST_SERIES = 20
"""From so many on a series is the independent unit; of fewer no winner could be told (rule 22)."""
_MOST_BLOCKS = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """How series are cut.

    Args:
        rule: where the splits are.
        window: steps that a forecast looks back on.
        horizon: steps that it forecasts.
        season: steps of a season.
        stride: steps between training windows.
        eval_stride: steps between the windows of validation and test; None: ``horizon``, so that none overlap.
        on_short: what becomes of series shorter than window and horizon.
        block: steps of time of a block, the unit where series are few; None: see `blocks_of`.
        allow_leak: put up with a feature that tells the values to come.
    """

    rule: RollingRule
    window: int
    horizon: int
    season: int
    stride: int
    eval_stride: int | None
    on_short: OnShort
    block: int | None
    allow_leak: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaidOut:
    """The outcome.

    Args:
        panel: the series that are used.
        folds: their steps of each split.
        windows: of all splits, train first.
        rows: the numbers of each split's windows.
        scales: of each series before validation and before the test, ``(S,)`` each, by split.
        units: what each test window belongs to, by its number within the test.
        num_leaks: features that tell the values to come, and were put up with.
        notes: sentences for the report.
    """

    panel: Panel
    folds: Folds
    windows: Windows
    rows: dict[str, Rows]
    scales: dict[str, NDArray[np.float64]]
    units: dict[str, list[str]]
    num_leaks: int
    notes: tuple[str, ...]


def lay_out(panel: Panel, layout: Layout) -> LaidOut:
    """Folds, windows and scales.

    Raises:
        DataError: a split would have no window, series are too short, or a feature tells the values to come.
    """
    panel, notes = long_enough(panel, layout.on_short, window=layout.window, horizon=layout.horizon)
    num_leaks, leaks = require_no_leaks(panel, horizon=layout.horizon, allow_leak=layout.allow_leak)
    folds = cut_folds(panel, layout.rule)
    by_split = {"train": _windows(panel, folds.train, layout, slide=True)}
    by_split |= {name: _windows(panel, bounds, layout) for name, bounds in (("val", folds.val), ("test", folds.test))}
    for name, windows in by_split.items():
        _require_windows(name, windows, layout)
    counts = np.cumsum([0, *(len(by_split[name]) for name in SPLITS)])
    scales = {}
    for name, answered in (("val", ("train", "val")), ("test", ("test",))):
        before = np.maximum(getattr(folds, name)[:, 0], panel.starts)
        needed = np.unique(np.concatenate([by_split[split].series for split in answered]))
        scales[name] = seasonal_scales(panel, before, season=layout.season, needed=needed)
    known = np.stack([folds.train[:, 0], folds.test[:, 0]], axis=1)
    return LaidOut(
        panel=panel,
        folds=folds,
        windows=by_split["train"].joined(by_split["val"], by_split["test"]),
        rows={name: np.arange(counts[place], counts[place + 1]) for place, name in enumerate(SPLITS)},
        scales={"train": scales["val"]} | scales,
        units={name: _units(panel, by_split[name], layout) for name in ("val", "test")},
        num_leaks=num_leaks,
        notes=(
            *panel.notes,
            *notes,
            *leaks,
            *note_on_copies(panel, known, by_split["test"], horizon=layout.horizon),
            *_notes(panel, by_split["test"], scales["test"]),
        ),
    )


def _windows(panel: Panel, bounds: NDArray[np.int64], layout: Layout, *, slide: bool = False) -> Windows:
    """Those of a split with at least one value to come."""
    least, horizon = layout.window, layout.horizon
    if layout.on_short == "pad":
        least = layout.season + 1  # what a scale takes; the window is padded
    stride = layout.stride if slide else layout.eval_stride or horizon
    found = windows_of(bounds, panel.starts, least=least, horizon=horizon, stride=stride, slide=slide)
    values = np.concatenate([[0], np.cumsum(panel.observed)])
    kept = values[found.origins + horizon] > values[found.origins]
    return found if kept.all() else Windows(found.origins[kept], found.series[kept])


def _require_windows(name: str, windows: Windows, layout: Layout) -> None:
    if len(windows):
        return
    problem = f"the {name} split has no window of {layout.horizon} steps to forecast"
    if name == "train":
        problem += f" after {layout.window} to look back on"
        raise DataError("data.empty_split", "data.window", layout.window, problem, next_step="a smaller data.window")
    step = f"data.split.{name}={layout.horizon} steps or more"
    raise DataError("data.empty_split", f"data.split.{name}", getattr(layout.rule, name), problem, next_step=step)


def _units(panel: Panel, windows: Windows, layout: Layout) -> list[str]:
    """The series of each window where they are many, else its block of time, of all series together."""
    if len(np.unique(windows.series)) >= _FEWEST_SERIES:
        return panel.names[windows.series].tolist()
    block = layout.block or blocks_of(panel, windows, layout)
    times = panel.times[windows.origins]
    if layout.rule.cut == "series":
        places = windows.origins - panel.stops[windows.series]
    else:
        places = np.unique(panel.times, return_inverse=True)[1][windows.origins]
    number = (places - places.min()) // block
    first = {int(one): shown(times[number == one].min()) for one in np.unique(number)}
    return [f"block from {first[one]}" for one in number.tolist()]


def blocks_of(panel: Panel, windows: Windows, layout: Layout) -> int:
    """Steps of a block of time: whole seasons and horizons, and so many that there are at most 40 blocks.

    Errors of windows near each other are alike, so that the longer a block the better, but under 20 nothing is told.
    """
    unit = max(layout.season, layout.horizon, layout.eval_stride or 0)
    span = int((windows.origins - panel.starts[windows.series]).max() + layout.horizon)
    span -= int((windows.origins - panel.starts[windows.series]).min())
    return unit * max(1, -(-span // (unit * _MOST_BLOCKS)))


def _notes(panel: Panel, tested: Windows, scales: NDArray[np.float64]) -> list[str]:
    notes = []
    with_test = np.unique(tested.series)
    flat = with_test[scales[with_test] == 0]
    if len(flat):
        notes.append(
            f"{len(flat):,} of {len(panel.names):,} series never change before the test, such as "
            f"{panel.names[flat[0]]}: they have no scale, and do not count in MASE."
        )
    if len(with_test) < len(panel.names):
        without = len(panel.names) - len(with_test)
        notes.append(f"{without:,} of {len(panel.names):,} series have no test window; they are learnt from alone.")
    return notes
