"""Checks of the protocol: what guards and audits say, and whether anybody asked."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.report.checks.check import Check
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.stamps import findings


def guards(bakeoff: Bakeoff) -> Iterator[str]:
    """A rule of the protocol was broken; copies across splits have a check of their own."""
    yield from (f"{found.name}: {found.problem}" for found in findings(bakeoff) if found.guard != "duplicates")


def opened_often(bakeoff: Bakeoff) -> Iterator[str]:
    """The test was opened more often than declared."""
    declared = max(len(bakeoff.plan.looks), 1)
    if len(bakeoff.openings) > declared:
        yield f"The test was opened {len(bakeoff.openings)} times, and declared were {declared}."


def exploratory(bakeoff: Bakeoff) -> Iterator[str]:
    """Seeds were added after the plan."""
    if bakeoff.verdict.exploratory:
        yield "Seeds were added that were not declared before the first run: the verdict is exploratory."


def changed_since(bakeoff: Bakeoff) -> Iterator[str]:
    """Files are not those that were audited."""
    if bakeoff.audit is not None and bakeoff.audit.changed:
        yield f"Changed since the audit: {', '.join(bakeoff.audit.changed)}."


def disagrees(bakeoff: Bakeoff) -> Iterator[str]:
    """A figure does not follow from what is stored."""
    if bakeoff.audit is not None and bakeoff.audit.differing:
        yield f"{len(bakeoff.audit.differing)} figures do not follow from what is stored (bakeoff audit)."


CHECKS = (
    Check("B601", "a broken rule of the protocol", guards),
    Check("B602", "a test that was opened often", opened_often),
    Check("B603", "seeds that were not declared", exploratory),
    Check("B604", "files that changed after the audit", changed_since),
    Check("B605", "figures that do not follow", disagrees),
)
