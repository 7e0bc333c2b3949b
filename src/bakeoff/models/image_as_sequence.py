"""Stems that turn an image into a sequence, so that every `SequenceBackbone` can contend in image tasks.

The patch stem is that of Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929; the row stem reads
an image as a page, one row of pixels a step (Le et al. 2015, arXiv:1504.00941, read one pixel a step).

B batch, C channels, H height, W width, T time steps, P pixel values of one step, D model width.
"""

from __future__ import annotations

from typing import Literal

from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.contracts import ImageBackbone, ImageTooSmall, SequenceBackbone


def default_patch_size(image_size: tuple[int, int]) -> int:
    """The power of two nearest to the square root of the shorter side, so that there are about as many patches along
    it as pixels along a patch: 2 at 8 px, 4 at 28 and 32, 8 at 64, 16 at 224.
    """
    patch_size = 1
    while 2 * patch_size**2 < min(image_size):
        patch_size *= 2
    return patch_size


def checked_patch_size(patch_size: int | None, *, image_size: tuple[int, int]) -> int:
    """The patch size to use: as given, or the default for the image.

    Raises:
        ImageTooSmall: a patch is larger than the image.
        ValueError: ``patch_size`` below 1.
    """
    if patch_size is None:
        return default_patch_size(image_size)
    if patch_size < 1:
        raise ValueError(f"patch_size must be at least 1 or null; got {patch_size}")
    if patch_size > min(image_size):
        height, width = image_size
        raise ImageTooSmall(
            f"patch_size={patch_size} needs images of at least {patch_size}x{patch_size} pixels; got {height}x{width}; "
            f"patch_size=null would take {default_patch_size(image_size)}"
        )
    return patch_size


def pad_to_patches(images_BCHW: Tensor, patch_height: int, patch_width: int) -> Tensor:
    """Zeros (the mean, after normalisation) below and to the right, up to a whole number of patches."""
    height, width = images_BCHW.shape[-2:]
    missing = (0, -width % patch_width, 0, -height % patch_height)
    return F.pad(images_BCHW, missing) if any(missing) else images_BCHW


class ImageAsSequence(ImageBackbone):
    """A stem and any `SequenceBackbone`, as an `ImageBackbone` with one stage (Dosovitskiy et al. 2021).

    The encoder's output is laid out again as a map: a patch stem gives ``(B, D, H / patch, W / patch)``, a row stem
    ``(B, D, H, 1)``. Images that patches don't divide are padded below and to the right.

    Args:
        encoder: the sequence model; its ``width`` is D.
        stem: ``patch`` (square patches, row by row) or ``row`` (each row of pixels a step).
        patch_size: side of a patch in pixels; None adapts to the image (`default_patch_size`). Patch stem only.
        stem_activation: after the stem's linear map; None leaves it linear.

    Raises:
        ImageTooSmall: a patch is larger than the image.
        ValueError: an unknown stem, or a patch size for rows.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        encoder: SequenceBackbone,
        stem: Literal["patch", "row"] = "patch",
        patch_size: int | None = None,
        stem_activation: Activation | None = None,
    ) -> None:
        super().__init__()
        if stem not in ("patch", "row"):
            raise ValueError(f"stem must be patch or row; got {stem!r}")
        if stem == "row" and patch_size is not None:
            raise ValueError(f"a row stem takes whole rows, patch_size must be null; got {patch_size}")
        side = checked_patch_size(patch_size, image_size=image_size) if stem == "patch" else 1
        self.patch = (side, side if stem == "patch" else image_size[1])
        embed: list[nn.Module] = [nn.Linear(in_channels * self.patch[0] * self.patch[1], encoder.width)]
        self.stem = nn.Sequential(*embed, *([] if stem_activation is None else [make_activation(stem_activation)]))
        self.encoder = encoder
        self.stage_channels = (encoder.width,)
        self.stage_strides = (side,)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One feature map, as the class says."""
        patch_height, patch_width = self.patch
        images_BCHW = pad_to_patches(images_BCHW, patch_height, patch_width)
        pixels_BTP = rearrange(images_BCHW, "b c (h p) (w q) -> b (h w) (c p q)", p=patch_height, q=patch_width)
        encoded_BTD = self.encoder(self.stem(pixels_BTP))
        return [rearrange(encoded_BTD, "b (h w) d -> b d h w", h=images_BCHW.shape[2] // patch_height)]
