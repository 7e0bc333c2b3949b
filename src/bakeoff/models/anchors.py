"""Anchors: boxes of several sizes and shapes around each place of a map (Ren et al. 2015, arXiv:1506.01497).

A anchors, H height and W width of the map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_SHARES = (0.125, 0.25, 0.5, 1.0)


def default_sizes(image_size: tuple[int, int]) -> tuple[float, ...]:
    """An eighth, a quarter, a half and all of the image's shorter side, in pixels."""
    return tuple(share * min(image_size) for share in _SHARES)


def anchors(
    map_size: tuple[int, int], *, stride: int, sizes: Sequence[float], ratios: Sequence[float], device: torch.device
) -> Tensor:
    """The anchors' corners in pixels, ``(A, 4)``: place by place, row by row; at each all sizes of a ratio, then the
    next ratio.

    Args:
        map_size: H and W.
        stride: pixels that a step in the map stands for.
        sizes: square roots of the anchors' areas.
        ratios: of height to width.
        device: of the result.
    """
    shape_R = torch.tensor(list(ratios), device=device).sqrt()
    size_S = torch.tensor(list(sizes), device=device)
    half_height = torch.outer(shape_R, size_S).flatten() / 2
    half_width = torch.outer(1 / shape_R, size_S).flatten() / 2
    around_K4 = torch.stack([-half_width, -half_height, half_width, half_height], dim=1)
    y_H, x_W = ((torch.arange(side, device=device) + 0.5) * stride for side in map_size)
    y_HW, x_HW = torch.meshgrid(y_H, x_W, indexing="ij")
    centre_HW4 = torch.stack([x_HW, y_HW, x_HW, y_HW], dim=-1)
    return (centre_HW4[:, :, None] + around_K4).reshape(-1, 4)
