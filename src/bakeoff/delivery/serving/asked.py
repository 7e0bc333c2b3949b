"""What a request may ask: read within limits, and refused in one line where it can't be answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from fastapi import Request
from torch import Tensor

from bakeoff.errors import BakeoffError
from bakeoff.training.trial.interface import parts_of

ROWS = "rows"
SUFFIXES = {
    "application/json": ".jsonl",
    "text/csv": ".csv",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
}
"""What a body is read as, by its content type; of JSON, its ``rows``. A kind of data says which of them it takes."""


class Refused(BakeoffError):
    """A request that is not answered.

    Args:
        status: of HTTP.
        problem: what is wrong, in a line.
    """

    exit_code = 2

    def __init__(self, status: int, problem: str) -> None:
        self.status = status
        Exception.__init__(self, problem)

    def line(self) -> str:
        """The problem."""
        return str(self)


@dataclass(frozen=True)
class Limits:
    """The most that a request may hold: bytes of its body, and examples."""

    max_bytes: int
    max_batch: int


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body; one that is too large is read to its end and dropped, so that the client comes to read the answer.

    Raises:
        Refused: it is too large, or empty.
    """
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length <= limits.max_bytes:
            parts.append(part)
        else:
            parts.clear()
    if length > limits.max_bytes:
        raise Refused(413, f"the body has {length:,} bytes; allowed: {limits.max_bytes:,}")
    if not length:
        raise Refused(400, "the body is empty")
    return b"".join(parts)


def parsed(body: bytes) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        Refused: it is none, or holds NaN or an infinity, which JSON has not.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is no JSON ({' '.join(str(error).split())})") from error
    if not isinstance(value, dict):
        raise Refused(400, f"the body must be a JSON object; it is {type(value).__name__}")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise Refused(422, f"{name} is no number that can be answered; leave the row out, or fill the value")


def as_table(body: bytes, limits: Limits) -> bytes:
    """The rows of a JSON body as a table of JSON lines.

    Raises:
        Refused: no rows, too many, or what is no row.
    """
    value = parsed(body)
    _require_keys(value, [ROWS])
    rows = value[ROWS]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Refused(422, f'"{ROWS}" must be a list of objects, one an example, such as [{{"text": "..."}}]')
    require_batch(len(rows), limits)
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def require_batch(count: int, limits: Limits) -> None:
    """Refuses more examples than a request may hold.

    Raises:
        Refused: they are more.
    """
    if count > limits.max_batch:
        raise Refused(413, f"{count:,} examples are more than a request may hold; allowed: {limits.max_batch:,}")


def _require_keys(value: Mapping[str, Any], names: Sequence[str]) -> None:
    unknown, missing = sorted(value.keys() - set(names)), [name for name in names if name not in value]
    if unknown or missing:
        found = ", ".join(sorted(value)) or "nothing"
        raise Refused(422, f"the body must have {', '.join(names)}; it has {found}"[:300])


@dataclass(frozen=True)
class Form:
    """How prepared inputs of a network look.

    Attributes:
        names: of the inputs.
        examples: of typical size, one row each.
        vocab: how many tokens there are, where tokens are taken.
    """

    names: tuple[str, ...]
    examples: tuple[Tensor, ...]
    free: tuple[frozenset[int], ...]
    vocab: int

    def tensors(self, body: bytes, limits: Limits) -> tuple[Tensor, ...]:
        """The inputs of a request.

        Raises:
            Refused: other names, sizes or numbers than the network takes.
        """
        value = parsed(body)
        _require_keys(value, self.names)
        found = tuple(self._tensor(index, value[name]) for index, name in enumerate(self.names))
        if len({len(part) for part in found}) > 1:
            raise Refused(422, "inputs of one request must have as many rows each")
        require_batch(len(found[0]), limits)
        return found

    def _tensor(self, index: int, value: Any) -> Tensor:
        name, example, free = self.names[index], self.examples[index], self.free[index]
        takes_numbers = example.is_floating_point()
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise Refused(422, f"{name} has rows of unequal lengths; pad them") from error
        wanted = ["any" if axis in free else str(size) for axis, size in enumerate(example.shape)]
        sizes = f"{name} must be of shape ({', '.join(wanted)})"
        right = array.ndim == example.ndim and all(
            axis in free or own == size for axis, (own, size) in enumerate(zip(array.shape, example.shape, strict=True))
        )
        if not right or not array.size:
            raise Refused(422, f"{sizes}; it is {array.shape}")
        if array.dtype.kind not in ("iuf" if takes_numbers else "iu"):
            raise Refused(422, f"{name} must hold {'numbers' if takes_numbers else 'whole numbers'}")
        if takes_numbers and not np.isfinite(array.astype(np.float32)).all():
            raise Refused(422, f"{name} holds numbers that are too large")
        if not takes_numbers and self.vocab and not (array.min() >= 0 and array.max() < self.vocab):
            raise Refused(
                422, f"{name} must hold tokens from 0 to {self.vocab - 1}; it has {array.min()} to {array.max()}"
            )
        return torch.from_numpy(array).to(example.dtype)


def form_of(net: torch.nn.Module, spec: Any, named: Mapping[str, Mapping[int, str]]) -> Form:
    """That of a network's inputs."""
    tables = [module.num_embeddings for module in net.modules() if isinstance(module, torch.nn.Embedding)]
    free = tuple(frozenset(axes) for axes in named.values())
    return Form(tuple(named), parts_of(spec.example_inputs(1)), free, min(tables, default=0))
