"""Rows whose image or recording cannot be read: refused, or a few of them skipped with a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from bakeoff.errors import DataError

OnBad: TypeAlias = Literal["error", "skip"]
_MOST_BAD = 0.01  # the share of unreadable rows that `skip` puts up with


def settle_bad(
    bad: Mapping[int, str], *, num_rows: int, on_bad: OnBad, examples: Sequence[str], noun: str = "image"
) -> str | None:
    """A sentence for the report on the rows that cannot be read and are skipped, None if there are none.

    Args:
        bad: what is wrong, by row.
        num_rows: all there are.
        on_bad: what becomes of them.
        examples: what each row is called.
        noun: what is read.

    Raises:
        DataError: unreadable rows under ``on_bad=error``, or more than 1 % of all.
    """
    if not bad:
        return None
    shown = "; ".join(f"{examples[row]}: {bad[row]}" for row in sorted(bad)[:3])
    if on_bad == "skip" and len(bad) <= _MOST_BAD * num_rows:
        return f"{len(bad):,} of {num_rows:,} {noun}s cannot be read and were skipped ({shown})."
    limit = "" if on_bad == "error" else f", more than the {_MOST_BAD:.0%} that may be skipped"
    raise DataError(
        f"data.corrupt_{noun}",
        "data.on_bad",
        on_bad,
        f"{len(bad):,} of {num_rows:,} {noun}s cannot be read{limit} ({shown})",
        allowed="error, skip",
        next_step="repair or remove them" + (f", or data.on_bad=skip (at most {_MOST_BAD:.0%})" if not limit else ""),
    )
