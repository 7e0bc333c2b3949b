"""Files as they lie there, compressed or not: what one holds decides, not what it is called."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pyarrow as pa

from bakeoff.errors import DataError

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")

_PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\0": lzma.decompress,
    b"\x28\xb5\x2f\xfd": lambda content: pa.input_stream(io.BytesIO(content), compression="zstd").read(),
}
_ZIP = b"PK\x03\x04"
_OTHERS = {
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "export the sheet as CSV"),
    b"%PDF": ("a PDF", "give the table itself"),
    b"SQLite format 3": ("an SQLite database", "export the query's result as CSV"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
}
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def unpacked(file: Path, *, key: str, most: int | None = None) -> tuple[str, bytes]:
    """What a file holds, and its name without the ending of a compression.

    Compressed by gzip, bzip2, xz, zstd or zip (one file within) it is unpacked, whatever its name is.

    Args:
        file: the file.
        key: the setting to blame.
        most: bytes that are wanted; None is all.

    Raises:
        DataError: damaged, an archive of several files, or a workbook, PDF or database.
    """
    with file.open("rb") as opened:
        name, content = file.name, opened.read(-1 if most is None else most)
    if most is not None and content.startswith((_ZIP, *_PACKERS)):
        content = file.read_bytes()
    if content.startswith(_ZIP):
        name, content = _from_zip(file, content, key)
    unpack = next((packer for magic, packer in _PACKERS.items() if content.startswith(magic)), None)
    if unpack is not None:
        try:
            content = unpack(content)
        except _DAMAGED as error:
            _refuse_damaged(file, error, key)
    for magic, (what, next_step) in _OTHERS.items():
        if content.startswith(magic):
            raise DataError("data.unknown_format", key, file.name, f"{file} is {what}", next_step=next_step)
    return name.removesuffix(next((end for end in PACKED if name.lower().endswith(end)), "")), content[:most]


def _from_zip(file: Path, content: bytes, key: str) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names or "mimetype" in names:
                problem, next_step = f"{file} is a workbook", "export the sheet as CSV"
                raise DataError("data.unknown_format", key, file.name, problem, next_step=next_step)
            found = [name for name in names if not _is_clutter(name)]
            if len(found) != 1:
                problem = f"{file} holds {len(found):,} files ({', '.join(found[:3])})"
                raise DataError("data.unknown_format", key, file.name, problem, next_step="unpack it, and give one")
            return Path(found[0]).name, archive.read(found[0])
    except _DAMAGED as error:
        _refuse_damaged(file, error, key)


def _is_clutter(name: str) -> bool:
    """Folders, and what macOS adds."""
    return name.endswith("/") or name.startswith("__MACOSX/") or Path(name).name.startswith(".")


def _refuse_damaged(file: Path, error: Exception, key: str) -> NoReturn:
    problem = f"{file} cannot be unpacked ({str(error) or type(error).__name__})"
    raise DataError("data.unreadable", key, file.name, problem, next_step="fetch it again, or unpack it") from error
