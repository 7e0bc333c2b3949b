"""The one thing that every sequence model asks of a padding mask."""

from __future__ import annotations

from torch import Tensor


def refuse_empty_rows(padding_mask_BT: Tensor) -> None:
    """Raise if a sequence of the batch has no real step; shapes only (``meta``) can't be checked and pass.

    Raises:
        ValueError: a row of the mask is all padding.
    """
    if padding_mask_BT.is_meta:
        return
    empty_B = padding_mask_BT.all(dim=1)
    if empty_B.any():
        row = int(empty_B.nonzero()[0])
        raise ValueError(f"every sequence needs at least one real step; row {row} of the batch is all padding")
