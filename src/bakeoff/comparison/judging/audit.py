"""The audit: every figure of a verdict derived again from what the bakeoff's folder stores, and the guards run again.

From sealed predictions and opened labels to scores, from scores to the verdict and the leaderboard, from validation to
the margin. A figure that was changed by hand, or that no longer follows from the files beside it, differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.comparison.guards import check_recorded
from bakeoff.comparison.judging.checks import RELATIVE, compare, plain
from bakeoff.comparison.judging.derivation import Evidence, derive, judge
from bakeoff.comparison.judging.earlier import of_its_day, redefinitions, rounding
from bakeoff.comparison.judging.margin import margin_of
from bakeoff.comparison.judging.opening import read_labels, read_scores
from bakeoff.comparison.judging.rescoring import Rescored, Stored, by_trial, rescore, selected_again
from bakeoff.comparison.judging.ruling import rule
from bakeoff.comparison.judging.scoring import ScoredTrial, Scorer, Trivial
from bakeoff.data.contract import TaskData
from bakeoff.errors import BakeoffError
from bakeoff.files import write_json
from bakeoff.record import layout
from bakeoff.record.bakeoff import RecordedBakeoff, require_bakeoff
from bakeoff.record.evidence import Audit, Check
from bakeoff.record.model_files import digests
from bakeoff.record.reading import read, read_if_there, sha256_of, sha256_of_file
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.tables import digest

AUDITED = (
    *(layout.PLAN, layout.MANIFEST, layout.MARGIN, layout.OPENINGS, layout.VERDICT, layout.SCORES, layout.VALIDATION),
    layout.RULING,
    *(layout.TEST_LABELS, layout.OLDER_TEST_LABELS, layout.TEST_EXAMPLES),
    *(f"{layout.TRIALS}/*/{name}" for name in (layout.RESULT, layout.PREDICTIONS, layout.OLDER_PREDICTIONS)),
)
"""Files, by pattern, whose hashes the audit records."""
MEASURED = ("latency_ms", "latency_repeats_ms")
"""What a row of the leaderboard holds that can't be derived."""
BESIDE = ("leaderboard", "looks", "failures", "flops_ratio", "indicative", "saved_trials", "edges", "trivial")
BESIDE_LATER = ("over_baseline",)
"""What ``verdict.json`` holds beside the verdict; each is checked under its own name, later ones where they are."""


def audit(folder: Path, *, data: TaskData | None = None) -> Audit:
    """Audits a finished bakeoff and writes ``audit.json`` into its folder.

    Args:
        folder: the bakeoff's.
        data: its data, where it is at hand.

    Raises:
        ConfigError: the folder holds no finished bakeoff.
        DataError: a file of it is missing or cannot be read.
    """
    require_bakeoff(folder, layout.VERDICT, key="audit", next_step="finish it: give its compare command again")
    bakeoff = RecordedBakeoff.read(folder)
    assert bakeoff.verdict is not None
    table, scorer = read_scores(folder), Scorer.of_plan(bakeoff.plan)
    trivial = None if data is None else Trivial(scorer, data)
    rescored = rescore(bakeoff, by_trial(table), scorer=scorer, trivial=trivial)
    checks = tuple(_checks(bakeoff, bakeoff.verdict, table, rescored, trivial))
    then = redefinitions(name for trial in rescored for name in trial.redefined)
    findings = (*check_recorded(bakeoff, data=data), *then)
    found = Audit(checks, findings, _hashes(folder), data is not None, edition=bakeoff.plan.edition)
    write_json(folder / layout.AUDIT, found.to_dict())
    return found


def _checks(
    bakeoff: RecordedBakeoff,
    verdict: RecordedVerdict,
    table: pd.DataFrame,
    rescored: Sequence[Rescored],
    trivial: Trivial | None,
) -> Iterator[Check]:
    trials = [found.trial for found in rescored]
    if bakeoff.manifest is not None:
        yield from compare("manifest/sha256", bakeoff.manifest["sha256"], sha256_of(bakeoff.manifest["rules"]))
    if trivial is not None:
        yield from _data_checks(bakeoff, trivial.data)
    yield from _score_checks(bakeoff, by_trial(table), rescored)
    yield from _model_checks(trials)
    margin, validation = margin_of(bakeoff, trivial).value, selected_again(bakeoff, trials, trivial)
    yield from compare("margin/verdict.json", verdict.margin, margin)
    yield from compare("margin/margin.json", read(bakeoff.path / layout.MARGIN)["margin"] or None, margin)
    yield from _validation_checks(bakeoff, validation)
    yield from _verdict_checks(verdict, Evidence(bakeoff, table, trials, margin, validation), trivial)
    if bakeoff.plan.claim is not None:
        ruling = plain(rule(bakeoff.plan.claim, verdict).to_dict())
        yield from compare("ruling", read_if_there(bakeoff.path / layout.RULING), ruling)


def _verdict_checks(verdict: RecordedVerdict, evidence: Evidence, trivial: Trivial | None) -> Iterator[Check]:
    """Everything in ``verdict.json`` that can be derived."""
    try:
        judgement = judge(evidence)
        derived = plain(derive(evidence, judgement, trivial))
        derived = of_its_day(derived, verdict.raw, plain(judgement.verdict.warnings))
    except BakeoffError as error:  # scores that no verdict can be drawn from
        yield Check("verdict", verdict.verdict, error.problem, agrees=False)
        return
    stored = {**verdict.raw, "leaderboard": [_without_measured(row) for row in verdict.raw["leaderboard"]]}
    beside = [name for name in (*BESIDE, *BESIDE_LATER) if name in derived]
    words = [name for name in derived if name not in beside]
    beside = [name for name in beside if name in stored or name not in BESIDE_LATER]
    yield from compare("verdict", {name: stored.get(name) for name in words}, {name: derived[name] for name in words})
    for name in beside:
        yield from compare(name, stored.get(name), derived[name], off_by=rounding(evidence.bakeoff.path))


def _without_measured(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in MEASURED}


def _validation_checks(bakeoff: RecordedBakeoff, derived: pd.DataFrame | None) -> Iterator[Check]:
    """The validation scores of a tuned bakeoff are those of its trials' results."""
    path = bakeoff.path / layout.VALIDATION
    if derived is None:
        return
    stored = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=derived.columns)
    for name, rows in derived.groupby("contender"):
        own = stored[stored["contender"].astype(str) == name].set_index("trial")["score"].to_dict()
        yield from compare(f"validation/{name}", own, rows.set_index("trial")["score"].to_dict())


def _score_checks(bakeoff: RecordedBakeoff, stored: Stored, rescored: Sequence[Rescored]) -> Iterator[Check]:
    """The stored scores of every trial are those of its predictions, example by example."""
    examples = read(bakeoff.path / layout.TEST_EXAMPLES)
    left = dict(stored)
    for found in rescored:
        contender, number = found.trial.contender, found.trial.number
        known = left.pop((contender, number), None)
        values = None if known is None else known.to_numpy(dtype=np.float64)
        agrees = (
            known is not None
            and values is not None
            and found.scores is not None
            and list(known.index) == examples
            and np.allclose(values, found.scores, rtol=RELATIVE, atol=0.0)
        )
        yield Check(f"scores/{contender} trial {number}", _shown(values), _shown(found.scores), agrees)
    for (contender, number), series in left.items():
        yield Check(f"scores/{contender} trial {number}", _shown(series.to_numpy()), None, agrees=False)


def _model_checks(trials: Sequence[ScoredTrial]) -> Iterator[Check]:
    """The models that are still there are those that the trials wrote."""
    for trial in trials:
        recorded = trial.recorded
        for name, found in digests(recorded.folder, recorded.model_sha256).items():
            if found:
                stored = recorded.model_sha256[name]
                about = f"model/{trial.contender} trial {trial.number}/{name}"
                yield Check(about, stored[:12], found[:12], agrees=found == stored)


def _data_checks(bakeoff: RecordedBakeoff, data: TaskData) -> Iterator[Check]:
    """The folder's test set is that of the data."""
    yield from compare("data/fingerprint", bakeoff.plan.fingerprint, data.fingerprint)
    yield from compare("data/test labels", digest(read_labels(bakeoff.path)), digest(data.labels("test")))
    names = read(bakeoff.path / layout.TEST_EXAMPLES)
    yield from compare("data/test examples", sha256_of(names), sha256_of(data.examples("test")))


def _shown(scores: np.ndarray | None) -> str | None:
    """A trial's scores in short: their mean, and a hash that tells two sets of equal mean apart."""
    if scores is None:
        return None
    digest = hashlib.sha256(np.asarray(scores, dtype=np.float64).tobytes()).hexdigest()
    return f"mean {np.mean(scores):.6f}, sha256 {digest[:12]}"


def _hashes(folder: Path) -> dict[str, str]:
    paths = sorted(path for pattern in AUDITED for path in folder.glob(pattern))
    return {str(path.relative_to(folder)): sha256_of_file(path) for path in paths}
