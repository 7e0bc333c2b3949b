"""The race: who left at which look, and what that saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.report.numbers import count, share
from bakeoff.report.reading import Bakeoff


@dataclass(frozen=True)
class RaceRow:
    """One contender through the looks: a few words for each look, and how many seeds (or trials) it ran."""

    name: str
    cells: tuple[str, ...]
    num_runs: int | None


def race_context(bakeoff: Bakeoff) -> dict[str, Any]:
    """Who left when, and what that saved; empty where no looks were declared."""
    plan, verdict = bakeoff.plan, bakeoff.verdict
    if not plan.looks:
        return {"race_looks": ()}
    told = {int(look.get("seeds") or 0): look for look in verdict.looks}
    levels = plan.look_levels or (None,) * len(plan.looks)
    planned = sum(len(entry.trials) for entry in plan.contenders)
    return {
        "race_looks": [
            {"seeds": seeds, "level": level, "word": _word(told[seeds]) if seeds in told else None}
            for seeds, level in zip(plan.looks, levels, strict=True)
        ],
        "race_rows": [_race_row(bakeoff, row) for row in verdict.contenders],
        "race_words": _race_words(bakeoff, planned),
    }


def _word(look: Mapping[str, Any]) -> str:
    return str(look.get("verdict") or "").replace("_", " ").lower()


def _race_row(bakeoff: Bakeoff, row: Mapping[str, Any]) -> RaceRow:
    cells, gone = [], False
    taken = [int(look.get("seeds") or 0) for look in bakeoff.verdict.looks]
    for seeds in bakeoff.plan.looks:
        is_last = seeds == max(taken, default=0)
        if gone or seeds not in taken:
            cells.append("")
        elif row.get("beaten_by") and row.get("num_seeds") == seeds:
            cells.append(f"{'' if is_last else 'left, '}beaten by {row['beaten_by']}")
            gone = True
        elif is_last:
            cells.append("won" if row["name"] == bakeoff.verdict.winner else "in to the end")
        else:
            cells.append("stayed")
    return RaceRow(str(row["name"]), tuple(cells), row.get("num_seeds"))


def _race_words(bakeoff: Bakeoff, planned: int) -> str:
    verdict, saved = bakeoff.verdict, bakeoff.verdict.saved_trials
    last = int(verdict.looks[-1].get("seeds") or 0) if verdict.looks else None
    words = f"The verdict was reached at {last} {bakeoff.plan.run_word}s. " if last else ""
    if saved:
        return f"{words}{count(saved)} of {count(planned)} planned trials ({share(saved / planned)}) were not needed."
    return f"{words}All planned trials were run." if saved == 0 else words.strip()
