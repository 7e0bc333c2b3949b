"""A batch, and walks through what it is made of.

Inputs and targets are trees of tensors: tuples, mappings and named tuples are structure; a tensor has a row for each
example along its first axis, and a list has an item for each (an unpadded waveform). In a `Ragged`, tensors have any
number of rows for each example (boxes of an image). Anything else, such as a number, belongs to the batch as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

Tree: TypeAlias = Any
"""Tensors in tuples, lists and mappings."""
FEWEST_ROWS = 2
"""Of a part of a batch: batch normalisation cannot train on one row."""


class Batch(NamedTuple):
    """Examples that are learnt from, or scored, together.

    Attributes:
        inputs: what the network is called with.
        targets: what it should say.
        size: how many examples there are.
    """

    inputs: Tree
    targets: Tree
    size: int


class Ragged(dict[str, Tensor]):
    """Tensors with any number of rows for each example, one example's after the other's, by name.

    ``counts``, int64 of shape ``(B,)``, says how many rows of all the others are each example's.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """As torch reads it from checkpoints, which hold plain mappings alone."""
        return Ragged, (dict(self),)

    def part(self, rows: slice) -> Ragged:
        """Some examples."""
        counts = self["counts"]
        first = int(counts[: rows.start].sum())
        last = first + int(counts[rows].sum())
        return Ragged({name: part[rows] if name == "counts" else part[first:last] for name, part in self.items()})


torch.serialization.add_safe_globals([Ragged])  # what a checkpoint keeps of batches may hold some


def walk(tree: Tree, change: Callable[[Tensor], Any]) -> Tree:
    """The same tree with every tensor changed."""
    if isinstance(tree, Tensor):
        return change(tree)
    if isinstance(tree, Mapping):
        changed = {name: walk(part, change) for name, part in tree.items()}
        return Ragged(changed) if isinstance(tree, Ragged) else changed
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(walk(part, change) for part in tree))
    if isinstance(tree, tuple | list):
        return type(tree)(walk(part, change) for part in tree)
    return tree


def num_rows(tree: Tree) -> int:
    """How many examples a tree of inputs or targets has: the rows of its first tensor or list."""
    if isinstance(tree, Ragged):
        return len(tree["counts"])
    if isinstance(tree, Tensor | list):
        return len(tree)
    parts = list(tree.values()) if isinstance(tree, Mapping) else list(tree) if isinstance(tree, tuple) else []
    return next((found for part in parts if (found := num_rows(part))), 0)


def in_parts(tree: Tree, count: int) -> list[Tree]:
    """The rows of a tree in ``count`` parts of nearly equal size; in fewer where a part would have a single row."""
    return [_rows(tree, rows) for rows in _cuts(num_rows(tree), count)]


def batch_in_parts(batch: Batch, count: int) -> list[Batch]:
    """A batch in parts, each with its own size."""
    cuts = _cuts(batch.size, count)
    return [Batch(_rows(batch.inputs, rows), _rows(batch.targets, rows), rows.stop - rows.start) for rows in cuts]


def _cuts(size: int, count: int) -> list[slice]:
    parts = max(min(count, size // FEWEST_ROWS), 1)
    ends = [size // parts * (part + 1) + min(part + 1, size % parts) for part in range(parts)]
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def _rows(tree: Tree, rows: slice) -> Tree:
    if isinstance(tree, Tensor | list):
        return tree[rows]
    if isinstance(tree, Ragged):
        return tree.part(rows)
    if isinstance(tree, Mapping):
        return {name: _rows(part, rows) for name, part in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_rows(part, rows) for part in tree))
    return tuple(_rows(part, rows) for part in tree) if isinstance(tree, tuple) else tree


def join_rows(trees: Sequence[Tree]) -> Tree:
    """Trees of like structure as one: tensors and lists one after the other, the inverse of parting."""
    first = trees[0]
    if isinstance(first, Tensor):
        return torch.cat(list(trees))
    if isinstance(first, list):
        return [row for rows in trees for row in rows]
    if isinstance(first, Mapping):
        joined = {name: join_rows([tree[name] for tree in trees]) for name in first}
        return Ragged(joined) if isinstance(first, Ragged) else joined
    return tuple(join_rows(parts) for parts in zip(*trees, strict=True)) if isinstance(first, tuple) else first


def pinned(tree: Tree) -> Tree:
    """The tree's tensors in page-locked memory, which a GPU copies while it computes."""
    return walk(tree, Tensor.pin_memory)
