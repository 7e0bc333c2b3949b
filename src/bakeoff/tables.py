"""Tables with a row an example: what trials seal, what labels are, what `predict` writes.

An Arrow table holds lists of any length, structs and texts without Python objects. It concatenates, takes rows by
index, and has one form as bytes, so that it can be hashed and sealed.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

_OPTIONS = ipc.IpcWriteOptions(compression="zstd")


def table_of(**columns: Any) -> pa.Table:
    """A table of columns of equal length.

    Args:
        **columns: arrays whose first axis is the examples' (``(N,)`` are plain columns; the further axes of others
            become lists of fixed length), Arrow arrays, or sequences of what Arrow takes (texts, lists, mappings).
    """
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: Any) -> pa.Array:
    if not isinstance(values, np.ndarray):
        return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    found = to_arrow(values.reshape(-1))
    for length in values.shape[:0:-1]:
        found = pa.FixedSizeListArray.from_arrays(found, length)
    return found


def to_arrow(values_N: np.ndarray) -> pa.Array:
    """An Arrow array of an array of NumPy, whose memory it shares where it holds numbers.

    ``pa.array`` imports pandas, where it is installed, to ask whether the values are its own (pyarrow 25.0.1); that
    takes a training a tenth of its start.
    """
    if values_N.dtype.kind not in "iuf" or not values_N.dtype.isnative:
        return pa.array(values_N)
    buffer = pa.py_buffer(np.ascontiguousarray(values_N))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values_N.dtype), len(values_N), [None, buffer])


def _to_numpy(values_N: pa.Array) -> np.ndarray:
    """The inverse of `to_arrow`; numbers that lack values become floats."""
    kind = values_N.type
    if pa.types.is_boolean(kind) or values_N.null_count or not len(values_N):
        return values_N.to_numpy(zero_copy_only=False)
    letter = "f" if pa.types.is_floating(kind) else "u" if pa.types.is_unsigned_integer(kind) else "i"
    size = kind.bit_width // 8
    return np.frombuffer(values_N.buffers()[1], f"{letter}{size}", count=len(values_N), offset=size * values_N.offset)


def column(table: pa.Table, name: str) -> np.ndarray:
    """A column as an array: numbers as they are, lists of fixed length as further axes, anything else as objects."""
    found, shape = _joined(table[name]), [len(table)]
    while pa.types.is_fixed_size_list(found.type):
        shape.append(found.type.list_size)
        found = found.flatten()
    if pa.types.is_integer(found.type) or pa.types.is_floating(found.type) or pa.types.is_boolean(found.type):
        return _to_numpy(found).reshape(shape)
    objects = np.empty(math.prod(shape), dtype=object)
    objects[:] = found.to_pylist()
    return objects.reshape(shape)


def _joined(values: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(values.chunks) if values.num_chunks != 1 else values.chunk(0)


def join(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all tables, one after the other."""
    return pa.concat_tables(tables).combine_chunks()


def in_order_of(table: pa.Table, positions: np.ndarray) -> pa.Table:
    """The rows put where ``positions`` says that each one belongs."""
    return table.take(to_arrow(np.argsort(positions, kind="stable")))


def repeat_row(table: pa.Table, count: int) -> pa.Table:
    """A table of one row, so many times."""
    return table.take(to_arrow(np.zeros(count, dtype=np.int64)))


def digest(table: pa.Table) -> str:
    """SHA-256 of the table as bytes: the same for equal columns, types and values."""
    return hashlib.sha256(to_bytes(table)).hexdigest()


def to_bytes(table: pa.Table) -> bytes:
    """The table as an Arrow file; equal tables give equal bytes, however they were put together."""
    whole = table.replace_schema_metadata(None).combine_chunks()
    columns = [pc.take(_joined(part), to_arrow(np.arange(len(table)))) for part in whole.columns]  # no slices, no slack
    batch = pa.RecordBatch.from_arrays(columns, schema=whole.schema)
    sink = io.BytesIO()
    with ipc.new_file(sink, whole.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def from_bytes(content: bytes) -> pa.Table:
    """The inverse of `to_bytes`.

    Raises:
        ValueError: the bytes are no Arrow file.
    """
    return ipc.open_file(pa.BufferReader(content)).read_all()


def read_table(path: Path) -> pa.Table:
    """The table of a file.

    Raises:
        OSError: there is no such file.
        ValueError: it is no Arrow file.
    """
    return from_bytes(path.read_bytes())
