"""The Vision Transformer.

Dosovitskiy et al. 2021, "An image is worth 16x16 words: Transformers for image recognition at scale", arXiv:2010.11929.

B batch, C channels, H height, W width, D model width.
"""

from __future__ import annotations

from bakeoff.models.activations import Activation
from bakeoff.models.image_as_sequence import ImageAsSequence, checked_patch_size
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.ranges import Count, Fraction


class ViT(ImageAsSequence):
    """A linear patch stem, learned one-dimensional positions and a pre-norm Transformer (Dosovitskiy et al. 2021).

    Departure from the paper: no class token; the shared head averages the final map instead, which the paper's appendix
    D.3 and Beyer et al. 2022 (arXiv:2205.01580) found as good.

    Args:
        width: D.
        depth: blocks.
        heads: attention heads a block.
        head_dim: size of a head; None: ``width / heads``.
        mlp_width: hidden units of the MLP; None: ``4 * width``, the paper's proportion.
        patch_size: side of a patch in pixels; None adapts to the image, 16 at 224 px as in the paper.
        activation: of the MLP; the paper's is ``gelu``.
        dropout: on the input, in the MLP and on each branch.

    Raises:
        ImageTooSmall: a patch is larger than the image.
        ValueError: ``width`` not divisible by ``heads`` where ``head_dim`` is None.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 64,
        depth: Count = 4,
        heads: Count = 4,
        head_dim: Count | None = None,
        mlp_width: Count | None = None,
        patch_size: Count | None = None,
        activation: Activation = "gelu",
        dropout: Fraction = 0.0,
    ) -> None:
        side = checked_patch_size(patch_size, image_size=image_size)
        encoder = Transformer(
            width=width,
            depth=depth,
            heads=heads,
            head_dim=head_dim,
            mlp_width=mlp_width,
            activation=activation,
            positions="learned",
            max_length=-(-image_size[0] // side) * -(-image_size[1] // side),
            dropout=dropout,
        )
        super().__init__(in_channels=in_channels, image_size=image_size, encoder=encoder, patch_size=side)
