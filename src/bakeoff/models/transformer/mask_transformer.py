"""Segmenter's mask Transformer: tokens that stand for classes look at all patches, and each draws a mask.

Paper: Strudel et al. 2021, Segmenter: Transformer for semantic segmentation, arXiv:2105.05633.

B batch, C channels, H height, W width (of the image; h, w of patches), T patches, N class tokens, D model width.

Departures from the paper: the number of class tokens is a setting, since a backbone knows no classes; the task's head,
the same for all contenders, makes class scores of their masks, so the softmax that the paper has before the norm is
left out. Learnt from nothing, where the paper starts from ImageNet.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.transformer.encoder import POSITION_STD, Transformer
from bakeoff.models.transformer.vit import ViT
from bakeoff.ranges import Count, Fraction


class MaskTransformer(ImageBackbone):
    """A ViT whose patches are decoded together with class tokens (Strudel et al. 2021, section 3.2): a mask a token.

    A mask says of each patch how well it fits the token: the scalar product of both at length 1, normalised over the
    tokens.

    Args:
        width: D, of encoder and decoder.
        depth: blocks of the encoder.
        decoder_depth: blocks of the decoder; the paper's is 2.
        tokens: N; the paper has one for each class.
        heads: attention heads a block.
        head_dim: size of a head; None: ``width / heads``.
        mlp_width: hidden units of the MLP; None: ``4 * width``.
        patch_size: side of a patch in pixels, None as of ViT; the paper's masks get better as patches get smaller.
        activation: of the MLP.
        dropout: on the input, in the MLP and on each branch.

    Raises:
        ImageTooSmall: a patch is larger than the image.
        ValueError: fewer than two tokens, or ``width`` not divisible by ``heads`` where ``head_dim`` is None.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 64,
        depth: Count = 4,
        decoder_depth: Count = 2,
        tokens: Count = 16,
        heads: Count = 4,
        head_dim: Count | None = None,
        mlp_width: Count | None = None,
        patch_size: Count | None = None,
        activation: Activation = "gelu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if tokens < 2:
            raise ValueError(f"tokens must be at least 2, since masks are normalised over them; got {tokens}")
        self.encoder = ViT(
            in_channels=in_channels,
            image_size=image_size,
            width=width,
            depth=depth,
            heads=heads,
            head_dim=head_dim,
            mlp_width=mlp_width,
            patch_size=patch_size,
            activation=activation,
            dropout=dropout,
        )
        self.tokens_ND = nn.Parameter(torch.empty(tokens, width))
        nn.init.trunc_normal_(self.tokens_ND, std=POSITION_STD)
        self.decoder = Transformer(
            width=width,
            depth=decoder_depth,
            heads=heads,
            head_dim=head_dim,
            mlp_width=mlp_width,
            activation=activation,
            positions="none",
            dropout=dropout,
        )
        self.norm = nn.LayerNorm(tokens)
        self.stage_channels = (tokens,)
        self.stage_strides = self.encoder.stage_strides

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The masks, ``(B, N, h, w)``."""
        (map_BDhw,) = self.encoder(images_BCHW)
        patches_BTD = rearrange(map_BDhw, "b d h w -> b (h w) d")
        tokens_BND = self.tokens_ND.expand(patches_BTD.shape[0], -1, -1)
        decoded_BSD = F.normalize(self.decoder(torch.cat([tokens_BND, patches_BTD], dim=1)), dim=-1)
        tokens_BND, patches_BTD = decoded_BSD.split([tokens_BND.shape[1], patches_BTD.shape[1]], dim=1)
        masks_BTN = self.norm(patches_BTD @ tokens_BND.transpose(1, 2))
        return [rearrange(masks_BTN, "b (h w) n -> b n h w", h=map_BDhw.shape[2])]
