"""A coded check: a question that a finished bakeoff, or a run, is asked, and the sentence for what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bakeoff.report.reading import Bakeoff

Look = Callable[[Bakeoff], Iterable[str]]
"""From what is recorded to a sentence for each thing that is wrong; nothing where all is well, or it can't be known."""


@dataclass(frozen=True)
class Check:
    """One of them.

    Attributes:
        code: ``B101``; the first digit is its subject.
        title: what it finds, in a few words.
        look: asks it.
    """

    code: str
    title: str
    look: Look

    @property
    def page(self) -> str:
        """Where more is said of it."""
        return f"docs/checks.md#{self.code.lower()}"


@dataclass(frozen=True)
class Found:
    """What a check found."""

    check: Check
    sentence: str

    def to_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return {"code": self.check.code, "title": self.check.title, "found": self.sentence, "page": self.check.page}
