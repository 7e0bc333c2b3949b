"""What contenders are worth on spoilt test inputs, of equal kind and strength for all.

S trials, N examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from bakeoff.data.contract import TaskData
from bakeoff.data.corruption import SEVERITIES
from bakeoff.statistics.own import own_interval
from bakeoff.training.trial.saved_run import SavedRun

Condition: TypeAlias = tuple[str, int]
"""A corruption and its severity; ``("", 0)`` is none."""


def scores_of(saved: SavedRun, data: TaskData, metric: str) -> Iterator[tuple[Condition, np.ndarray, float]]:
    """Of each condition each test example's score, ``(N,)``, and the metric."""
    labels = data.labels("test")

    def judged(condition: Condition, answers: pa.Table) -> tuple[Condition, np.ndarray, float]:
        value = saved.task.summarise(answers, labels)[metric]
        return condition, saved.task.score_examples(answers, labels, metric), value

    yield judged(("", 0), saved.answers_on(data, "test"))
    for name in data.corruptions:
        for severity in SEVERITIES:
            yield judged((name, severity), saved.answers(data.corrupted("test", name, severity)))


def summarised(trials: Sequence[Mapping[Condition, tuple[np.ndarray, float]]], **bounds: Any) -> list[dict[str, Any]]:
    """Of each condition the mean over trials and its interval on new seeds and examples, as plain JSON.

    Args:
        trials: of one contender, each by condition.
        bounds: what the statistics are told of scores, as of the leaderboard.
    """
    found = []
    for name, severity in trials[0]:
        values = [trial[name, severity][1] for trial in trials]
        scores_SN = np.stack([trial[name, severity][0] for trial in trials])
        low, high = own_interval(scores_SN, **bounds) if len(trials) > 1 else (None, None)
        found.append(
            {
                "corruption": name,
                "severity": severity,
                "mean": float(np.mean(values)),
                "low": low,
                "high": high,
                "trials": values,
            }
        )
    return found
