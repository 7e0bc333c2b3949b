"""Lists of names within the sentence of a finding."""

from __future__ import annotations


def few(names: list[str], *, limit: int = 5) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
