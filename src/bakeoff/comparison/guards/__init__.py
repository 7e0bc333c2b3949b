"""The guards: what would make a bakeoff unfair or untrue, each caught by its name (STATISTICS.md, "Guards").

They read a bakeoff's folder, so the same code serves the bakeoff before it draws its verdict, and the audit after.

| guard | catches |
| --- | --- |
| `duplicates` | an example in more than one split |
| `preprocessing_fit` | normalisation or a vocabulary that saw other rows than those of train |
| `test_openings` | the test opened more often than declared |
| `unequal_tuning` | unequal trials, searched dimensions or sampler; points out of range; seeds that are not fresh |
| `unequal_augmentation`, `unequal_preprocessing`, `unequal_training` | what is held equal and was not |
| `baselines` | no trivial or no linear baseline |
| `trials_recorded` | planned trials that are not the recorded ones: missing, surplus, another seed or configuration |
| `undeclared_seeds` | seeds added after the plan, which make the bakeoff exploratory |
| `manifest` | rules (metric, margin, looks, pairing, ...) changed after the first run |
| `predictions_sealed` | predictions changed after the trial wrote them |
| `timing` | latencies whose repeats disagree |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from bakeoff.comparison.guards.baselines import has_baselines
from bakeoff.comparison.guards.equality import held_equal
from bakeoff.comparison.guards.leaks import declared_leaks, duplicates, preprocessing_fit
from bakeoff.comparison.guards.manifest import keeps_manifest
from bakeoff.comparison.guards.openings import openings_declared
from bakeoff.comparison.guards.timing import settled, settled_timings
from bakeoff.comparison.guards.trials import predictions_sealed, trials_recorded, undeclared_seeds
from bakeoff.comparison.guards.tuning import equal_tuning
from bakeoff.data.contract import TaskData
from bakeoff.errors import TrialsFailed
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding, Severity

__all__ = ["Finding", "Severity", "check", "check_recorded", "refuse", "settled"]

Guard = Callable[[RecordedBakeoff], Iterable[Finding]]

ON_FOLDER: tuple[Guard, ...] = (
    keeps_manifest,
    trials_recorded,
    undeclared_seeds,
    predictions_sealed,
    openings_declared,
    equal_tuning,
    held_equal,
    has_baselines,
    declared_leaks,
    settled_timings,
)
"""Those that need nothing but the folder."""


def check(folder: Path, *, data: TaskData | None = None, stage: int | None = None) -> list[Finding]:
    """What the guards find in a bakeoff's folder; nothing for a bakeoff that kept the rules.

    Args:
        folder: a bakeoff's, with all planned trials run, before or after its verdict.
        data: its data, which is then hashed and fitted again; its seed is left as it was.
        stage: the declared look that a running bakeoff has come to: only trials up to it need to have been run.

    Raises:
        ConfigError: the folder holds no bakeoff.
        DataError: a file of it cannot be read.
    """
    return check_recorded(RecordedBakeoff.read(folder, stage=stage), data=data)


def check_recorded(bakeoff: RecordedBakeoff, *, data: TaskData | None = None) -> list[Finding]:
    """As `check`, of a folder that has been read."""
    findings = [finding for guard in ON_FOLDER for finding in guard(bakeoff)]
    if data is not None:
        findings += [*duplicates(bakeoff, data), *preprocessing_fit(bakeoff, data)]
    return findings


def refuse(findings: Iterable[Finding], folder: Path) -> None:
    """Stops where a finding leaves no verdict to draw.

    Raises:
        TrialsFailed: naming the first guard that refuses, and how many others do.
    """
    refusals = [finding for finding in findings if finding.severity == "refuse"]
    if not refusals:
        return
    more = f" (and {len(refusals) - 1} more findings)" if len(refusals) > 1 else ""
    problem = f"no verdict: {refusals[0].problem}{more}"
    step = "restore what was changed, or compare again in a new output_dir"
    raise TrialsFailed(f"guard.{refusals[0].guard}", "output_dir", folder, problem, next_step=step)
