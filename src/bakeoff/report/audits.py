"""What became of the evidence, as records: the audit, the guards' findings, and each opening of the test labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.report.planned import known

_WATCHED = ("plan.json", "verdict.json", "scores.parquet", "validation.parquet")


@dataclass(frozen=True)
class Finding:
    """What a guard found.

    Attributes:
        guard: Its name, such as ``test_opened_twice``.
        severity: ``refuse`` (there should be no verdict), ``stamp`` (the verdict must carry it) or ``warn``.
        problem: What is wrong, in a sentence.
    """

    guard: str = ""
    severity: str = "warn"
    problem: str = ""

    @property
    def name(self) -> str:
        """The guard's name as people write it."""
        return self.guard.replace("_", " ").replace(".", ": ")


@dataclass(frozen=True)
class Check:
    """One figure of the verdict as stored, and as derived again from the stored scores."""

    what: str = ""
    stored: Any = None
    derived: Any = None
    agrees: bool = True


@dataclass(frozen=True)
class Audit:
    """What ``bakeoff audit`` wrote (``audit.json``).

    Attributes:
        changed: Files that are no longer those that were audited.
    """

    agrees: bool
    checks: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def differing(self) -> tuple[Check, ...]:
        """The checks that do not agree."""
        return tuple(check for check in self.checks if not check.agrees)

    @property
    def passed(self) -> bool:
        """Whether every figure agrees, no guard refuses, and the files are still those that were audited."""
        return self.agrees and not self.differing and not self.changed

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, changed: Sequence[str] = ()) -> Audit:
        """Read the JSON of ``audit.json``."""
        checks = tuple(Check(**known(Check, row)) for row in raw.get("checks") or ())
        return cls(bool(raw.get("agrees")), checks, findings_of(raw.get("findings")), tuple(changed))


def findings_of(raw: Sequence[Mapping[str, Any]] | None) -> tuple[Finding, ...]:
    """Read a list of findings."""
    return tuple(Finding(**known(Finding, row)) for row in raw or ())


def read_audit(folder: Path) -> Audit | None:
    """The folder's audit, or ``None`` if it was never audited or the file can't be read."""
    raw = _parsed(folder / "audit.json")
    if not isinstance(raw, dict):
        return None
    hashes = raw.get("sha256")
    if not isinstance(hashes, dict):
        return Audit.from_dict(raw)
    changed = [name for name in _WATCHED if name in hashes and _sha256(folder / name) != hashes[name]]
    return Audit.from_dict(raw, changed=changed)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The rules that were hashed before the first run; empty if the folder holds none."""
    raw = _parsed(folder / "manifest.json")
    return raw if isinstance(raw, dict) else {}


def read_openings(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Each time that the test labels were opened, oldest first; a line cut off by a crash is passed over."""
    path = folder / "openings.jsonl"
    lines = path.read_bytes().splitlines() if path.is_file() else []
    entries = [_json(line) for line in lines]
    return tuple(entry for entry in entries if isinstance(entry, dict))


def undeclared_openings(openings: Sequence[Mapping[str, Any]], *, declared: int) -> int:
    """How many openings go beyond the declared ones; the same scores opened again count once."""
    distinct = {(str(entry.get("seeds")), str(entry.get("scores_sha256"))) for entry in openings}
    return max(len(distinct) - declared, 0)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _parsed(path: Path) -> Any:
    return _json(path.read_bytes()) if path.is_file() else None


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
