"""Guard on baselines: a trivial and a linear one stand beside every contender."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.comparison.guards.finding import Finding
from bakeoff.comparison.recorded import RecordedBakeoff

NAME = "baselines"
LINEAR = ("linear",)
"""Models that are linear in their inputs."""


def has_baselines(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Without them nobody sees whether the task needs more than the simplest answer."""
    if not any(entry["role"] == "baseline" and entry["model"] in LINEAR for entry in bakeoff.contenders):
        yield Finding(NAME, "stamp", "No linear baseline stands beside the contenders (baselines=[linear]).")
    if bakeoff.verdict is not None and bakeoff.verdict.get("majority") is None:
        yield Finding(NAME, "stamp", "No trivial baseline stands beside the contenders.")
