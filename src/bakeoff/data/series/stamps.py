"""When values were taken: times read from a column, and the even steps that most of them keep.

N rows.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bakeoff.data.series.columns import is_text, row_name
from bakeoff.errors import DataError

Times: TypeAlias = NDArray[Any]
"""``datetime64[ns]``, or numbers."""
GridKind: TypeAlias = Literal["rows", "number", "time", "months", "business_days"]
_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%b %Y",
    "%d %b %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_DAY_NS = 86_400_000_000_000
_FEWEST_DAYS_OF_MONTH = 28
_WEEKEND = 5
_UNITS = (("day", _DAY_NS), ("hour", 3_600_000_000_000), ("minute", 60_000_000_000), ("second", 1_000_000_000))


def read_times(table: pa.Table, column: str, time_format: str | None) -> Times:
    """A column of numbers, of dates, or of texts that are ISO 8601 or all of one other form.

    Raises:
        DataError: none of it, a mixture of forms, or one that could be day/month or month/day.
    """
    values = table[column]
    if pa.types.is_temporal(values.type):
        times = values.cast(pa.timestamp("ns")).to_numpy()
        return _all_there(table, column, times.astype("datetime64[ns]"), np.isnat(times))
    if not is_text(values):
        numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return _all_there(table, column, _whole_if_so(numbers), np.isnan(numbers))
    coded = pc.dictionary_encode(pc.utf8_trim_whitespace(values)).combine_chunks()
    codes, texts = coded.indices.fill_null(-1).to_numpy(), pd.Series(coded.dictionary.to_pylist(), dtype=object)
    empty = (codes < 0) | np.isin(codes, np.flatnonzero(texts == ""))
    _all_there(table, column, codes, empty)
    return _parsed(table, column, texts, codes, time_format)[codes]


def _parsed(table: pa.Table, column: str, texts: pd.Series, codes: NDArray[Any], time_format: str | None) -> Times:
    numbers = pd.to_numeric(texts, errors="coerce")
    if time_format is None and numbers.notna().all() and not _look_like_dates(texts):
        return _whole_if_so(numbers.to_numpy())
    if time_format is not None:
        found = pd.to_datetime(texts, format=time_format, errors="coerce", utc=True)
        if found.notna().all():
            return _plain(found)
        _refuse_unread(table, column, texts, codes, found.isna(), f"is not of the form {time_format}")
    found = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    if found.notna().all():
        return _plain(found)
    fitting = {
        form: read
        for form in (date + clock for date in _FORMATS for clock in _CLOCKS)
        if (read := pd.to_datetime(texts, format=form, errors="coerce", utc=True)).notna().all()
    }
    if len({tuple(read.astype("int64")[:1000]) for read in fitting.values()}) > 1:
        first, other = itertools.islice(fitting, 2)
        problem = f"{texts[0]!r} could be {first} or {other}"
        step = f"data.time_format={first}, or {other}"
        raise DataError("data.bad_time", "data.columns.time", column, problem, next_step=step)
    if not fitting:
        mixed = "is not ISO 8601, as others are" if found.notna().any() else "is no time that can be read"
        _refuse_unread(table, column, texts, codes, found.isna(), mixed)
    return _plain(next(iter(fitting.values())))


def _look_like_dates(texts: pd.Series) -> bool:
    """Eight digits each, such as 20260131."""
    return bool(texts.str.fullmatch(r"(19|20)\d{6}").all())


def _plain(found: pd.Series) -> Times:
    return found.dt.tz_localize(None).to_numpy().astype("datetime64[ns]")


def _whole_if_so(numbers: NDArray[np.float64]) -> Times:
    whole = np.isfinite(numbers).all() and np.array_equal(numbers, np.round(numbers))
    return numbers.astype(np.int64) if whole else numbers


def _refuse_unread(table: pa.Table, column: str, texts: pd.Series, codes: Any, lost: pd.Series, what: str) -> None:
    rows = np.flatnonzero(np.isin(codes, np.flatnonzero(lost)))
    problem = f"{len(rows):,} of {len(codes):,} times cannot be read: {texts[codes[rows[0]]]!r} at "
    problem += f"{row_name(table, int(rows[0]))} {what}"
    allowed = "numbers, ISO 8601 such as 2026-11-25 13:45, or one other form for all"
    step = "name the form of all, such as data.time_format=%d/%m/%Y"
    raise DataError("data.bad_time", "data.columns.time", column, problem, allowed=allowed, next_step=step)


def _all_there(table: pa.Table, column: str, times: Times, missing: NDArray[np.bool_]) -> Times:
    rows = np.flatnonzero(missing)
    if len(rows):
        problem = f"{len(rows):,} of {len(times):,} rows have no time, the first {row_name(table, int(rows[0]))}"
        raise DataError("data.bad_time", "data.columns.time", column, problem, next_step="leave such rows out")
    return times


@dataclasses.dataclass(frozen=True)
class Grid:
    """Even steps in time.

    Args:
        kind: of numbers, of time, of months or of business days; ``rows`` where nothing but the order is known.
        step: of time in nanoseconds, of months or business days a count, of numbers as they are.
    """

    kind: GridKind
    step: float = 1

    @classmethod
    def of(cls, times: Times, follows: NDArray[np.bool_]) -> Grid:
        """The steps that most times keep to the one before.

        Args:
            times: sorted within each series, shape ``(N,)``.
            follows: whether a row is of the series of the row before it, shape ``(N,)``.
        """
        if times.dtype.kind != "M":
            return cls("number", _most_frequent(np.diff(times)[follows[1:]]))
        step = int(_most_frequent(np.diff(times).astype(np.int64)[follows[1:]]))
        days = times.astype("datetime64[D]")
        if step >= _FEWEST_DAYS_OF_MONTH * _DAY_NS and _are_months(times, days):
            return cls("months", int(_most_frequent(np.diff(_months(days))[follows[1:]])))
        if step == _DAY_NS and len(times) > _WEEKEND and _are_business_days(times, days):
            return cls("business_days", 1)
        return cls("time", step)

    def positions(self, times: Times) -> NDArray[np.float64]:
        """Where times stand, in steps from any place; whole differences are on the grid."""
        if self.kind == "months":
            return _months(times.astype("datetime64[D]")) / self.step
        if self.kind == "business_days":
            return np.busday_count(np.datetime64("1970-01-01", "D"), times.astype("datetime64[D]")).astype(float)
        first = times.min() if len(times) else 0
        return np.asarray(times - first, dtype=np.float64) / self.step

    def after(self, times: Times, count: Any) -> Times:
        """The times ``count`` steps after some, elementwise."""
        if self.kind in ("rows", "number"):
            return times + np.asarray(count * self.step, dtype=times.dtype)
        if self.kind == "time":
            return times + (np.asarray(count) * int(self.step)).astype("timedelta64[ns]")
        days = times.astype("datetime64[D]")
        clock = times - days.astype("datetime64[ns]")
        if self.kind == "business_days":
            return np.busday_offset(days, count, roll="forward").astype("datetime64[ns]") + clock
        months = days.astype("datetime64[M]") + np.asarray(count * int(self.step)).astype("timedelta64[M]")
        last = ((months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")).astype("datetime64[D]")
        within = days - days.astype("datetime64[M]").astype("datetime64[D]")
        at_end = (days + 1).astype("datetime64[M]") > days.astype("datetime64[M]")
        found = np.where(at_end, last, np.minimum(months.astype("datetime64[D]") + within, last))
        return cast(Times, found.astype("datetime64[ns]") + clock)

    @property
    def words(self) -> str:
        """A step in words, such as ``30 minutes``."""
        if self.kind == "time":
            count, unit = next(
                ((self.step / size, unit) for unit, size in _UNITS if self.step % size == 0),
                (self.step / 1e9, "second"),
            )
        else:
            unit = {"rows": "row", "number": "unit", "months": "month", "business_days": "business day"}[self.kind]
            count = self.step
        return f"{count:g} {unit}{'' if count == 1 else 's'}"


def _most_frequent(values: NDArray[Any]) -> float:
    """Of those above 0; 1 where there are none."""
    steps, counts = np.unique(values[values > 0], return_counts=True)
    return steps[counts.argmax()].item() if len(steps) else 1


def _months(days: NDArray[Any]) -> NDArray[np.int64]:
    return days.astype("datetime64[M]").astype(np.int64)


def _are_months(times: Times, days: NDArray[Any]) -> bool:
    """Whether all times are of one day of the month, or the last of it, at one time of day."""
    if len(np.unique(times - days.astype("datetime64[ns]"))) > 1:
        return False
    first = days.astype("datetime64[M]")
    at_end = (days + 1).astype("datetime64[M]") > first
    return bool(at_end.all()) or len(np.unique((days - first.astype("datetime64[D]"))[~at_end])) <= 1


def _are_business_days(times: Times, days: NDArray[Any]) -> bool:
    weekdays = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    return bool((weekdays < _WEEKEND).all()) and len(np.unique(times - days.astype("datetime64[ns]"))) == 1


def shown(time: Any) -> str:
    """A time as people write it."""
    if isinstance(time, np.datetime64):
        text = str(time.astype("datetime64[s]")).replace("T", " ")
        return text.removesuffix(" 00:00:00")
    return f"{time:g}" if isinstance(time, float | np.floating) else str(time)
