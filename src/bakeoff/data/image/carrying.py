"""Masks and boxes that move with their images.

B batch, H height, W width, M boxes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.data.batches.batch import Ragged, Tree
from bakeoff.data.image.affine import AffineParameters, affine, matrix_of

UNCOUNTED = 255
"""Of pixels of masks that come from outside of the image, as `bakeoff.data.masks.values.IGNORED`."""
_LEAST_SIDE = 1.0  # pixels
_LEAST_SEEN = 0.25  # the share of a box's area from which on it is still a thing to be found


def carry(targets: Tree, parameters: AffineParameters, *, size: tuple[int, int]) -> Tree:
    """Masks and boxes after their images have moved.

    A pixel of a mask takes the class of the nearest one, and does not count where it comes from outside. Boxes are
    those around their four corners, cut off at the image's edge; those of which less than a quarter is left are marked
    as crowds, as they are neither things to be found nor background; those of less than a pixel are left out.

    Args:
        targets: masks of class numbers ``(B, H, W)``, or ``boxes``, ``crowd`` and ``counts``, with whatever else there
            is of each box; None stays None.
        parameters: how each image moved.
        size: height and width of the images.
    """
    if isinstance(targets, Ragged):
        return _boxes(targets, parameters, size)
    if not isinstance(targets, Tensor):
        return targets
    less_B1HW = targets[:, None].float() - UNCOUNTED  # what comes from outside is 0, and so uncounted
    moved_B1HW = affine(less_B1HW, parameters, fill="zeros", mode="nearest") + UNCOUNTED
    return moved_B1HW[:, 0].round().to(targets.dtype)


def _boxes(targets: Ragged, parameters: AffineParameters, size: tuple[int, int]) -> Ragged:
    boxes_M4, counts_B = targets["boxes"], targets["counts"]
    images_M = torch.repeat_interleave(torch.arange(len(counts_B), device=counts_B.device), counts_B)
    maps_M33 = matrix_of(parameters).to(boxes_M4)[images_M]
    limits_2 = boxes_M4.new_tensor([size[1], size[0]])
    corners_M42 = boxes_M4[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] - limits_2 / 2
    moved_M42 = torch.einsum("mij,mkj->mki", maps_M33[:, :2, :2], corners_M42) + maps_M33[:, None, :2, 2] + limits_2 / 2
    whole_M4 = torch.cat([moved_M42.amin(dim=1), moved_M42.amax(dim=1)], dim=1)
    seen_M4 = torch.minimum(whole_M4.clamp(min=0), limits_2.repeat(2))
    sides_M2 = seen_M4[:, 2:] - seen_M4[:, :2]
    share_M = sides_M2.prod(dim=1) / (whole_M4[:, 2:] - whole_M4[:, :2]).prod(dim=1).clamp(min=1e-6)
    kept_M = (sides_M2 >= torch.minimum(boxes_M4[:, 2:] - boxes_M4[:, :2], sides_M2.new_tensor(_LEAST_SIDE))).all(dim=1)
    changed = targets | {"boxes": seen_M4, "crowd": targets["crowd"] | (share_M < _LEAST_SEEN)}
    counts_B = torch.zeros_like(counts_B).index_add_(0, images_M, kept_M.to(counts_B.dtype))
    return Ragged({name: part[kept_M] for name, part in changed.items() if name != "counts"} | {"counts": counts_B})
