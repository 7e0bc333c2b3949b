"""Images moved by affine maps, a map each.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class AffineParameters:
    """What is done to each example, each of shape ``(B,)``: turned, scaled, sheared and moved about its centre.

    Degrees turn counter-clockwise as in torchvision's ``rotate`` with a negative sign: as its ``affine``, clockwise in
    the picture. Shifts are in pixels, to the right and down. A scale of 2 doubles what is seen.
    """

    degrees: Tensor
    scale: Tensor
    shear_x: Tensor
    shear_y: Tensor
    shift_x: Tensor
    shift_y: Tensor
    mirror_x: Tensor
    mirror_y: Tensor


def affine(images_BCHW: Tensor, parameters: AffineParameters, *, fill: str, mode: str = "bilinear") -> Tensor:
    """Each image moved by its own affine map, in one resampling.

    The map is torchvision's: scale, shear along x then y, rotation, then the shift; mirroring comes first.

    Args:
        images_BCHW: float images.
        parameters: one value an example.
        fill: ``padding_mode`` of torch's ``grid_sample``.
        mode: of it too: ``bilinear`` or ``nearest``.
    """
    _, _, height, width = images_BCHW.shape
    to_source_B33 = torch.linalg.inv(matrix_of(parameters))
    # from pixels about the centre to grid_sample's coordinates, which run from -1 to 1 along either axis
    unit_3 = torch.tensor([width / 2, height / 2, 1.0])
    theta_B23 = (to_source_B33 * unit_3 / unit_3[:, None])[:, :2]
    grid_BHW2 = functional.affine_grid(theta_B23.to(images_BCHW), list(images_BCHW.shape), align_corners=False)
    return functional.grid_sample(images_BCHW, grid_BHW2, mode=mode, padding_mode=fill, align_corners=False)


def matrix_of(parameters: AffineParameters) -> Tensor:
    """Where each pixel goes, in pixels about the centre, shape ``(B, 3, 3)``."""
    angle = torch.deg2rad(parameters.degrees)
    tan_x, tan_y = (torch.tan(torch.deg2rad(shear)) for shear in (parameters.shear_x, parameters.shear_y))
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    turn = _stack([[angle.cos(), -angle.sin(), zero], [angle.sin(), angle.cos(), zero], [zero, zero, one]])
    shear = _stack([[one, -tan_x, zero], [-tan_y, 1 + tan_x * tan_y, zero], [zero, zero, one]])
    shift = _stack([[one, zero, parameters.shift_x], [zero, one, parameters.shift_y], [zero, zero, one]])
    sign_x = torch.where(parameters.mirror_x, -parameters.scale, parameters.scale)
    sign_y = torch.where(parameters.mirror_y, -parameters.scale, parameters.scale)
    size = _stack([[sign_x, zero, zero], [zero, sign_y, zero], [zero, zero, one]])
    return shift @ turn @ shear @ size


def _stack(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
