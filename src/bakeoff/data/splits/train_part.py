"""A part of the train rows, to learn from less: each class in proportion, groups whole, smaller parts within larger."""

from __future__ import annotations

import numpy as np

from bakeoff.data.splits.splitting import Rows

_PART_STREAM = 8
_FEWEST_ROWS = 2


def train_part(
    rows: Rows, fraction: float, *, classes: Rows | None = None, groups: Rows | None = None, seed: int
) -> Rows:
    """About that fraction of the rows, in their order; of one seed, a smaller part is within any larger one.

    Every class keeps a row, so that a part may be larger than was asked for; whole groups make it as large as they can.

    Args:
        rows: those of train.
        fraction: above 0, up to 1.
        classes: of each of these rows; None: they have none, or several.
        groups: of each of these rows; None: rows are on their own.
        seed: the trial's.
    """
    if fraction >= 1:
        return rows
    rng, count = np.random.default_rng([seed, _PART_STREAM]), max(round(fraction * len(rows)), _FEWEST_ROWS)
    classes = np.zeros(len(rows), dtype=np.int64) if classes is None else classes
    if groups is not None:
        return rows[np.isin(groups, _whole_groups(groups, classes, count, rng))]
    return np.sort(rows[_by_class(classes, rng)[: max(count, len(np.unique(classes)))]])


def _by_class(classes: Rows, rng: np.random.Generator) -> Rows:
    """All places in an order of which every beginning has the classes in proportion, after one row of each."""
    order = rng.permutation(len(classes))
    share_N = np.empty(len(classes))
    for own in (order[classes[order] == name] for name in np.unique(classes)):
        share_N[own] = np.arange(len(own)) / len(own)
    found: Rows = order[np.argsort(share_N[order], kind="stable")]
    return found


def _whole_groups(groups: Rows, classes: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Groups that have about so many rows; those that bring a class which none before has, come first."""
    names, group_N, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(names))
    place_N = np.argsort(order)[group_N]
    bring = np.unique([place_N[classes == name].min() for name in np.unique(classes)])
    order = order[np.concatenate([bring, np.setdiff1d(np.arange(len(names)), bring)])]
    nearest = int(np.abs(np.cumsum(sizes[order]) - count).argmin())
    found: Rows = names[order[: max(nearest + 1, len(bring))]]
    return found
