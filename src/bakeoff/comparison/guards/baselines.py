"""Guard on baselines: a trivial and a linear one stand beside every contender."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.comparison.guards.finding import Finding
from bakeoff.record.bakeoff import RecordedBakeoff

NAME = "baselines"


def has_baselines(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Without them nobody sees whether the task needs more than the simplest answer."""
    models = [entry["config"]["model"] for entry in bakeoff.contenders if entry["role"] == "baseline"]
    if not any(model.get("simple") for model in models):
        yield Finding(NAME, "stamp", "No linear baseline stands beside the contenders (baselines=${task.baselines}).")
    if bakeoff.verdict is not None and bakeoff.verdict.get("trivial") is None:
        yield Finding(NAME, "stamp", "No trivial baseline stands beside the contenders.")
