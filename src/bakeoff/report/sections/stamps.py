"""What must be seen at once beside the verdict: few words each, and a sentence for those that weaken it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.record.evidence import Finding, findings_of
from bakeoff.report.numbers import count
from bakeoff.report.reading import Bakeoff
from bakeoff.report.words import all_of

_GUARDS = {
    "duplicates": "duplicates across splits",
    "preprocessing_fit": "preprocessing saw the test set",
    "test_openings": "test opened too often",
    "unequal_tuning": "unequal tuning",
    "unequal_augmentation": "unequal augmentation",
    "unequal_preprocessing": "unequal preprocessing",
    "unequal_training": "unequal training",
    "baselines": "baseline missing",
    "trials_recorded": "trials are not those planned",
    "undeclared_seeds": "exploratory",
    "manifest": "rules changed",
    "predictions_sealed": "predictions changed",
}
_OWN_WORDS = ("test_openings", "duplicates", "undeclared_seeds")


@dataclass(frozen=True)
class Stamp:
    """One mark on the verdict.

    Attributes:
        label: A few words.
        note: What it means, in a sentence; empty where the label says it all.
        is_good: Whether it strengthens the verdict.
    """

    label: str
    note: str = ""
    is_good: bool = False


def stamps(bakeoff: Bakeoff) -> list[Stamp]:
    """All marks, those that weaken the verdict first."""
    found = {finding.guard: finding for finding in reversed(findings(bakeoff)) if finding.severity != "warn"}
    marks = [*_evidence(bakeoff), *_exploratory(bakeoff, found), *_openings(bakeoff, found), *_leaks(bakeoff, found)]
    marks += [
        Stamp(_GUARDS.get(name, finding.name), finding.problem)
        for name, finding in found.items()
        if name not in _OWN_WORDS
    ]
    return [*marks, *_audit(bakeoff)]


def findings(bakeoff: Bakeoff) -> list[Finding]:
    """What the guards found when the verdict was drawn and at the audit, each once."""
    audited = bakeoff.audit.findings if bakeoff.audit else ()
    return list(dict.fromkeys([*findings_of(bakeoff.verdict.findings), *audited]))


def _evidence(bakeoff: Bakeoff) -> list[Stamp]:
    verdict = bakeoff.verdict
    marks = []
    if verdict.provisional:
        marks.append(Stamp("provisional", "Fewer than five seeds: a first impression, and no winner is named."))
    if verdict.failures:
        word = "trial" if len(verdict.failures) == 1 else "trials"
        marks.append(Stamp(f"{len(verdict.failures)} failed {word}"))
    unstable = [str(row["name"]) for row in verdict.contenders if row.get("unstable")]
    if unstable:
        marks.append(Stamp("unstable", f"More than one in five trials of {all_of(unstable)} failed."))
    return marks


def _exploratory(bakeoff: Bakeoff, found: dict[str, Finding]) -> list[Stamp]:
    if not (bakeoff.verdict.exploratory or bakeoff.plan.exploratory or "undeclared_seeds" in found):
        return []
    note = "Seeds were added that were not declared before the first run, so the error rate is not guaranteed."
    return [Stamp("exploratory", note)]


def _openings(bakeoff: Bakeoff, found: dict[str, Finding]) -> list[Stamp]:
    if "test_openings" in found:
        return [Stamp(_GUARDS["test_openings"], found["test_openings"].problem)]
    declared = max(len(bakeoff.plan.looks), 1)
    surplus = undeclared_openings(bakeoff.openings, declared=declared)
    if not surplus:
        return []
    times = {2: "twice"}.get(declared + surplus, f"{declared + surplus} times")
    promised = "was one opening" if declared == 1 else f"were {declared} looks"
    note = f"Declared {promised}; whoever has seen test scores can choose by them."
    return [Stamp(f"test opened {times}", note)]


def undeclared_openings(openings: Sequence[Mapping[str, Any]], *, declared: int) -> int:
    """How many openings go beyond the declared ones; the same scores opened again count once."""
    distinct = {(str(entry.get("seeds")), str(entry.get("scores_sha256"))) for entry in openings}
    return max(len(distinct) - declared, 0)


def _leaks(bakeoff: Bakeoff, found: dict[str, Finding]) -> list[Stamp]:
    if "duplicates" in found:
        return [Stamp(_GUARDS["duplicates"], found["duplicates"].problem)]
    leaked = bakeoff.plan.spec.get("leaked_rows") or 0
    if not leaked:
        return []
    rows = "row of training or validation is" if leaked == 1 else "rows of training or validation are"
    note = f"{count(leaked)} {rows} also in a later split and were kept, so the scores may be too good."
    return [Stamp(_GUARDS["duplicates"], note)]


def _audit(bakeoff: Bakeoff) -> list[Stamp]:
    audit = bakeoff.audit
    if audit is None:
        return []
    if audit.passed:
        return [Stamp("audit agrees", is_good=True)]
    if audit.changed:
        note = f"{all_of(audit.changed)} changed since the audit, which therefore says nothing of this verdict."
        return [Stamp("audit outdated", note)]
    wrong, checks = len(audit.differing), len(audit.checks)
    verb = "is" if wrong == 1 else "are"
    figures = f"{count(wrong)} of {count(checks)} figures {verb} not what the stored scores give."
    return [Stamp("audit differs", figures if wrong else "A guard refuses; see what the guards found.")]
