"""A source's splits as one table of series with a class each, and what becomes of their missing values.

N series, T steps, K channels.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.checks import require_choice
from bakeoff.data.labelled_series.columns import LabelledSeriesColumns
from bakeoff.data.labels import OnMissing, one_label
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import Table, source_rows
from bakeoff.errors import DataError

Fill: TypeAlias = Literal["error", "linear", "zero"]
Values: TypeAlias = NDArray[np.float32]
"""A series, ``(T, K)``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledSeriesTable(Table):
    """All rows; ``values`` holds each series, ``(T, K)``, NaN where a value is missing."""

    noun = "series"

    values: list[Values]

    def digests(self) -> list[bytes]:
        """A hash of each series."""
        return [
            hashlib.blake2b(f"{own_TK.shape}".encode() + own_TK.tobytes(), digest_size=16).digest()
            for own_TK in self.values
        ]


def read_table(
    splits: DatasetDict, columns: LabelledSeriesColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> LabelledSeriesTable:
    """Find the columns, read series and classes, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of series without a class.

    Raises:
        DataError: missing columns, unusable labels, an empty split, or series of different channels.
    """
    rows = source_rows(splits, split)
    column_of = {"series": columns.series, "label": columns.label}
    rows.require_columns(column_of)
    rows, labels = one_label(rows, columns.label, kind=columns.label_kind, on_missing=on_missing)
    facts = rows.facts(split)
    stored = [row for dataset in rows.datasets.values() for row in dataset[columns.series]]
    return LabelledSeriesTable(
        **facts,
        column_of=column_of,
        labels=labels,
        label_order=naming.class_order(rows.train, columns.label, {name for names in labels for name in names}),
        values=series_of(stored, facts["examples"]),
    )


def series_of(rows: Iterable[Sequence[Sequence[float | None]]], examples: Sequence[str]) -> list[Values]:
    """Each series ``(T, K)`` of its channels.

    Raises:
        DataError: channels of different length within a series, none at all, series of different channels, or values
            that are infinite.
    """
    found: list[Values] = []
    for channels, name in zip(rows, examples, strict=True):
        lengths = {len(channel) for channel in channels}
        if len(lengths) != 1 or not max(lengths):
            problem = f"{name} has channels of {' and '.join(map(str, sorted(lengths))) or 'no'} steps"
            raise _refusal("data.uneven_channels", problem, "as many steps in each channel, at least one")
        own_TK = np.array(channels, dtype=np.float32).T
        if found and own_TK.shape[1] != found[0].shape[1]:
            problem = f"{name} has {own_TK.shape[1]} channels, and {examples[0]} has {found[0].shape[1]}"
            raise _refusal("data.uneven_channels", problem, "as many channels in each series")
        if np.isinf(own_TK).any():
            raise _refusal(
                "data.infinite", f"{name} has values that are infinite", "numbers, or ? where one is missing"
            )
        found.append(np.ascontiguousarray(own_TK))
    return found


def completed(values: Sequence[Values], fill: Fill, examples: Sequence[str]) -> tuple[list[Values], list[str]]:
    """The series without missing values, and a note that says how many there were.

    Args:
        values: of each series, NaN where one is missing.
        fill: ``error``; ``linear``: on the line between its neighbours, at the ends the nearest; ``zero``.
        examples: what each is called.

    Raises:
        DataError: missing values under ``error``, or a channel without any value under ``linear``.
        ConfigError: another ``fill``.
    """
    require_choice("fill", fill, get_args(Fill))
    lacking = [row for row, own_TK in enumerate(values) if np.isnan(own_TK).any()]
    if not lacking:
        return list(values), []
    count = sum(int(np.isnan(values[row]).sum()) for row in lacking)
    first = lacking[0]
    said = f"{count:,} values are missing, in {len(lacking):,} of {len(values):,} series (first: {examples[first]})"
    if fill == "error":
        step = "data.fill=linear (the line between neighbours) or data.fill=zero"
        raise DataError("data.missing_values", "data.fill", fill, said, allowed="linear, zero", next_step=step)
    whole = list(values)
    for row in lacking:
        whole[row] = np.nan_to_num(values[row]) if fill == "zero" else _interpolated(values[row], examples[row])
    return whole, [f"{said}: filled (data.fill={fill})."]


def _interpolated(own_TK: Values, name: str) -> Values:
    steps_T, whole_TK = np.arange(len(own_TK)), own_TK.copy()
    for channel in range(own_TK.shape[1]):
        there_T = ~np.isnan(own_TK[:, channel])
        if not there_T.any():
            problem = f"channel {channel + 1} of {name} has no value at all"
            raise DataError("data.missing_values", "data.fill", "linear", problem, next_step="data.fill=zero")
        whole_TK[:, channel] = np.interp(steps_T, steps_T[there_T], own_TK[there_T, channel])
    return whole_TK


def shown(own_TK: NDArray[Any], *, most: int = 5) -> str:
    """A series in a few words: how long it is, and its first values."""
    first = ", ".join("/".join(f"{value:.3g}" for value in step) for step in own_TK[:most].tolist())
    return f"{len(own_TK):,} steps: {first}{', ...' if len(own_TK) > most else ''}"


def _refusal(code: str, problem: str, allowed: str) -> DataError:
    return DataError(code, "data", None, problem, allowed=allowed)
