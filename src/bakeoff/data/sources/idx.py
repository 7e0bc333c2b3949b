"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the bytes; plain or gzipped.

Source: the format's description on the MNIST page (LeCun, Cortes, Burges).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import DataError

_UNSIGNED_BYTE = 0x08


def read_idx(file: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes, in the shape that its header gives.

    Raises:
        DataError: not an IDX file of bytes, or shorter or longer than its header says.
    """
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, f"cannot be decompressed ({error})") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise _unreadable(file, f"is no IDX file of unsigned bytes (it starts with {content[:4].hex() or 'nothing'})")
    num_dims = content[3]
    start = 4 + 4 * num_dims
    if len(content) < start:
        raise _unreadable(file, "ends within its header")
    shape = struct.unpack(f">{num_dims}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise _unreadable(
            file, f"holds {len(content) - start:,} bytes where its header {shape} asks {math.prod(shape):,}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _unreadable(file: Path, problem: str) -> DataError:
    return DataError("data.bad_idx", "data.path", file, problem, next_step="download the file again")
