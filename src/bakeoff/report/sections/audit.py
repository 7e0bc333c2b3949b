"""The audit and the guards: figures derived again, findings, and openings of the test labels."""

from __future__ import annotations

from typing import Any

from bakeoff.record.evidence import Check
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.stamps import findings

_MOST_CHECKS = 300


def audit_context(bakeoff: Bakeoff) -> dict[str, Any]:
    """The checks of the audit, those that differ apart, and what the guards found."""
    audit = bakeoff.audit
    agreeing: tuple[Check, ...] = tuple(check for check in audit.checks if check.agrees) if audit else ()
    return {
        "audit": audit,
        "agreeing": agreeing[:_MOST_CHECKS],
        "num_agreeing": len(agreeing),
        "findings": findings(bakeoff),
        "manifest_hash": str(bakeoff.manifest.get("sha256") or ""),
        "openings": bakeoff.openings,
    }
