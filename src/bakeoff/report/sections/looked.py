"""``explanations.json`` as a section of the report, a page of its own and a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.report.numbers import typeset
from bakeoff.report.palette import Look
from bakeoff.report.sections.exhibit_kinds import KINDS
from bakeoff.report.sections.exhibits import Group, beside_each_other

WAYS = ("deletion", "insertion")


@dataclass(frozen=True)
class Compared:
    """An area under a curve, that of random orders, and by how much it is better, as texts."""

    area: str
    random: str
    better: str
    interval: str

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Compared:
        """What ``explanations.json`` holds of one way."""
        area, random, better = (typeset(f"{found[key]:.3f}") for key in ("area", "random_area", "better_by"))
        return cls(area, random, better, typeset(f"{found['low']:.3f}, {found['high']:.3f}"))


@dataclass(frozen=True)
class Held:
    """One attribution of one contender: deletion and insertion, and whether it beats random orders in both of them."""

    name: str
    attribution: str
    parts: Sequence[Compared]
    says: str


def held_rows(found: Mapping[str, Any]) -> list[Held]:
    """One row a contender and attribution."""
    return [
        Held(entry["name"], attribution, [Compared.of(own[way]) for way in WAYS], _says(own))
        for entry in found["contenders"]
        for attribution, own in entry["attributions"].items()
    ]


def _says(own: Mapping[str, Mapping[str, float]]) -> str:
    words = []
    for way in WAYS:
        low, high = own[way]["low"], own[way]["high"]
        words.append("yes" if low > 0 else "worse" if high < 0 else "undecided")
    return words[0] if words[0] == words[1] else ", ".join(words)


def looked_context(found: Mapping[str, Any] | None, looks: Mapping[str, Look], missing: list[str]) -> dict[str, Any]:
    """What the section needs; ``looked_at`` is None where nothing was explained."""
    if found is None:
        return {"looked_at": None}
    lists = {entry["name"]: entry["shown"] for entry in found["contenders"]}
    groups: list[Group] = beside_each_other(lists, "looked", looks, missing)
    kinds = dict.fromkeys(card.kind for group in groups for card in group.cards)
    notes = [KINDS[kind].how for kind in kinds if kind.startswith("weighed")]
    return {"looked_at": found, "looked_rows": held_rows(found), "looked_groups": groups, "looked_notes": notes}


def print_looked(found: Mapping[str, Any], console: Console) -> None:
    """The table of how far attributions hold."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in ("contender", "attribution", *WAYS, "beats"):
        table.add_column(column, no_wrap=True)
    for row in held_rows(found):
        cells = [f"{part.area} ({part.random}): {part.better} [{part.interval}]" for part in row.parts]
        table.add_row(Text(row.name), row.attribution, *(Text(cell) for cell in cells), row.says)
    console.print(table)
    console.print("areas, in brackets those of random orders, then by how much they are better, with 95 % intervals;")
    console.print("beats: whether random orders are beaten, where the two differ first in deletion, then in insertion")
