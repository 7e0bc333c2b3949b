"""Guard on baselines: a trivial and a linear one stand beside every contender."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.comparison.guards.finding import Finding
from bakeoff.record.bakeoff import RecordedBakeoff

NAME = "baselines"
SIMPLE = ("linear", "tfidf", "ngram", "translation_memory")
"""Models that are linear in their inputs, count them, or look them up: what a task must be too hard for."""


def has_baselines(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Without them nobody sees whether the task needs more than the simplest answer."""
    if not any(entry["role"] == "baseline" and entry["model"] in SIMPLE for entry in bakeoff.contenders):
        yield Finding(NAME, "stamp", "No linear baseline stands beside the contenders (baselines=${task.baselines}).")
    if bakeoff.verdict is not None and bakeoff.verdict.get("trivial") is None:
        yield Finding(NAME, "stamp", "No trivial baseline stands beside the contenders.")
