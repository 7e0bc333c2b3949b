"""JSON lines: a sequence, the positions of its peaks, and when it was recorded, a line each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True)
class Line:
    """One example; a new one has no positions and may lack a time."""

    name: str
    values: list[float]
    positions: list[int]
    time: float


def read_lines(path: str, *, key: str, time: str) -> list[Line]:
    """All lines of a file.

    Raises:
        DataError: no such file, no lines, or one that is no JSON object with ``values``.
    """
    try:
        texts = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError("data.not_found", key, path, f"can't be read ({error.strerror})") from error
    if not texts:
        raise DataError("data.empty", key, path, "has no lines")
    return [_line(f"{Path(path).name}#{number}", text, key=key, time=time) for number, text in enumerate(texts)]


def _line(name: str, text: str, *, key: str, time: str) -> Line:
    try:
        plain = json.loads(text)
        values, positions = [float(value) for value in plain["values"]], [int(at) for at in plain.get("positions", ())]
        return Line(name, values, positions, float(plain.get(time, 0)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError("data.bad_line", key, name, f"is no example ({error})", allowed='{"values": [...]}') from error


def padded(lines: Sequence[Line], rows: Rows) -> tuple[Tensor, Tensor]:
    """The values of some lines ``(B, T)``, zero after the end of each, and their lengths ``(B,)``."""
    values = [torch.tensor(lines[row].values, dtype=torch.float32) for row in rows]
    lengths_B = torch.tensor([len(row) for row in values])
    return torch.nn.utils.rnn.pad_sequence(values, batch_first=True), lengths_B


def flat(lines: Sequence[Line]) -> list[np.ndarray[Any, Any]]:
    """Everything that lines hold, as arrays to be hashed."""
    return [
        np.array([value for line in lines for value in line.values]),
        np.array([len(line.values) for line in lines]),
        np.array([at for line in lines for at in line.positions]),
        np.array([len(line.positions) for line in lines]),
        np.array([line.time for line in lines]),
    ]
