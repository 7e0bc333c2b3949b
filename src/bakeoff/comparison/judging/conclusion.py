"""The end of a bakeoff: the verdict, what stands beside it, what was measured and what guards found, written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bakeoff.comparison.guards import check_recorded, refuse
from bakeoff.comparison.judging.derivation import Evidence, Judgement, derive, selected_by
from bakeoff.comparison.judging.networks import contender_latencies, medians, write_exhibits
from bakeoff.comparison.judging.opening import read_scores
from bakeoff.comparison.judging.ruling import rule
from bakeoff.comparison.judging.scoring import Trivial, scored_trials
from bakeoff.files import atomic_writer, finite, write_json
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import RULING, VALIDATION, VERDICT
from bakeoff.record.ruling import Ruling
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.statistics import Verdict


@dataclass
class FinishedBakeoff:
    """A finished bakeoff."""

    folder: Path
    verdict: Verdict
    record: dict[str, Any]
    """What ``verdict.json`` holds."""
    ruling: Ruling | None = None
    """On the published claim, where the plan holds one."""

    @property
    def failures(self) -> int:
        """Trials that were scored as the trivial predictor."""
        return len(self.record["failures"])


def gather(bakeoff: RecordedBakeoff, *, margin: float | None, trivial: Trivial) -> Evidence:
    """The evidence that the folder holds once the test is open; what a search selected by goes into a file too."""
    trials = scored_trials(bakeoff)
    validation: pd.DataFrame | None = None
    if bakeoff.plan.num_tuning:
        any_failed = any(trial.failed for trial in trials)
        validation = selected_by(bakeoff, trials, trivial.on_validation if any_failed else None)
        with atomic_writer(bakeoff.path / VALIDATION) as file:
            validation.to_parquet(file, index=False)
    return Evidence(bakeoff, read_scores(bakeoff.path), trials, margin, validation)


def conclude(evidence: Evidence, judgement: Judgement, trivial: Trivial) -> FinishedBakeoff:
    """Writes ``verdict.json``, ``exhibits.json`` and, where there is a claim to rule on, ``ruling.json``.

    Raises:
        TrialsFailed: a guard refuses the verdict.
    """
    folder, data = evidence.bakeoff.path, trivial.data
    record = derive(evidence, judgement, trivial)
    latencies = contender_latencies(evidence.trials, data.spec, trivial.scorer.task)
    record["leaderboard"] = [row | medians(latencies.get(row["name"], {})) for row in record["leaderboard"]]
    concluded = replace(RecordedBakeoff.read(folder), verdict=RecordedVerdict.from_dict(finite(record)))
    findings = check_recorded(concluded)
    refuse(findings, folder)
    record["findings"] = [finding.to_dict() for finding in findings]
    write_json(folder / VERDICT, record)
    claim, ruling = concluded.plan.claim, None
    if claim is not None:
        ruling = rule(claim, RecordedVerdict.from_dict(finite(record)))
        write_json(folder / RULING, ruling.to_dict())
    write_exhibits(evidence, data, trivial.scorer.task)
    return FinishedBakeoff(folder, judgement.verdict, record, ruling)
