"""Would A trained again beat B trained again? What a verdict on means leaves out, in words a manager reads.

One new run of each, on as many new test examples, differs by ``d_hat`` with the variance of the estimate itself (V)
and that of the new difference: ``s2_run + s2_examples``, where s2_run is the variance of one run's mean on these
examples (for a family: of one search's) and s2_examples the part of vex that runs do not share.
"""

from __future__ import annotations

import math

from bakeoff.statistics.distributions import stdtr
from bakeoff.statistics.estimates import Estimate


def chance_of_beating(estimate: Estimate) -> float | None:
    """Chance that a new run of A beats a new run of B on as many new examples; a tie counts half. None if unknown."""
    if estimate.v_run is None or not math.isfinite(estimate.v_run + estimate.variance):
        return None
    variance = estimate.variance + estimate.v_run + estimate.s2_examples
    if variance == 0:
        return 0.5 if estimate.difference == 0 else float(estimate.difference > 0)
    return float(stdtr(estimate.df, estimate.difference / math.sqrt(variance)))


def retraining_sentence(a: str, b: str, estimate: Estimate, *, units: str, runs: str = "seeds") -> str:
    """The same as a sentence; empty where it is unknown."""
    chance = chance_of_beating(estimate)
    if chance is None:
        return ""
    again = "Searched again" if runs == "trials" else "Trained again"
    times = min(max(round(100 * chance), 1), 99)
    return (
        f"{again}, once each, and tested on {estimate.num_examples:,} new {units}, {a} would be ahead of {b} in about "
        f"{times} of 100 cases."
    )
