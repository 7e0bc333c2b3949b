"""Rolling-origin evaluation: which steps are learnt from, validated and tested, and the windows that answer for them.

Each window forecasts the ``horizon`` steps from its origin on. Those of one split never reach into another split;
what a window looks back on may lie anywhere before its origin, since all of that is known by then.

S series, W windows.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.checks import require_choice
from bakeoff.data.series.panel import Panel
from bakeoff.data.splits.chronology import RollingOrigin
from bakeoff.data.splits.splitting import Facts, Rows
from bakeoff.errors import ConfigError, DataError
from bakeoff.ranges import SplitSize, WholeNumber

Cut: TypeAlias = Literal["time", "series"]
OnShort: TypeAlias = Literal["error", "pad", "drop"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RollingRule:
    """Where the splits are cut.

    Args:
        val: validation steps, as a fraction of those before the test, or as a count.
        test: test steps, as a fraction of all, or as a count.
        embargo: what is left out before validation and before test: so many steps, or a length such as ``36h``.
        cut: ``time``: at the same times in all series, so that nothing is learnt from the others' future; ``series``:
            each series at its own end, as forecasting competitions do.
    """

    val: SplitSize = 0.15
    test: SplitSize = 0.15
    embargo: WholeNumber | str = 0
    cut: Cut = "time"

    def __post_init__(self) -> None:
        """Refuse an unknown cut, and a length of time where there are no times."""
        require_choice("split.cut", self.cut, get_args(Cut))
        if self.cut == "series" and isinstance(self.embargo, str):
            problem = "is a length of time, and data.split.cut=series counts steps"
            raise ConfigError("config.contradiction", "data.split.embargo", self.embargo, problem)


@dataclasses.dataclass(frozen=True)
class Folds:
    """Of each series where the steps of train, validation and test begin and end, ``(S, 2)`` each."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def cut_folds(panel: Panel, rule: RollingRule) -> Folds:
    """The steps of each split.

    Raises:
        DataError: a split would have none.
    """
    rows = _rows_of(panel)
    if rule.cut == "series":
        clock = np.zeros(len(panel.values), dtype=np.int64)
        clock[rows] = rows - np.repeat(panel.stops, panel.stops - panel.starts)
    else:
        clock = panel.times
    axis = np.unique(clock[rows])
    facts = Facts(parts=np.full(len(axis), "train"), times=axis)
    parted = RollingOrigin(val=rule.val, test=rule.test, embargo=rule.embargo).decide(facts)
    bounds = [
        np.stack([_first_at(panel, clock, axis[part[0]]), _first_at(panel, clock, axis[part[-1]], after=True)], axis=1)
        for part in (parted.train, parted.val, parted.test)
    ]
    return Folds(*bounds)


def _rows_of(panel: Panel) -> Rows:
    """All rows with values, series after series."""
    counts = panel.stops - panel.starts
    return np.repeat(panel.starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def _first_at(panel: Panel, clock: NDArray[Any], time: Any, *, after: bool = False) -> Rows:
    """Of each series the first row at this time or later, or later alone; its stop where there is none."""
    earlier = np.concatenate([[0], np.cumsum(clock <= time if after else clock < time)])
    return panel.starts + earlier[panel.stops] - earlier[panel.starts]


@dataclasses.dataclass(frozen=True)
class Windows:
    """The row at which each window's forecast begins, and its series by number, ``(W,)`` each."""

    origins: Rows
    series: Rows

    def __len__(self) -> int:
        """How many there are."""
        return len(self.origins)

    def joined(self, *others: Windows) -> Windows:
        """These, and then those."""
        every = (self, *others)
        return Windows(np.concatenate([w.origins for w in every]), np.concatenate([w.series for w in every]))


def windows_of(
    bounds: NDArray[np.int64], starts: Rows, *, least: int, horizon: int, stride: int, slide: bool
) -> Windows:
    """The windows whose forecasts lie within the bounds.

    Args:
        bounds: of each series where its steps begin and end, ``(S, 2)``.
        starts: where each series begins, ``(S,)``.
        least: steps that a window looks back on.
        horizon: steps that it forecasts.
        stride: steps from one window to the next.
        slide: begin as late as ``least`` asks for; else a series that lacks steps at the beginning has no window.
    """
    firsts = np.maximum(bounds[:, 0], starts + least) if slide else bounds[:, 0]
    room = bounds[:, 1] - horizon - firsts
    counts = np.where((room >= 0) & (firsts >= starts + least), room // stride + 1, 0)
    series = np.repeat(np.arange(len(starts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Windows(firsts[series] + stride * nth, series)


def long_enough(panel: Panel, on_short: OnShort, *, window: int, horizon: int) -> tuple[Panel, list[str]]:
    """The series that have a whole window, or all of them where what they lack is padded.

    Raises:
        DataError: some are shorter, unless ``on_short`` says what becomes of them, or all are.
    """
    lengths = panel.stops - panel.starts
    short = lengths < window + horizon
    if not short.any() or on_short == "pad":
        return panel, []
    first = int(np.flatnonzero(short)[0])
    said = (
        f"{short.sum():,} of {len(lengths):,} series are shorter than window + horizon = {window + horizon}, such as "
    )
    said += f"{panel.names[first]} with {lengths[first]:,} steps"
    if on_short == "error" or short.all():
        usable = int(lengths.min()) - horizon
        step = f"data.window={usable} is the largest that all have, or " if usable > 0 else ""
        step += "data.on_short=pad (what a window lacks is marked) or drop"
        raise DataError("data.short_series", "data.window", window, said, next_step=step)
    return panel.of(~short), [f"{said}; they were left out (data.on_short)."]
