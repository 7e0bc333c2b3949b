"""What ranked lists are worth; ties count as the mean over all orders in which they may stand.

Jaervelin and Kekaelaeinen 2002, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4): of one right item
DCG is its own ideal share, with linear gains as with any other.  McSherry and Najork 2008, "Computing information
retrieval performance measures efficiently in the presence of tied scores", ECIR: expected values over orders of ties.

N users, C items of the catalogue, R places of a list.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.interactions.ranked import DEPTH, OTHER
from bakeoff.metrics import MetricFacts
from bakeoff.statistics.pseudo import pseudo_values_from_left_out
from bakeoff.tables import column

CUTOFFS = (5, 10, 20)
COVERED = 10
COVERAGE = f"coverage_at_{COVERED}"
_HIT = "The share of users whose next item is among the first {k} of all items that may be recommended."
_GAIN = "1 / log2(rank + 1) of the next item, 0 beyond the first {k}; the mean over users, gains linear."
METRICS = (
    *(MetricFacts.share(f"ndcg_at_{k}", f"NDCG@{k}", _GAIN.format(k=k)) for k in CUTOFFS),
    *(MetricFacts.share(f"hr_at_{k}", f"HR@{k}", _HIT.format(k=k)) for k in CUTOFFS),
    MetricFacts.share("mrr", "MRR", f"1 / rank of the next item, 0 beyond the first {DEPTH}; the mean over users."),
    MetricFacts.share(
        COVERAGE,
        f"coverage@{COVERED}",
        f"The share of the catalogue that is among the first {COVERED} of anyone's list.",
        is_mean=False,
        in_validation=False,
    ),
    MetricFacts.error("loss", "loss", "What training minimises, of the next item; cross-entropy in nats, or of pairs."),
)
"""What is measured of ranked lists."""
PER_USER = tuple(facts.name for facts in METRICS if facts.name not in (COVERAGE, "loss"))


def _sums() -> dict[str, NDArray[np.float64]]:
    """Of each metric, what the first r places are worth together, for r from 0 to `DEPTH`."""
    ranks_R = np.arange(1, DEPTH + 1)
    worth = {f"hr_at_{k}": (ranks_R <= k) * 1.0 for k in CUTOFFS}
    worth |= {f"ndcg_at_{k}": (ranks_R <= k) / np.log2(ranks_R + 1) for k in CUTOFFS}
    worth["mrr"] = 1.0 / ranks_R
    return {name: np.concatenate([[0.0], np.cumsum(values_R)]) for name, values_R in worth.items()}


SUMS = _sums()


def expected(metric: str, above: Any, tied: Any) -> NDArray[np.float64]:
    """A metric of items that share their place with others, over all orders of them; nothing where ``tied`` is 0.

    Args:
        metric: one of `PER_USER`.
        above: how many items have a higher score, ``(N,)``.
        tied: how many have the same, it counted.
    """
    above, tied = np.asarray(above), np.asarray(tied)
    sums = SUMS[metric]
    share = sums[np.minimum(above + tied, DEPTH)] - sums[np.minimum(above, DEPTH)]
    return np.where(tied > 0, share / np.maximum(tied, 1), 0.0)


def places(answers: pa.Table, targets_N: NDArray[Any], *, prefix: str = "") -> tuple[NDArray[Any], NDArray[Any]]:
    """How many items stand above each user's right one, and how many share its place; 0 of those that no list has."""
    items, above, rows = _flat(answers, prefix)
    found = np.flatnonzero(items == targets_N[rows])
    above_N, tied_N = np.zeros(len(targets_N), dtype=np.int64), np.zeros(len(targets_N), dtype=np.int64)
    above_N[rows[found]] = above[found]
    tied_N[rows[found]] = _sharing(above, rows)[found]
    return above_N, tied_N


def score_examples(answers: pa.Table, labels: pa.Table, metric: str, *, num_items: int) -> NDArray[np.float64]:
    """Each user's share of ``metric``, shape ``(N,)``; of coverage its pseudo-value.

    Raises:
        ValueError: another metric, or the loss, which lists do not tell.
    """
    if metric == COVERAGE:
        return pseudo_values_from_left_out(*coverage(answers, num_items))
    if metric not in PER_USER:
        raise ValueError(f"a user's share is known of {', '.join((*PER_USER, COVERAGE))}; got {metric}")
    return expected(metric, *places(answers, column(labels, "target")))


def summarise(answers: pa.Table, labels: pa.Table, *, num_items: int) -> dict[str, float]:
    """All metrics of a set of answers but the loss, by name."""
    where = places(answers, column(labels, "target"))
    found = {name: float(expected(name, *where).mean()) for name in PER_USER}
    return found | {COVERAGE: coverage(answers, num_items)[0]}


def in_other_order(answers: pa.Table, labels: pa.Table, metric: str) -> NDArray[np.float64]:
    """As `score_examples` of a mean, under the other order of ties."""
    return expected(metric, *places(answers, column(labels, "other"), prefix=OTHER))


def _flat(answers: pa.Table, prefix: str = "") -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """All entries of all lists, how many items stand above each, and whose they are."""
    lists = answers[f"{prefix}items"].combine_chunks()
    lengths = np.diff(lists.offsets.to_numpy())
    above = answers[f"{prefix}above"].combine_chunks().flatten().to_numpy()
    return lists.flatten().to_numpy(), above, np.repeat(np.arange(len(lists)), lengths)


def _sharing(above: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many entries share the place of each."""
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (rows[1:] != rows[:-1]) | (above[1:] != above[:-1])
    groups = np.cumsum(begins) - 1
    return np.bincount(groups)[groups] if len(groups) else groups


def coverage(answers: pa.Table, num_items: int) -> tuple[float, NDArray[np.float64]]:
    """The share of the catalogue that the first `COVERED` places of all lists have, and that without each user.

    Of ties, the share to expect where every user's are ordered at random and apart from the others'.
    """
    items, above, rows = _flat(answers)
    first = above < COVERED
    shares = np.minimum((COVERED - above) / np.maximum(_sharing(above, rows), 1), 1.0)[first]
    items, rows = items[first], rows[first]
    certain = shares == 1.0
    missing = np.log1p(-np.where(certain, 0.0, shares))
    sure_C = np.bincount(items[certain], minlength=num_items)
    doubtful_C = np.exp(np.bincount(items, weights=missing, minlength=num_items))
    lost = np.where(certain, sure_C[items] == 1, sure_C[items] == 0) * doubtful_C[items]
    lost *= np.where(certain, 1.0, np.exp(-missing) - 1.0)
    whole = 1.0 - float((doubtful_C * (sure_C == 0)).mean())
    return whole, whole - np.bincount(rows, weights=lost, minlength=len(answers)) / num_items
