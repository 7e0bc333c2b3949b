"""Guard on the rules of a bakeoff: hashed into its manifest before the first trial, and kept to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding
from bakeoff.record.layout import MANIFEST
from bakeoff.record.plan import rules_of
from bakeoff.record.reading import sha256_of

NAME = "manifest"


def keeps_manifest(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """The manifest is as it was hashed, and plan and verdict keep to it."""
    written = bakeoff.manifest
    if written is None:
        yield Finding(NAME, "refuse", f"There is no {MANIFEST}: nothing shows that the rules came before the trials.")
        return
    if sha256_of(written["rules"]) != written["sha256"]:
        yield Finding(NAME, "refuse", f"{MANIFEST} was changed after it was hashed.")
    rules = written["rules"]
    for name, planned in rules_of(bakeoff.plan.raw).items():
        if rules.get(name) != planned:
            yield Finding(NAME, "refuse", f"{name} was changed after the first run: {_both(rules.get(name), planned)}.")
    if not set(rules["seeds"]) <= set(bakeoff.plan.seeds):
        problem = _both(rules["seeds"], list(bakeoff.plan.seeds))
        yield Finding(NAME, "refuse", f"seeds were taken out after the first run: {problem}.")
    for name, judged in _judged_by(bakeoff).items():
        if rules.get(name) != judged:
            problem = f"The verdict was drawn with {name} {judged}; declared was {rules.get(name)}."
            yield Finding(NAME, "refuse", problem)


def _judged_by(bakeoff: RecordedBakeoff) -> dict[str, Any]:
    """The rules that a verdict repeats; a margin only where one was given, for else it follows from validation."""
    if bakeoff.verdict is None or bakeoff.manifest is None:
        return {}
    given = bakeoff.manifest["rules"].get("margin")
    names = ["metric", "direction", *(["margin"] if isinstance(given, int | float) else [])]
    return {name: getattr(bakeoff.verdict, name) for name in names}


def _both(declared: Any, planned: Any) -> str:
    """Both values where they are short enough to read."""
    if isinstance(declared, list) and isinstance(planned, list) and all(isinstance(row, dict) for row in planned):
        changed = [row.get("name", "?") for row in planned if row not in declared]
        gone = [row.get("name", "?") for row in declared if row not in planned]
        return f"not as declared: {', '.join(dict.fromkeys([*changed, *gone]))}"
    return f"declared {json.dumps(declared)}, now {json.dumps(planned)}"
