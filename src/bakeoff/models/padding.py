"""What sequence models ask of a padding mask, and how steps change places around padding.

B batch, T time steps, D size of a step.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from bakeoff.models.tracing import is_traced

Place = Literal["nowhere", "end", "anywhere"]


def refuse_empty_rows(padding_mask_BT: Tensor | None) -> None:
    """Raise if a sequence of the batch has no real step; shapes only (``meta``) can't be checked and pass, nor graphs.

    Raises:
        ValueError: a row of the mask is all padding.
    """
    if padding_mask_BT is None or padding_mask_BT.is_meta or is_traced():
        return
    empty_B = padding_mask_BT.all(dim=1)
    if empty_B.any():
        row = int(empty_B.nonzero()[0])
        raise ValueError(f"every sequence needs at least one real step; row {row} of the batch is all padding")


def where_padding_is(padding_mask_BT: Tensor | None) -> Place:
    """Whether rows have padding ``nowhere``, only after their real steps (``end``), or ``anywhere``.

    Shapes only (``meta``) can't be checked and count as free of padding; in a graph it may be anywhere.

    Raises:
        ValueError: a row of the mask is all padding.
    """
    if padding_mask_BT is None or padding_mask_BT.is_meta:
        return "nowhere"
    if is_traced():
        return "anywhere"
    refuse_empty_rows(padding_mask_BT)
    before_real_BT = padding_mask_BT[:, :-1] & ~padding_mask_BT[:, 1:]
    # One wait for the device, not two.
    padded, real_after_padding = torch.stack([padding_mask_BT.any(), before_real_BT.any()]).tolist()
    if not padded:
        return "nowhere"
    return "anywhere" if real_after_padding else "end"


def real_steps_first(x_BTD: Tensor, padding_mask_BT: Tensor) -> tuple[Tensor, Tensor]:
    """Each row with its real steps first, in their order, and padding after them.

    Returns:
        The rows, shape ``(B, T, D)``, and where each step went, shape ``(B, T, 1)``, for `back_in_place`.
    """
    real_BT = (~padding_mask_BT).long()
    among_real_BT, among_padding_BT = real_BT.cumsum(dim=1), (1 - real_BT).cumsum(dim=1)
    # Places are counted, not sorted for: ONNX has no stable sort.
    place_BT = torch.where(padding_mask_BT, among_real_BT[:, -1:] + among_padding_BT, among_real_BT) - 1
    place_BT1 = place_BT.unsqueeze(-1)
    return torch.zeros_like(x_BTD).scatter(1, place_BT1.expand_as(x_BTD), x_BTD), place_BT1


def back_in_place(x_BTD: Tensor, place_BT1: Tensor) -> Tensor:
    """Undoes `real_steps_first`, on outputs of any size D."""
    return x_BTD.gather(1, place_BT1.expand(-1, -1, x_BTD.shape[2]))


def last_real_step_first(x_BTD: Tensor, lengths_B: Tensor | None) -> Tensor:
    """Each row's real steps in the opposite order, padding staying after them; its own inverse.

    Args:
        x_BTD: rows with padding at the end only.
        lengths_B: real steps of each row; None means that all are real.
    """
    if lengths_B is None:
        return x_BTD.flip(1)
    step_T = torch.arange(x_BTD.shape[1], device=x_BTD.device)
    mirrored_BT = lengths_B[:, None] - 1 - step_T
    source_BT = torch.where(mirrored_BT >= 0, mirrored_BT, step_T)
    return x_BTD.gather(1, source_BT.unsqueeze(-1).expand_as(x_BTD))
