"""Validation and test that part by more than their intervals allow: they are not alike, or one of them leaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.statistics.clusters import cluster_values, clusters_of

HALF_OF_95 = 1.96  # standard errors


def half_width(scores_N: np.ndarray, units: Sequence[str] | None) -> float:
    """Half of the 95 % interval of the mean over test examples, or over the units they belong to (one: endless)."""
    if units is not None and len(set(units)) == 1:
        return math.inf
    clusters = clusters_of(np.asarray(units)) if units is not None else None
    values = scores_N if clusters is None else cluster_values(scores_N[None], clusters)[0]
    return HALF_OF_95 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def apart(metric: str, reached: Mapping[str, tuple[float, float, float]], *, num_val: int, num_test: int) -> list[str]:
    """A sentence, if validation and test part in the same direction for all who were measured on both.

    A single validation example is taken to vary as a test example does.

    Args:
        metric: what was measured.
        reached: by name: validation, test, and half of the test's 95 % interval.
        num_val: validation examples.
        num_test: test examples.
    """
    if not reached or not num_val:
        return []
    wider = 1 + math.sqrt(num_test / num_val)
    gaps = [validation - test for validation, test, _ in reached.values()]
    beyond = [abs(validation - test) > wider * half for validation, test, half in reached.values()]
    if not all(beyond) or len({gap > 0 for gap in gaps}) > 1:
        return []
    shown = ", ".join(f"{name} {validation:.4f} and {test:.4f}" for name, (validation, test, _) in reached.items())
    return [
        f"Validation and test part in {metric} by more than their 95 % intervals allow ({shown}): the two are not "
        "alike, or one shares motifs, persons or sources with train, which data.split.group keeps on one side "
        "[splits.apart]"
    ]


def apart_on_board(rows: Sequence[Mapping[str, Any]], metric: str, *, num_val: int, num_test: int) -> list[str]:
    """As `apart`, of the contenders of a leaderboard."""
    reached = {}
    for row in rows:
        test, validation = row["test"][metric], row["validation"].get(metric)
        if row["role"] == "contender" and validation is not None and math.isfinite(test["high"] - test["low"]):
            reached[row["name"]] = (validation["mean"], test["mean"], (test["high"] - test["low"]) / 2)
    return apart(metric, reached, num_val=num_val, num_test=num_test)
