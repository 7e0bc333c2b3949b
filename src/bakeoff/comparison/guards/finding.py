"""What a guard says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["refuse", "stamp", "warn"]


@dataclass(frozen=True)
class Finding:
    """A broken rule of the protocol.

    Attributes:
        guard: the name of the guard that found it.
        severity: ``refuse`` (no verdict stands on this), ``stamp`` (the verdict stands, and the report says so on top),
            ``warn`` (a sentence among the warnings).
        problem: what is wrong, in one sentence.
    """

    guard: str
    severity: Severity
    problem: str

    def to_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return asdict(self)


def few(names: list[str], *, limit: int = 5) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
