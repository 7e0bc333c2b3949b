"""Files of the time series classification archives: ``.ts``, and the tables of numbers of the UCR archive.

Bagnall et al. 2018, "The UEA multivariate time series classification archive", arXiv:1811.00075 (``.ts``); Dau et al.
2019, "The UCR time series archive", arXiv:1810.07758 (tables: the class, then the values, between tabs).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bakeoff.data.sources.decoding import decoded
from bakeoff.data.sources.unpacking import PACKED, unpacked
from bakeoff.errors import DataError

_MISSING = frozenset({"?", "nan", ""})
_OUTSIDE = re.compile(r":(?![^(]*\))")  # a colon that no stamp holds
_STAMPED = re.compile(r"\(([^()]*),([^(),]*)\)")
_TABLES = (".tsv", ".txt")


@dataclasses.dataclass(frozen=True)
class FoundSeries:
    """Series as they stand in a file.

    Attributes:
        series: of each the channels, a list of values each, NaN where one is missing.
        labels: of each; None where the file has none.
        lines: where each stands, from 1.
        notes: what was decided.
    """

    series: list[list[list[float]]]
    labels: Sequence[str | None]
    lines: list[int]
    notes: tuple[str, ...] = ()


def holds_series(file: Path) -> bool:
    """Whether a file is of one of these formats, by its name and its first lines."""
    suffix = series_suffix(file.name)
    try:
        start = unpacked(file, key="data.file", most=1 << 16)[1].decode("utf-8", "replace")
    except (DataError, OSError):
        return False
    if suffix == ".ts":
        return any(line.lower().startswith("@problemname") for line in start.splitlines())
    fields = start.partition("\n")[0].split()
    return suffix in _TABLES and len(fields) > 2 and all(_is_number(field) for field in fields)


def series_suffix(name: str) -> str:
    """The ending of a file, below that of a compression."""
    path = Path(name.lower())
    return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix


def read_series(file: Path, *, key: str, encoding: str = "utf-8") -> FoundSeries:
    """The series of a file.

    Args:
        file: ``.ts``, ``.tsv`` or ``.txt``, compressed or not.
        key: the setting to blame.
        encoding: of the file.

    Raises:
        DataError: it is none of these, with the line where it stops to be one, or it holds no series.
    """
    name, content = unpacked(file, key=key)
    text = decoded(content, file, encoding=encoding, key=key)
    suffix = series_suffix(name)
    if suffix != ".ts" and suffix not in _TABLES:
        allowed = ".ts, or .tsv and .txt with a class and numbers a line"
        step = "data=series_table reads a long table, a row a step"
        raise DataError("data.unknown_format", key, file.name, "is no file of series", allowed=allowed, next_step=step)
    found = _read_ts(text, file, key) if suffix == ".ts" else _read_table(text, file, key)
    if not found.series:
        raise DataError("data.empty_split", key, file.name, f"{file} holds no series")
    return found


def _read_ts(text: str, file: Path, key: str) -> FoundSeries:
    series, labels, lines, said = [], [], [], dict[str, str]()
    begun = False
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            name, _, value = line[1:].partition(" ")
            said[name.lower()] = value.strip()
            begun = begun or name.lower() == "data"
            if begun and _is_true(said.get("targetlabel")):
                _refuse_quantities(file, key)
        elif not begun:
            _refuse(file, number, key, "holds values before @data")
        else:
            channels = _OUTSIDE.split(line)
            labels.append(channels.pop().strip() if _is_true(said.get("classlabel")) else None)
            series.append([_numbers(channel, said, file, number, key) for channel in channels])
            lines.append(number)
    return FoundSeries(series, labels, lines)


def _numbers(channel: str, said: dict[str, str], file: Path, line: int, key: str) -> list[float]:
    """The values of a channel; of stamped ones, what stands after each stamp."""
    if _is_true(said.get("timestamps")):
        fields = [value for _, value in _STAMPED.findall(channel)]
    else:
        fields = channel.split(",")
    return [_number(field, file, line, key) for field in fields]


def _read_table(text: str, file: Path, key: str) -> FoundSeries:
    """A class and its values a line; missing values at the end are where a shorter series ended."""
    series, labels, lines, num_cut = [], [], [], 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split("\t") if "\t" in line else line.split()
        values = [_number(field, file, number, key) for field in fields[1:]]
        length = len(values)
        while length and math.isnan(values[length - 1]):
            length -= 1
        num_cut += length < len(values)
        series.append([values[:length]])
        labels.append(_class_name(fields[0].strip()))
        lines.append(number)
    cut = f"{num_cut:,} series of {file.name} end in missing values, which are left out: they are shorter"
    return FoundSeries(series, labels, lines, (f"{cut} than the longest.",) * bool(num_cut))


def _class_name(field: str) -> str:
    """Classes of the archive's older files are written as ``1.0000000e+00``."""
    value = float(field) if _is_number(field) else math.nan
    return str(int(value)) if value == round(value or 0) and math.isfinite(value) else field


def _number(field: str, file: Path, line: int, key: str) -> float:
    field = field.strip()
    if field.lower() in _MISSING:
        return math.nan
    try:
        return float(field)
    except ValueError:
        _refuse(file, line, key, f"holds {field!r} where a number should be")


def _refuse_quantities(file: Path, key: str) -> NoReturn:
    problem = f"{file} has a quantity for each series (@targetLabel), which is regression: no task here learns it"
    raise DataError("data.float_labels", key, file.name, problem, next_step="give a file with @classLabel true")


def _refuse(file: Path, line: int, key: str, problem: str) -> NoReturn:
    allowed = "numbers, ? where one is missing"
    raise DataError("data.not_a_number", key, file.name, f"line {line:,} {problem}", allowed=allowed)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_true(value: str | None) -> bool:
    return (value or "").lower().split()[:1] == ["true"]


def counterpart(file: Path) -> Path | None:
    """``NAME_TEST`` beside a ``NAME_TRAIN``, as the archives call the two parts; None where there is none."""
    other = re.sub("_TRAIN(?=[^/]*$)", "_TEST", file.name)
    path = file.with_name(other)
    return path if other != file.name and path.is_file() else None
