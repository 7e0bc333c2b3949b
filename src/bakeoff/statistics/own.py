"""A contender's own interval, for leaderboards: no test, and not to be compared between contenders."""

from __future__ import annotations

import numpy as np

from bakeoff.statistics.assembly import OWN_LEVEL
from bakeoff.statistics.clusters import Clusters, cluster_values
from bakeoff.statistics.crossed import crossed_mean
from bakeoff.statistics.guards import guard_for
from bakeoff.statistics.options import EDITION


def own_interval(
    scores_SN: np.ndarray,
    *,
    score_range: tuple[float, float] | None = None,
    bounded_influence: bool = False,
    clusters: Clusters | None = None,
    edition: int = EDITION,
) -> tuple[float, float]:
    """The 95 % interval of a mean on new seeds and new test examples, that of a contender of a verdict.

    Args:
        scores_SN: per-example scores, a row a seed.
        score_range: lowest and highest possible score, which guards the interval and which it keeps to.
        bounded_influence: as for ``verdict_from_scores``.
        clusters: which examples hang together.
        edition: of the protocol; the first one guards nothing, knows no clusters, and keeps to no range.
    """
    if edition == 1:
        return crossed_mean(scores_SN).interval(OWN_LEVEL)
    crowding = clusters.crowding if clusters else 1.0
    one = {"": scores_SN}
    guard = guard_for(
        score_range,
        one,
        num_tests=1,
        alpha=OWN_LEVEL,
        looks=False,
        crowding=crowding,
        bounded_influence=bounded_influence,
    )
    values_SN = cluster_values(scores_SN, clusters) if clusters else scores_SN
    return guard.clip(*crossed_mean(values_SN, guard=guard).interval(OWN_LEVEL))
