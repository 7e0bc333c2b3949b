"""How far each contender is from the best baseline, with an interval; beside the verdict, which is on contenders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import verdict_from_scores


def over_baseline(plan: RecordedPlan, scores: pd.DataFrame, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Contender minus best baseline: ``{name, baseline, difference, low, high}`` of each, in score units.

    Each interval stands for itself, at the level of the bakeoff, and covers new seeds and new test examples (rule 12).
    Empty without a baseline, and in searches and races, where contenders have another number of trials than baselines.

    Args:
        plan: the bakeoff's.
        scores: a row a trial and test example, of baselines too.
        about: what the statistics are told of the metric.
    """
    baselines = [contender.name for contender in plan.contenders if contender.is_baseline]
    means = scores[scores["contender"].isin(baselines)].groupby("contender", observed=True)["score"].mean()
    if plan.num_tuning or plan.looks or means.empty:
        return []
    best = str((plan.aim.sign * means).idxmax())
    found = []
    for contender in plan.entered:
        two = scores[scores["contender"].isin([contender.name, best])]
        pair = verdict_from_scores(two, **about).pairs[0]
        sign = 1 if pair.a == contender.name else -1
        low, high = sorted((sign * pair.low, sign * pair.high))
        found.append({"name": contender.name, "baseline": best, "difference": sign * pair.difference})
        found[-1] |= {"low": low, "high": high}
    return found
