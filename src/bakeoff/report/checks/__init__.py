"""Coded checks of a finished bakeoff or run: what would mislead whoever reads its result (docs/checks.md)."""

from __future__ import annotations

from collections.abc import Collection

from bakeoff.report.checks import costs, data, protocol, results, training
from bakeoff.report.checks.check import Check, Found
from bakeoff.report.reading import Bakeoff

CHECKS: tuple[Check, ...] = (*data.CHECKS, *training.CHECKS, *results.CHECKS, *costs.CHECKS, *protocol.CHECKS)


def found_in(bakeoff: Bakeoff, *, ignored: Collection[str] = ()) -> list[Found]:
    """What the checks find, in the order of their codes.

    Args:
        bakeoff: as its folder tells it.
        ignored: codes that are not asked.
    """
    asked = [check for check in CHECKS if check.code not in ignored]
    return [Found(check, sentence) for check in asked for sentence in check.look(bakeoff)]
