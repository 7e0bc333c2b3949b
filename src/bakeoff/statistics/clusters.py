"""Where examples hang together the cluster is the unit, not the example (rule 22).

Frames of one speaker, windows of one series and blocks of one text go right or wrong together, so that n of them say
less than n independent ones: with clusters of 10 and a correlation of 0.5, 170-193 of 1,000 bakeoffs between equals
named a winner. Each cluster enters with its sum of scores and its number of examples, as the jackknife pseudo-value of
their ratio, ``G m - (G - 1) m_(-g)``, moved so that the mean stays the mean over examples. Clusters of one example
each are the examples themselves.

Legend: S seeds, N examples, G clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bakeoff.errors import DataError


@dataclass(frozen=True)
class Clusters:
    """Which examples hang together.

    Attributes:
        place_N: each example's cluster, 0 to G - 1.
        size_G: examples of each cluster.
        name: what a cluster is, such as ``speaker``.
    """

    place_N: np.ndarray
    size_G: np.ndarray
    name: str = "cluster"

    @property
    def crowding(self) -> float:
        """Mean square over squared mean of the sizes: 1 for equal ones."""
        return float((self.size_G**2).mean() / self.size_G.mean() ** 2)


def clusters_of(labels_N: np.ndarray, *, name: str = "cluster") -> Clusters | None:
    """The clusters of some examples; None where every example is one of its own.

    Raises:
        DataError: an example without a cluster, or only one cluster.
    """
    place_N, distinct = pd.factorize(np.asarray(labels_N))
    if (place_N < 0).any():
        problem = f"{int((place_N < 0).sum())} examples have no cluster"
        raise DataError("data.missing_value", "cluster", None, problem)
    if len(distinct) == len(place_N):
        return None
    if len(distinct) < 2:
        problem = "all examples are in one cluster, which says nothing about others"
        raise DataError("data.one_cluster", "cluster", distinct[0], problem, next_step="name the clusters apart")
    return Clusters(place_N, np.bincount(place_N).astype(np.float64), name)


def cluster_values(scores_SN: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Pseudo-values of the clusters, (S, G): each row's mean is the mean over its examples."""
    scores_SN = np.asarray(scores_SN, dtype=np.float64)
    if scores_SN.shape[1] != len(clusters.place_N):
        problem = f"{scores_SN.shape[1]} examples have scores and {len(clusters.place_N)} have a cluster"
        raise DataError("data.unequal_examples", "cluster", None, problem)
    order_N = np.argsort(clusters.place_N, kind="stable")
    starts_G = np.concatenate([[0], np.cumsum(clusters.size_G)[:-1]]).astype(int)
    # The mean is taken off first: what is constant stays exactly constant.
    means_S1 = scores_SN.mean(axis=1, keepdims=True)
    errors_SG = np.add.reduceat((scores_SN - means_S1)[:, order_N], starts_G, axis=1)
    num_clusters, num_examples = len(clusters.size_G), len(clusters.place_N)
    moved_SG = (num_clusters - 1) * errors_SG / (num_examples - clusters.size_G)
    return means_S1 + moved_SG - moved_SG.mean(axis=1, keepdims=True)
