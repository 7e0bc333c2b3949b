"""What guards and audits said of a bakeoff, as ``verdict.json`` and ``audit.json`` hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bakeoff.record.layout import AUDIT, PLAN, RULING, SCORES, VALIDATION, VERDICT
from bakeoff.record.reading import SCHEMA_VERSION, known, parsed_object, sha256_of_file

WATCHED = (PLAN, VERDICT, SCORES, VALIDATION, RULING)
"""Files whose change makes an audit say nothing of them any more."""

Severity: TypeAlias = Literal["refuse", "stamp", "warn"]


@dataclass(frozen=True)
class Finding:
    """A broken rule of the protocol.

    Attributes:
        guard: the name of the guard that found it, such as ``test_openings``.
        severity: ``refuse`` (no verdict stands on this), ``stamp`` (the verdict stands, and the report says so on top),
            ``warn`` (a sentence among the warnings).
        problem: what is wrong, in one sentence.
    """

    guard: str = ""
    severity: Severity = "warn"
    problem: str = ""

    @property
    def name(self) -> str:
        """The guard's name as people write it."""
        return self.guard.replace("_", " ").replace(".", ": ")

    def to_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """One figure: as it is stored, as it was derived again, and whether both agree (to 1e-9 of their size)."""

    what: str = ""
    stored: Any = None
    derived: Any = None
    agrees: bool = True


@dataclass(frozen=True)
class Audit:
    """What an audit found (``audit.json``).

    Attributes:
        checks: every figure.
        findings: of the guards.
        sha256: of every file that was audited, by its path in the folder.
        with_data: whether the data was at hand; without it failed trials, the trivial predictor, labels, duplicates and
            normalisation go unchecked.
        changed: files that are no longer those that were audited.
        edition: of the protocol that the verdict was drawn by, and so derived again.
    """

    checks: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    with_data: bool = False
    changed: tuple[str, ...] = ()
    edition: int = 1

    @classmethod
    def found(cls, folder: Path) -> Audit | None:
        """The folder's audit; None if it was never audited, or the file can't be read."""
        raw = parsed_object(folder / AUDIT)
        if raw is None:
            return None
        checks = tuple(Check(**known(Check, row)) for row in raw.get("checks") or ())
        hashes = raw.get("sha256")
        sha256 = hashes if isinstance(hashes, dict) else {}
        changed = tuple(name for name in WATCHED if name in sha256 and sha256_of_file(folder / name) != sha256[name])
        findings, edition = findings_of(raw.get("findings")), int(raw.get("edition") or 1)
        return cls(checks, findings, sha256, bool(raw.get("with_data")), changed, edition)

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

    @property
    def passed(self) -> bool:
        """Whether it agrees, and the files are still those that were audited."""
        return self.agrees and not self.changed

    def to_dict(self) -> dict[str, Any]:
        """What ``audit.json`` holds."""
        return {
            "schema_version": SCHEMA_VERSION,
            "agrees": self.agrees,
            "edition": self.edition,
            "with_data": self.with_data,
            "checks": [asdict(check) for check in self.checks],
            "findings": [finding.to_dict() for finding in self.findings],
            "sha256": dict(self.sha256),
        }


def findings_of(raw: Sequence[Mapping[str, Any]] | None) -> tuple[Finding, ...]:
    """Read a list of findings."""
    return tuple(Finding(**known(Finding, row)) for row in raw or ())


def few(names: list[str], *, limit: int = 5) -> str:
    """Some names, and how many more there are, for the sentence of a finding."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
