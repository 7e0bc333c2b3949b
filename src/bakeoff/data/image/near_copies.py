"""Near-copies: frames, crops and augmented copies of one motif, which a split at random puts on both sides.

Images are compared as thumbnails of 16 x 16 gray values, less their mean and scaled to length 1, so that brightness and
contrast do not count. How near is near depends on the data: all digits look alike. So copies are clusters that stand
apart: groups of images whose links (single linkage) are much shorter than the way out of the group. Measured on 600
images of 50 motifs with twelve augmented copies each: 40 to 98 % are found, by the strength of augmentation; of
digits, Fashion-MNIST and MNIST-1D, which have none, at most 0.3 %, and nothing is told of 320 samples of 60 to 400.

N images, D values a thumbnail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.image.records import Pixels
from bakeoff.data.prepared import PreparedRows
from bakeoff.data.splits.splitting import Rows

MOST_ROWS = 6000
"""Images looked at; seconds grow by the square of them."""
WORTH_SAYING = 0.05
"""The share of a split's images with near-copies in train from which on it is told, if they are at least five."""
_FEWEST = 5
_SIDE = 16
_RUN_ROWS = 60  # looked at side by side, since the files of a motif often have names that follow each other
_NEIGHBOURS = 32
_BLOCK_ROWS = 1000
_FARTHEST_LINK = 0.5  # of vectors of length 1: a correlation of 0.875
_SMALL = 6
_WAY_OUT, _WAY_OUT_OF_SMALL = 1.5, 2.0  # as multiples of the longest link within; the fewer, the more by chance


def sampled_rows(num_rows: int) -> Rows:
    """The rows to look at: all, or runs at even distances."""
    if num_rows <= MOST_ROWS:
        return np.arange(num_rows)
    starts = np.linspace(0, num_rows - _RUN_ROWS, MOST_ROWS // _RUN_ROWS).astype(np.int64)
    return np.unique(starts[:, None] + np.arange(_RUN_ROWS))


def thumbnail(pixels_CHW: Pixels) -> NDArray[np.float32]:
    """The image's D values; of an image of one colour zeros."""
    gray_HW = pixels_CHW.mean(axis=0, dtype=np.float32)
    for axis, size in enumerate(gray_HW.shape):
        edges = np.linspace(0, size, _SIDE + 1).astype(np.int64)  # of a smaller image some pixels count twice
        sums = np.add.reduceat(gray_HW, edges[:-1], axis=axis)
        gray_HW = sums / np.maximum(np.diff(edges), 1).reshape((-1, 1) if axis == 0 else (1, -1))
    values_D = (gray_HW - gray_HW.mean()).ravel()
    length = float(np.linalg.norm(values_D))
    return (values_D / length if length > 0 else values_D).astype(np.float32)


def near_copies(thumbnails_ND: NDArray[np.float32], classes_N: Rows) -> Rows:
    """The cluster of near-copies of each image by number, -1 where it is in none.

    A cluster has at most half of the images of a class, since a class may stand apart as a whole.
    """
    cluster_N = np.full(len(thumbnails_ND), -1)
    if len(thumbnails_ND) < 2:
        return cluster_N
    most_N = np.bincount(classes_N)[classes_N] // 2
    members = {row: [row] for row in range(len(cluster_N))}
    root_N, longest_N = np.arange(len(cluster_N)), np.zeros(len(cluster_N))

    def leave(root: int, way_out: float) -> None:
        own, link = members[root], longest_N[root]
        needed = _WAY_OUT if len(own) >= _SMALL else _WAY_OUT_OF_SMALL
        if 2 <= len(own) <= most_N[own[0]] and link <= _FARTHEST_LINK and way_out >= needed * link:
            cluster_N[own] = root

    for one, other, length in _links(thumbnails_ND):
        roots = sorted((root_N[one], root_N[other]), key=lambda root: len(members[root]))
        for root in roots:
            leave(root, length)
        small, large = roots
        root_N[members[small]] = large
        members[large] += members.pop(small)
        longest_N[large] = length
    for root, own in members.items():
        if 2 <= len(own) <= most_N[own[0]]:
            leave(root, _way_out(thumbnails_ND, own))
    return cluster_N


def note_near_copies(rows: PreparedRows, thumbnails: Mapping[int, NDArray[np.float32]]) -> str | None:
    """A sentence for the report where enough images of test or validation have near-copies in train.

    Args:
        rows: as they are split; validation is drawn from the pool where it is empty.
        thumbnails: of some rows, by number.
    """
    splits = {"test": rows.test, "validation": rows.val if len(rows.val) else rows.pool}
    used = np.concatenate([rows.pool, rows.val, rows.test]).tolist()
    seen = [row for row in used if row in thumbnails and thumbnails[row].any()]
    if not seen:
        return None
    classes = np.maximum(rows.labels[seen], 0) if rows.class_names else np.zeros(len(seen), dtype=np.int64)
    clusters = near_copies(np.stack([thumbnails[row] for row in seen]), classes)
    cluster_of = {row: cluster for row, cluster in zip(seen, clusters.tolist(), strict=True) if cluster >= 0}
    in_train = defaultdict(list)
    for row in filter(cluster_of.__contains__, rows.pool.tolist()):
        in_train[cluster_of[row]].append(row)
    found = []
    for name, own in splits.items():
        copies = {row: _apart(row, in_train[cluster_of.get(row, -1)], rows.units) for row in own.tolist()}
        pairs = [(row, copy) for row, copy in copies.items() if copy is not None]
        share = len(pairs) / max(1, np.isin(own, seen).sum())
        if share >= WORTH_SAYING and len(pairs) >= _FEWEST:
            example = " like ".join(rows.examples[row] for row in pairs[0])
            found.append(f"{share:.0%} of {name} images ({example})")
    if not found:
        return None
    return (
        f"NEAR-COPIES of training images are about {' and '.join(found)}: frames, crops or copies of one motif, by "
        "which scores are too good; data.split.group or data.split.group_from keeps a motif on one side."
    )


def _apart(row: int, others: Sequence[int], units: NDArray[np.str_]) -> int | None:
    """The first of the others that may land on another side than a row, if any may."""
    may_part = (other for other in others if other != row and not (len(units) and units[other] == units[row]))
    return next(may_part, None)


def _links(thumbnails_ND: NDArray[np.float32]) -> list[tuple[int, int, float]]:
    """The shortest links that join each image to its nearest ones, shortest first."""
    num_rows = len(thumbnails_ND)
    count = min(_NEIGHBOURS, num_rows - 1)
    near, lengths = [], []
    for start in range(0, num_rows, _BLOCK_ROWS):
        cosines_BN = thumbnails_ND[start : start + _BLOCK_ROWS] @ thumbnails_ND.T
        block = np.arange(len(cosines_BN))
        cosines_BN[block, start + block] = -2.0  # not to itself
        nearest_BK = np.argpartition(-cosines_BN, count - 1, axis=1)[:, :count]
        near.append(nearest_BK)
        lengths.append(_lengths(np.take_along_axis(cosines_BN, nearest_BK, axis=1)))
    from scipy.sparse import csr_array  # prepared data does without
    from scipy.sparse.csgraph import minimum_spanning_tree

    starts = np.repeat(np.arange(num_rows), count)
    graph = csr_array((np.concatenate(lengths).ravel(), (starts, np.concatenate(near).ravel())), shape=(num_rows,) * 2)
    tree = minimum_spanning_tree(graph).tocoo()
    order = np.argsort(tree.data, kind="stable")
    return list(zip(tree.row[order].tolist(), tree.col[order].tolist(), tree.data[order].tolist(), strict=True))


def _way_out(thumbnails_ND: NDArray[np.float32], own: list[int]) -> float:
    """The distance from a group to the nearest image outside of it."""
    cosines = thumbnails_ND[own] @ np.delete(thumbnails_ND, own, axis=0).T
    return float(_lengths(cosines.max(initial=-1.0)))


def _lengths(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances of vectors of length 1; never 0, which a sparse graph takes for no link."""
    return np.sqrt(np.maximum(2 - 2 * cosines, 1e-6))
