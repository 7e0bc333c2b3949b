"""DETR: a Transformer that says all boxes of an image at once.

Paper: Carion et al. 2020, End-to-end object detection with transformers, arXiv:2005.12872.

B batch, D width.

Departures from the paper: norms come before each branch; a query has a place where it looks first, which is learnt,
and each block's boxes are where the next one looks (Liu et al. 2022, DAB-DETR, arXiv:2201.12329), since short trainings
don't find places by themselves; positions are added to what is attended to, keys and values alike; the map may be finer
than the backbone's last, summed from coarse to fine.
"""

from __future__ import annotations

from collections.abc import Callable

from bakeoff.models.activations import Activation
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.set_detector import WIDTH_OF_BACKBONES, SetDetector
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.ranges import Count, Fraction, Positive


class DETR(SetDetector):
    """A backbone, a Transformer encoder and decoder, and a set of boxes (Carion et al. 2020, arXiv:2005.12872).

    Args:
        backbone: makes the backbone; it is called with the data's channels and size, and with ``backbone_width``.
        width: D.
        backbone_width: of the backbone; None: ``width / 320``, so that both grow together.
        encoder_depth: blocks of the encoder; 0 for none.
        decoder_depth: blocks of the decoder; boxes are learnt from each one's output.
        heads: attention heads a block.
        head_dim: size of a head; None: ``width / heads``.
        mlp_width: hidden units of each block's MLP; None: ``4 * width``.
        queries: the most boxes an image.
        finest: the least stride of the map in pixels.
        activation: of the MLPs.
        dropout: probability.

    Raises:
        ValueError: ``width`` not divisible by ``heads`` where ``head_dim`` is None, or a count below 1.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Count = 64,
        backbone_width: Positive | None = None,
        encoder_depth: Count = 1,
        decoder_depth: Count = 3,
        heads: Count = 4,
        head_dim: Count | None = None,
        mlp_width: Count | None = None,
        queries: Count = 12,
        finest: Count = 8,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        def blocks(depth: int, *, cross_attention: bool) -> Transformer:
            return Transformer(
                width=width,
                depth=depth,
                cross_attention=cross_attention,
                heads=heads,
                head_dim=head_dim,
                mlp_width=mlp_width,
                activation=activation,
                positions="none",
                dropout=dropout,
            )

        super().__init__(
            backbone=backbone(
                in_channels=in_channels, image_size=image_size, width=backbone_width or width / WIDTH_OF_BACKBONES
            ),
            encoder=blocks(encoder_depth, cross_attention=False) if encoder_depth else None,
            stages=[blocks(1, cross_attention=True) for _ in range(decoder_depth)],
            queries=queries,
            finest=finest,
        )
