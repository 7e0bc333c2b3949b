"""The only column of a table, as an array."""

import numpy as np
import pyarrow as pa

from bakeoff.tables import column


def values(table: pa.Table) -> np.ndarray:
    """Labels of any kind of data have one column."""
    (name,) = table.column_names
    return column(table, name)
