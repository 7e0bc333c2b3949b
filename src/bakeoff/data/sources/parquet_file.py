"""Parquet with columns of any type, of which only those that are used have to be text, labels or numbers."""

from __future__ import annotations

import importlib
import io
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.data.sources.table_format import ReadTable, distinct
from bakeoff.errors import DataError

_INDEX = "__index_level_0__"


def read_parquet(content: bytes | Path, file: Path, *, key: str, most: int | None = None) -> ReadTable:
    """The columns of a file, in types that the ``datasets`` library has; each row's number from 1.

    Identifiers (UUID) and periods become text, maps lists of their entries.

    Args:
        content: the bytes, or where they lie.
        file: where they lie, for errors.
        key: the setting to blame.
        most: rows that are wanted; None is all.

    Raises:
        DataError: no Parquet file, or a damaged one.
    """
    importlib.import_module("pandas.core.arrays.arrow.extension_types")  # registers the type of periods
    try:
        opened = pq.ParquetFile(io.BytesIO(content) if isinstance(content, bytes) else content)
        table = opened.read() if most is None else _first_rows(opened, most)
    except (pa.ArrowException, OSError) as error:
        problem = f"{file} is no Parquet file ({str(error)[:200]})"
        raise DataError("data.unreadable", key, file.name, problem, next_step="write it again") from error
    kept = [place for place, name in enumerate(table.column_names) if name != _INDEX]
    names = distinct([table.column_names[place] for place in kept])
    columns = [_plain(table.column(place)) for place in kept]
    found = pa.Table.from_arrays(columns, names=names).replace_schema_metadata(table.schema.metadata)
    return ReadTable(found, range(1, len(found) + 1))


def _first_rows(opened: pq.ParquetFile, most: int) -> pa.Table:
    batches = [batch.slice(0, most) for batch in islice(opened.iter_batches(batch_size=most), 1)]
    return pa.Table.from_batches(batches, None if batches else opened.schema_arrow)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type == pa.uuid():
        return pa.chunked_array([[None if value is None else str(value) for value in column.to_pylist()]], pa.string())
    values = column.to_pandas() if isinstance(column.type, pa.BaseExtensionType) else None
    if values is not None and isinstance(values.dtype, pd.PeriodDtype):
        return pa.chunked_array([values.astype(str).where(values.notna(), None)], pa.string())
    plain = _plain_type(column.type)
    if plain == column.type:
        return column
    try:
        found = column.cast(plain)
        found.validate()
    except pa.ArrowInvalid:  # pyarrow 25 casts list views to lists that are not valid
        return pa.chunked_array([column.to_pylist()], plain)
    return found


def _plain_type(found: pa.DataType) -> pa.DataType:
    """A type that the ``datasets`` library has, to which the type can be cast."""
    if isinstance(found, pa.BaseExtensionType):
        return pa.bool_() if found == pa.bool8() else _plain_type(found.storage_type)
    if pa.types.is_string_view(found):
        return pa.large_string()
    if pa.types.is_binary_view(found):
        return pa.large_binary()
    if pa.types.is_dictionary(found):
        return _plain_type(found.value_type)
    if pa.types.is_decimal(found) and found.bit_width < 128:
        return pa.decimal128(found.precision, found.scale)
    if pa.types.is_map(found):
        return pa.list_(pa.struct([("key", _plain_type(found.key_type)), ("value", _plain_type(found.item_type))]))
    if pa.types.is_struct(found):
        return pa.struct([(field.name, _plain_type(field.type)) for field in found])
    if pa.types.is_fixed_size_list(found):
        return pa.list_(_plain_type(found.value_type), found.list_size)
    if pa.types.is_large_list(found) or pa.types.is_large_list_view(found):
        return pa.large_list(_plain_type(found.value_type))
    if pa.types.is_list(found) or pa.types.is_list_view(found):
        return pa.list_(_plain_type(found.value_type))
    return found
