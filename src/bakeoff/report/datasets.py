"""Several bakeoffs on several datasets, side by side: one mean a contender and dataset (rule 20)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bakeoff.errors import ConfigError, DataError
from bakeoff.metrics import MetricFacts
from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.layout import PLAN, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.report.numbers import Metric
from bakeoff.statistics import DatasetsSummary, datasets_summary

SAME = ("metric", "direction", "kind")
"""What all bakeoffs of a summary must share."""


@dataclass(frozen=True)
class Member:
    """One bakeoff of a summary.

    Attributes:
        folder: where it lies.
        dataset: what its data is called in the summary.
        fingerprint: of its data.
        verdict: of it.
        families: of its contenders, by name.
        facts: what its task declares of its metrics.
    """

    folder: Path
    dataset: str
    fingerprint: str
    verdict: RecordedVerdict
    families: dict[str, str]
    facts: tuple[MetricFacts, ...] = ()

    @property
    def means(self) -> dict[str, float]:
        """Mean test score of each contender (of its best trials, where it was tuned)."""
        return {row["name"]: float(row["mean"]) for row in self.verdict.contenders}


@dataclass(frozen=True)
class Gathered:
    """The bakeoffs of a summary and what they say together; ``notes`` say what was left out."""

    members: tuple[Member, ...]
    metric: Metric
    summary: DatasetsSummary
    notes: tuple[str, ...]


def gather(folders: Sequence[Path], *, alpha: float = 0.05) -> Gathered:
    """Reads finished bakeoffs and compares their contenders over the datasets.

    Args:
        folders: of the bakeoffs.
        alpha: error rate over all pairs.

    Raises:
        ConfigError: a folder without a finished bakeoff; metrics, directions or kinds of claim that differ.
        DataError: the same data twice, or fewer than two contenders that are in all of them.
    """
    members = _told_apart([_member(folder) for folder in folders])
    _refuse_mixed(members)
    _refuse_same_data(members)
    common = [name for name in members[0].means if all(name in member.means for member in members)]
    if len(common) < 2:
        held = "; ".join(f"{member.dataset}: {', '.join(member.means)}" for member in members)
        problem = f"fewer than two contenders are in all of them ({held})"
        raise DataError("data.no_common_contenders", "summary", None, problem)
    means = pd.DataFrame({member.dataset: member.means for member in members}).T[common]
    direction = members[0].verdict.direction
    metric = Metric.named(members[0].verdict.metric, members[0].facts, direction=direction)
    summary = datasets_summary(means, alpha=alpha, direction=direction)
    return Gathered(tuple(members), metric, summary, tuple(_notes(members, common)))


def _member(folder: Path) -> Member:
    for name in (VERDICT, PLAN):
        require_bakeoff(folder, name, key="summary", next_step="finish it: give its compare command again")
    plan = RecordedPlan.from_dict(read(folder / PLAN))
    verdict = RecordedVerdict.from_dict(read(folder / VERDICT))
    families = {contender.name: contender.family for contender in plan.contenders}
    return Member(folder, plan.data, plan.fingerprint, verdict, families, plan.facts)


def _told_apart(members: Sequence[Member]) -> list[Member]:
    """Data sets of equal names get those of their folders too."""
    counts = Counter(member.dataset for member in members)
    return [
        replace(member, dataset=f"{member.dataset} ({member.folder.name})") if counts[member.dataset] > 1 else member
        for member in members
    ]


def _refuse_mixed(members: Sequence[Member]) -> None:
    for key in SAME:
        found = {getattr(member.verdict, key): member.folder for member in members}
        if len(found) > 1:
            shown = ", ".join(f"{value} in {folder}" for value, folder in found.items())
            problem = f"bakeoffs of different {key}s cannot be summed up together ({shown})"
            raise ConfigError(f"config.mixed_{key}", "summary", None, problem, next_step=f"one summary for each {key}")


def _refuse_same_data(members: Sequence[Member]) -> None:
    seen: dict[str, Path] = {}
    for member in members:
        if member.fingerprint in seen:
            problem = f"it holds the same data as {seen[member.fingerprint]}; a dataset counts once"
            raise DataError("data.same_dataset", "summary", member.folder, problem)
        seen[member.fingerprint] = member.folder


def _notes(members: Sequence[Member], common: Sequence[str]) -> list[str]:
    left_out = sorted({name for member in members for name in member.means} - set(common))
    notes = [f"Left out, because they are not in every bakeoff: {', '.join(left_out)}."] if left_out else []
    shaky = [member.dataset for member in members if member.verdict.provisional or member.verdict.exploratory]
    if shaky:
        notes.append(f"Provisional or exploratory bakeoffs: {', '.join(shaky)}.")
    return notes
