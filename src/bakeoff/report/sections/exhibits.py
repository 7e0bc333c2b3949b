"""What contenders answered to a few test examples, those to the same example side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.exhibit_kinds import KINDS, Place, clipped


@dataclass(frozen=True)
class Card:
    """One contender's exhibit; ``shown`` is what the template of its kind prints.

    What its kind calls ``sounds`` can stand above all cards of a group, where it is the same for all of them.
    """

    name: str
    kind: str
    shown: Mapping[str, Any]
    input: str = ""


@dataclass(frozen=True)
class Group:
    """What contenders answered to one example; ``input`` and ``sounds`` are set where all were asked the same."""

    title: str
    input: str
    cards: Sequence[Card]
    sounds: Mapping[str, Any] | None = None


def exhibits_context(bakeoff: Bakeoff, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The groups of cards, and how to read the kinds among them; what can't be drawn is noted as missing."""
    lists = {name: entries for name, entries in bakeoff.exhibits.items() if isinstance(entries, list)}
    groups = beside_each_other(lists, "exhibit", looks, bakeoff.missing)
    kinds = dict.fromkeys(card.kind for group in groups for card in group.cards)
    return {"exhibits": groups, "exhibit_notes": [KINDS[kind].how for kind in kinds if KINDS[kind].how]}


def beside_each_other(
    lists: Mapping[str, Sequence[Any]], unique: str, looks: Mapping[str, Look], missing: list[str]
) -> list[Group]:
    """A group for each place of the contenders' lists.

    Args:
        lists: exhibits of each contender.
        unique: what the names of their figures begin with.
        looks: how each contender is drawn.
        missing: takes a sentence for what can't be drawn.
    """
    columns = zip_longest(*lists.values())
    rows = [
        {name: entry for name, entry in zip(lists, row, strict=True) if isinstance(entry, Mapping)} for row in columns
    ]
    groups = [_group(row, index, unique, looks, missing) for index, row in enumerate(rows)]
    return [group for group in groups if group.cards or group.sounds]


def overview_context(bakeoff: Bakeoff, looks: Mapping[str, Look]) -> dict[str, Any]:
    """A card for each exhibit of all contenders together."""
    cards = []
    for index, entry in enumerate(bakeoff.overview):
        place = Place("the whole test", f"overview-{index}", Look("other-0", "v", ()), looks=looks)
        card = card_of(entry, place, bakeoff.missing) if isinstance(entry, Mapping) else None
        cards += [(clipped(entry.get("title") or "", limit=120), card)] if card else []
    return {"overview": cards}


def _group(
    row: Mapping[str, Mapping[str, Any]], index: int, unique: str, looks: Mapping[str, Look], missing: list[str]
) -> Group:
    cards = []
    for column, (name, entry) in enumerate(row.items()):
        beside = [other for other in row.values() if other is not entry]
        place = Place(name, f"{unique}-{index}-{column}", looks.get(name, Look("other-0", "v", ())), beside)
        card = card_of(entry, place, missing)
        cards += [card] if card else []
    titles = [str(entry["title"]) for entry in row.values() if entry.get("title")]
    inputs = {card.input for card in cards}
    title = clipped(titles[0], limit=120) if titles else f"Test example {index + 1}"
    sounds = [card.shown.get("sounds") for card in cards]
    shared = sounds[0] if sounds and all(own == sounds[0] for own in sounds) else None
    if (
        shared is None
        and len(cards) > 1
        and all(card.kind == "audio" and card.shown == cards[0].shown for card in cards)
    ):
        shared, cards = cards[0].shown, []  # the same sound beside all of them, such as what was to be said
    return Group(title, inputs.pop() if len(inputs) == 1 else "", cards, shared)


def card_of(entry: Mapping[str, Any], place: Place, missing: list[str]) -> Card | None:
    """An exhibit as its kind draws it; ``None`` and a sentence in ``missing`` where that can't be done."""
    kind = str(entry.get("kind"))
    if kind not in KINDS:
        _note(missing, f"Exhibits of the kind {clipped(kind, limit=40)!r} are not shown: this version can't draw them.")
        return None
    try:
        return Card(place.name, kind, KINDS[kind].draw(entry, place), clipped(entry.get("input", "")))
    except (AttributeError, LookupError, TypeError, ValueError):
        _note(missing, f"An exhibit of {place.name} of the kind {kind} is not shown: its entries don't fit together.")
        return None


def _note(missing: list[str], sentence: str) -> None:
    if sentence not in missing:
        missing.append(sentence)
