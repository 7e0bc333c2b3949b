"""Guard on timing: latencies count only where their repeats agree (rule 21)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding

NAME = "timing"
WIDEST_SPREAD = 0.10
FEWEST_REPEATS = 5


def spread(repeats: Sequence[float]) -> float:
    """Largest less smallest, as a share of the median; infinite where that says nothing."""
    middle = float(np.median(repeats)) if len(repeats) else 0.0
    return (max(repeats) - min(repeats)) / middle if middle > 0 else math.inf


def settled(repeats: Sequence[float]) -> bool:
    """Whether repeats of a timing agree: at least five, with a spread of at most 10 %.

    Args:
        repeats: one figure a repeat, any unit of time.
    """
    return len(repeats) >= FEWEST_REPEATS and spread(repeats) <= WIDEST_SPREAD


def settled_timings(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Latencies of the leaderboard whose stored repeats (``latency_repeats_ms``) disagree."""
    for row in bakeoff.verdict.leaderboard if bakeoff.verdict is not None else ():
        for size, repeats in row.latency_repeats_ms.items():
            if row.latency_ms.get(size) is not None and not settled(repeats):
                problem = f"{len(repeats)} repeats, spread {spread(repeats):.0%}; at least 5 within 10 % are asked"
                yield Finding(NAME, "warn", f"Latency of {row.name} at batch {size} is not settled ({problem}).")
