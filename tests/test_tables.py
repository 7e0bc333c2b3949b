"""Arrow tables of NumPy arrays and back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from bakeoff.tables import column, table_of, to_arrow

DTYPES = ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", ">f4", "U3"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_arrow_array_is_that_of_pyarrow(dtype: str) -> None:
    values_N = np.array([0, 1, 1, 0, 3])[::-1].astype(dtype)
    native_N = values_N.astype(values_N.dtype.newbyteorder("="))
    assert to_arrow(native_N).equals(pa.array(native_N))
    table = table_of(flat=native_N, deep=np.stack([native_N, native_N], axis=1))
    assert column(table, "flat").tolist() == native_N.tolist()
    assert column(table.slice(1, 3), "flat").tolist() == native_N[1:4].tolist()
    assert column(table.slice(1, 3), "deep").tolist() == [[value, value] for value in native_N[1:4].tolist()]
    assert dtype == "U3" or column(table, "flat").dtype == native_N.dtype


def test_a_strided_array_and_one_of_nothing_come_back() -> None:
    values_NK = np.arange(12, dtype=np.float32).reshape(4, 3)[:, ::2]
    assert np.array_equal(column(table_of(deep=values_NK), "deep"), values_NK)
    empty = table_of(flat=np.empty(0, dtype=np.int32), deep=np.empty((0, 2)))
    assert column(empty, "flat").shape == (0,) and column(empty, "deep").shape == (0, 2)


def test_numbers_that_are_missing_are_no_numbers() -> None:
    (first, second, third) = column(pa.table({"seen": pa.array([1, None, 3])}), "seen")
    assert (first, third) == (1, 3) and np.isnan(second)
