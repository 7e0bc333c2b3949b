"""The text of a file: its encoding, and the line that is in another."""

from __future__ import annotations

import codecs
from pathlib import Path

from bakeoff.data.sources.unpacking import unpacked
from bakeoff.errors import DataError

_OF_FLAGS = ("scores", "--validation")
"""What `bakeoff verdict` is told of tables."""


def read_text(file: Path, *, encoding: str, key: str = "data.file") -> str:
    """A file's text, unpacked, without a byte-order mark and with its line ends as they are.

    Raises:
        DataError: the file is in another encoding (with the line), damaged, or there is no such encoding.
    """
    return decoded(unpacked(file, key=key)[1], file, encoding=encoding, key=key)


def decoded(content: bytes, file: Path, *, encoding: str, key: str, cut: bool = False) -> str:
    """The text that a file's bytes are, as `read_text`; of ``cut`` off bytes, the whole characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content) if cut else content.decode(encoding)
        return text.removeprefix("\ufeff")
    except LookupError as error:
        allowed = "utf-8, latin-1, cp1252, utf-16, ... (Python's names)"
        setting = beside(key, "encoding")
        raise DataError("data.encoding", setting, encoding, "is no encoding", allowed=allowed) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"line {line} of {file} is not {encoding} (byte {error.start:,} is 0x{content[error.start]:02x})"
        setting = beside(key, "encoding")
        next_step = f"{setting}=cp1252 or latin-1 if it comes from an older program, or save it as UTF-8"
        if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            next_step = f"{setting}=utf-16, which its first two bytes say it is"
        raise DataError("data.encoding", key, file.name, problem, next_step=next_step) from error


def beside(key: str, name: str) -> str:
    """The setting of a name beside another: ``data.sep`` of ``data.file``, ``sep`` of ``input``, or ``--sep``."""
    if key in _OF_FLAGS:
        return f"--{name}"
    return f"{key.rpartition('.')[0]}.{name}".lstrip(".")
