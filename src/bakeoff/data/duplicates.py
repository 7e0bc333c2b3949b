"""Examples that stand on both sides of a split: found by a hash of their content, then dropped, refused or stamped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError

OnDuplicate: TypeAlias = Literal["error", "drop"]


@dataclasses.dataclass(frozen=True)
class Leak:
    """A row whose content is also that of ``other``, a row of a later split or one that may land in one."""

    row: int
    other: int


def find_leaks(digests: Sequence[bytes], *, pool: Rows, val: Rows, test: Rows) -> list[Leak]:
    """Rows of train or validation that a later split holds too.

    Copies within ``pool`` count as well whenever a split is still to be made from it (``val`` or ``test`` empty), since
    they could land on both sides; the first copy stays. Copies within a given split are no leak.

    Args:
        digests: a hash of each row's content, indexed by row number.
        pool: the rows to train on, and to make missing splits from.
        val: the given validation rows, or none.
        test: the given test rows, or none.
    """
    seen: dict[bytes, int] = {}
    leaks = []
    for rows, splittable in ((test, False), (val, False), (pool, not (len(val) and len(test)))):
        fresh: dict[bytes, int] = {}
        for row in rows.tolist():
            digest = digests[row]
            other = seen.get(digest, fresh.get(digest) if splittable else None)
            if other is not None:
                leaks.append(Leak(row, other))
            fresh.setdefault(digest, row)
        seen = fresh | seen
    return leaks


def settle_leaks(
    leaks: list[Leak], *, dedup: OnDuplicate, allow_leak: bool, examples: Sequence[str], noun: str = "images"
) -> tuple[Rows, int, str | None]:
    """What to do about them: the rows to drop, how many leaks stay, and a sentence for the report about the ``noun``.

    Raises:
        DataError: duplicates, ``dedup=error`` and no ``allow_leak``.
    """
    nothing = np.empty(0, dtype=np.int64)
    if not leaks:
        return nothing, 0, None
    pairs = ", ".join(f"{examples[leak.row]} = {examples[leak.other]}" for leak in leaks[:3])
    if dedup == "drop":
        note = f"{len(leaks):,} training or validation {noun} with a copy elsewhere were dropped ({pairs})."
        return np.array([leak.row for leak in leaks], dtype=np.int64), 0, note
    if allow_leak:
        note = (
            f"LEAK: {len(leaks):,} {noun} stand in more than one split and were kept by data.allow_leak=true ({pairs})."
        )
        return nothing, len(leaks), note
    raise DataError(
        "data.duplicates",
        "data.dedup",
        dedup,
        f"{len(leaks):,} {noun} would stand in more than one split ({pairs})",
        allowed="error, drop",
        next_step="data.dedup=drop removes them from train, data.allow_leak=true keeps them and stamps the report",
    )
