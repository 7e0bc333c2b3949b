"""The Conformer: attention and convolution in each block, between two halves of a feed-forward layer.

Gulati et al. 2020, "Conformer: convolution-augmented Transformer for speech recognition", arXiv:2005.08100; Su et al.
2021, arXiv:2104.09864 (rotary positions).

B batch, T time steps, D model width, N heads, H size of a head.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.encoding import OnlyEncoder
from bakeoff.models.positions import Rotation, rotation
from bakeoff.models.transformer.attention import SelfAttention, even_share
from bakeoff.models.transformer.feed_forward import feed_forward_layers
from bakeoff.ranges import Count, Fraction


class ConvolutionModule(nn.Module):
    """A gated pointwise convolution, a depthwise one over time, a norm, swish and a pointwise one (section 2.2).

    Args:
        width: D.
        kernel_size: taps over time; odd.
    """

    def __init__(self, width: int, *, kernel_size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gated = nn.Linear(width, 2 * width)
        self.over_time = nn.Conv1d(width, width, kernel_size, padding=kernel_size // 2, groups=width, bias=False)
        self.norm_after = nn.LayerNorm(width)
        self.output = nn.Linear(width, width)

    def forward(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """Shape ``(B, T, D)``; padding is read as zeros."""
        gated_BTD = F.glu(self.gated(self.norm(x_BTD)), dim=-1)
        if padding_mask_BT is not None:
            gated_BTD = gated_BTD.masked_fill(padding_mask_BT.unsqueeze(-1), 0.0)
        mixed_BTD = self.over_time(gated_BTD.transpose(1, 2)).transpose(1, 2)
        return self.output(F.silu(self.norm_after(mixed_BTD)))


class ConformerBlock(nn.Module):
    """Half a feed-forward layer, attention, convolution, half a feed-forward layer, each added; then a norm."""

    def __init__(
        self, *, width: int, heads: int, head_dim: int, mlp_width: int | None, kernel_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.before, self.after = (
            nn.Sequential(
                nn.LayerNorm(width),
                feed_forward_layers("mlp", width=width, hidden=mlp_width, activation="silu", dropout=dropout),
            )
            for _ in range(2)
        )
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width=width, heads=heads, head_dim=head_dim)
        self.convolution = ConvolutionModule(width, kernel_size=kernel_size)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x_BTD: Tensor, padding_mask_BT: Tensor | None, *, visible_B11S: Tensor | None, turn: Rotation
    ) -> Tensor:
        """The block's output, shape ``(B, T, D)``."""
        x_BTD = x_BTD + 0.5 * self.dropout(self.before(x_BTD))
        attended_BTD = self.attention(
            self.attention_norm(x_BTD), visible_mask=visible_B11S, causal=False, rotation=turn
        )
        x_BTD = x_BTD + self.dropout(attended_BTD)
        x_BTD = x_BTD + self.dropout(self.convolution(x_BTD, padding_mask_BT))
        x_BTD = x_BTD + 0.5 * self.dropout(self.after(x_BTD))
        return self.norm(x_BTD)


class Conformer(OnlyEncoder):
    """An encoder of Conformer blocks (Gulati et al. 2020).

    Departures from the paper: rotary positions in place of Transformer-XL's relative ones; layer normalisation in place
    of batch normalisation after the depthwise convolution, so that what is padded in a batch changes no statistics.

    Args:
        width: D, size of each step in and out.
        causal: must be False; kernels are centred.
        cross_attention: must be False; the network has no decoder's form.
        depth: blocks.
        heads: N.
        head_dim: H, even; None: ``width / heads``.
        mlp_width: hidden units of each half of a feed-forward layer; None: ``4 * width``.
        kernel_size: of the convolution over time, odd; 31 in the paper, at steps of 40 ms.
        dropout: probability.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True, an even ``kernel_size``, or a ``width`` that ``heads``
            do not divide.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        depth: Count = 3,
        heads: Count = 4,
        head_dim: Count | None = None,
        mlp_width: Count | None = None,
        kernel_size: Count = 15,
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention, instead="model=transformer")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that it has a middle; got {kernel_size}")
        self.head_dim = even_share(width, heads=heads) if head_dim is None else head_dim
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            ConformerBlock(
                width=width,
                heads=heads,
                head_dim=self.head_dim,
                mlp_width=mlp_width,
                kernel_size=kernel_size,
                dropout=dropout,
            )
            for _ in range(depth)
        )

    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        visible_B11S = None if padding_mask_BT is None else ~padding_mask_BT[:, None, None, :]
        turn = rotation(x_BTD.shape[1], self.head_dim, start=0, device=x_BTD.device)
        x_BTD = self.dropout(x_BTD)
        for block in self.blocks:
            x_BTD = block(x_BTD, padding_mask_BT, visible_B11S=visible_B11S, turn=turn)
        return x_BTD
