"""Guard on baselines: a trivial and a linear one stand beside every contender."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding
from bakeoff.record.renamed import in_todays_words

NAME = "baselines"


def has_baselines(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Without them nobody sees whether the task needs more than the simplest answer."""
    baselines = [contender for contender in bakeoff.plan.contenders if contender.is_baseline]
    if not any(in_todays_words(baseline.config)["model"].get("simple") for baseline in baselines):
        yield Finding(NAME, "stamp", "No linear baseline stands beside the contenders (baselines=${task.baselines}).")
    if bakeoff.verdict is not None and bakeoff.verdict.trivial is None:
        yield Finding(NAME, "stamp", "No trivial baseline stands beside the contenders.")
