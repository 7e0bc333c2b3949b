"""The audit: every figure of a verdict derived again from what the bakeoff's folder stores, and the guards run again.

From sealed predictions and opened labels to scores, from scores to the verdict and the leaderboard, from validation to
the margin. A figure that was changed by hand, or that no longer follows from the files beside it, differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.comparison.guards import Finding, check_recorded
from bakeoff.comparison.judging.checks import RELATIVE, Check, compare, plain
from bakeoff.comparison.judging.opening import VALIDATION
from bakeoff.comparison.judging.rederive import (
    Rescored,
    Stored,
    by_trial,
    margin_again,
    rescore,
    stored_labels,
    stored_table,
    verdict_again,
)
from bakeoff.comparison.judging.rederive_beside import beside_again, leaderboard_again, validation_again
from bakeoff.comparison.planning.plan import sha256_of
from bakeoff.data.contract import TaskData
from bakeoff.errors import BakeoffError, ConfigError
from bakeoff.files import read_json, write_json
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.tables import digest

AUDIT_VERSION = 1
FILE = "audit.json"
AUDITED = (
    *("plan.json", "manifest.json", "margin.json", "openings.jsonl", "verdict.json"),
    *("scores.parquet", "validation.parquet"),
    *("test_labels.arrow", "test_examples.json", "trials/*/result.json", "trials/*/test_predictions.arrow"),
)
"""Files, by pattern, whose hashes the audit records."""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        checks: every figure.
        findings: of the guards.
        sha256: of every file that was audited, by its path in the folder.
        with_data: whether the data was at hand; without it failed trials, the trivial predictor, labels, duplicates and
            normalisation go unchecked.
    """

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    sha256: dict[str, str]
    with_data: bool

    @property
    def differing(self) -> list[Check]:
        """The figures that do not follow from what is stored."""
        return [check for check in self.checks if not check.agrees]

    @property
    def refusals(self) -> list[Finding]:
        """What the guards found that leaves no verdict standing."""
        return [finding for finding in self.findings if finding.severity == "refuse"]

    @property
    def agrees(self) -> bool:
        """Whether all figures agree and no guard refuses."""
        return not self.differing and not self.refusals

    def to_dict(self) -> dict[str, Any]:
        """What ``audit.json`` holds."""
        return {
            "schema_version": AUDIT_VERSION,
            "agrees": self.agrees,
            "with_data": self.with_data,
            "checks": [asdict(check) for check in self.checks],
            "findings": [finding.to_dict() for finding in self.findings],
            "sha256": self.sha256,
        }


def audit(folder: Path, *, data: TaskData | None = None) -> Audit:
    """Audits a finished bakeoff and writes ``audit.json`` into its folder.

    Args:
        folder: the bakeoff's.
        data: its data, where it is at hand.

    Raises:
        ConfigError: the folder holds no finished bakeoff.
        DataError: a file of it is missing or cannot be read.
    """
    bakeoff = RecordedBakeoff.read(folder)
    if bakeoff.verdict is None:
        problem = f"no finished bakeoff there (looked for verdict.json in {folder.resolve()})"
        step = "finish it: give its compare command again"
        raise ConfigError("config.no_bakeoff", "audit", folder, problem, next_step=step)
    checks = tuple(_checks(bakeoff, bakeoff.verdict, data))
    found = Audit(checks, tuple(check_recorded(bakeoff, data=data)), _hashes(folder), data is not None)
    write_json(folder / FILE, found.to_dict())
    return found


def _checks(bakeoff: RecordedBakeoff, verdict: dict[str, Any], data: TaskData | None) -> Iterator[Check]:
    table = stored_table(bakeoff)
    stored = by_trial(table)
    rescored = rescore(bakeoff, stored, data=data)
    trials = [found.trial for found in rescored]
    if bakeoff.manifest is not None:
        yield from compare("manifest/sha256", bakeoff.manifest["sha256"], sha256_of(bakeoff.manifest["rules"]))
    if data is not None:
        yield from _data_checks(bakeoff, data)
    yield from _score_checks(bakeoff, stored, rescored)
    margin, validation = margin_again(bakeoff), validation_again(bakeoff, trials, data=data)
    yield from compare("margin/verdict.json", verdict["margin"], margin)
    yield from compare("margin/margin.json", read_json(bakeoff.path / "margin.json")["margin"] or None, margin)
    yield from _validation_checks(bakeoff, validation)
    try:
        again, looks = verdict_again(bakeoff, table, trials, margin=margin, validation=validation)
    except BakeoffError as error:  # scores that no verdict can be drawn from
        yield Check("verdict", verdict["verdict"], error.problem, agrees=False)
    else:
        yield from _verdict_checks(verdict, plain(again.to_dict()))
        yield from compare("looks", verdict["looks"], looks)
    rows = plain(leaderboard_again(bakeoff, trials))
    board = [{key: row.get(key) for key in rows[0]} for row in verdict["leaderboard"]]
    yield from compare("leaderboard", board, rows)
    for name, value in plain(beside_again(bakeoff, trials, data=data)).items():
        yield from compare(name, verdict.get(name), value)


def _verdict_checks(verdict: dict[str, Any], derived: dict[str, Any]) -> Iterator[Check]:
    absent = [line for line in derived.pop("warnings") if line not in verdict["warnings"]]
    yield Check("verdict/warnings", [], absent, agrees=not absent)
    yield from compare("verdict", {key: verdict.get(key) for key in derived}, derived)


def _validation_checks(bakeoff: RecordedBakeoff, derived: pd.DataFrame | None) -> Iterator[Check]:
    """The validation scores of a tuned bakeoff are those of its trials' results."""
    path = bakeoff.path / VALIDATION
    if not bakeoff.tuned or derived is None:
        return
    stored = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=derived.columns)
    for name, rows in derived.groupby("contender"):
        own = stored[stored["contender"].astype(str) == name].set_index("trial")["score"].to_dict()
        yield from compare(f"validation/{name}", own, rows.set_index("trial")["score"].to_dict())


def _score_checks(bakeoff: RecordedBakeoff, stored: Stored, rescored: Sequence[Rescored]) -> Iterator[Check]:
    """The stored scores of every trial are those of its predictions, example by example."""
    examples = read_json(bakeoff.path / "test_examples.json")
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


def _data_checks(bakeoff: RecordedBakeoff, data: TaskData) -> Iterator[Check]:
    """The folder's test set is that of the data."""
    yield from compare("data/fingerprint", bakeoff.plan["data"]["fingerprint"], data.fingerprint)
    labels = stored_labels(bakeoff)
    yield from compare("data/test labels", digest(labels), digest(data.labels("test")))
    names = read_json(bakeoff.path / "test_examples.json")
    yield from compare("data/test examples", sha256_of(names), sha256_of(data.examples("test")))


def _shown(scores: np.ndarray | None) -> str | None:
    """A trial's scores in short: their mean, and a hash that tells two sets of equal mean apart."""
    if scores is None:
        return None
    digest = hashlib.sha256(np.asarray(scores, dtype=np.float64).tobytes()).hexdigest()
    return f"mean {np.mean(scores):.6f}, sha256 {digest[:12]}"


def _hashes(folder: Path) -> dict[str, str]:
    paths = sorted(path for pattern in AUDITED for path in folder.glob(pattern))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
