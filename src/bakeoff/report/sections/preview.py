"""Some examples of a data set, drawn as the report draws answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.report.palette import Look
from bakeoff.report.sections.exhibit_kinds import Place, clipped
from bakeoff.report.sections.exhibits import Group, card_of


def preview_context(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A group of one card for each exhibit, and sentences on what can't be drawn."""
    missing: list[str] = []
    groups = []
    for index, entry in enumerate(entries):
        card = card_of(entry, Place("the label", f"sample-{index}", Look("other-0", "v", ())), missing)
        groups += [Group(clipped(entry.get("title") or f"Example {index + 1}", limit=120), "", [card])] if card else []
    return {"samples": groups, "missing": missing}
