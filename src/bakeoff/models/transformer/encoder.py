"""The Transformer over sequences, with the norm before each branch.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762; Xiong et al. 2020, "On layer normalization in the
Transformer architecture", arXiv:2002.04745 (pre-norm).

B batch, T time steps (S when attended to), D model width, N heads, H size of a head.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation
from bakeoff.models.activations import activation as activation_by_name
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.padding import refuse_empty_rows

Positions = Literal["sinusoidal", "learned", "none"]

POSITION_STD = 1.0
"""Of learned positions at the start, on the scale of embedded patches: short trainings barely move the usual 0.02."""


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product attention of a sequence to itself (Vaswani et al. 2017, section 3.2).

    Args:
        width: D.
        heads: N.
        head_dim: H, free of ``width / heads``, so that a size budget can be met closely.
    """

    def __init__(self, *, width: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * heads * head_dim)
        self.output = nn.Linear(heads * head_dim, width)

    def forward(self, x_BTD: Tensor, *, visible_mask: Tensor | None, causal: bool) -> Tensor:
        """The attended sequence; ``visible_mask``, broadcast to ``(B, N, T, S)``, is True where a step may look."""
        projected_BTE = self.query_key_value(x_BTD)
        query_BNTH, key_BNSH, value_BNSH = rearrange(projected_BTE, "b t (i n h) -> i b n t h", i=3, n=self.heads)
        mixed_BNTH = F.scaled_dot_product_attention(
            query_BNTH, key_BNSH, value_BNSH, attn_mask=visible_mask, is_causal=causal and visible_mask is None
        )
        return self.output(rearrange(mixed_BNTH, "b n t h -> b t (n h)"))


class TransformerBlock(nn.Module):
    """``x + attention(norm(x))``, then ``x + mlp(norm(x))`` (Xiong et al. 2020, figure 1b)."""

    def __init__(
        self, *, width: int, heads: int, head_dim: int, mlp_width: int, activation: Activation, dropout: float
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width=width, heads=heads, head_dim=head_dim)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp_width),
            activation_by_name(activation),
            nn.Dropout(dropout),
            nn.Linear(mlp_width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTD: Tensor, *, visible_mask: Tensor | None, causal: bool) -> Tensor:
        """The block's output, shape ``(B, T, D)``."""
        attended_BTD = self.attention(self.attention_norm(x_BTD), visible_mask=visible_mask, causal=causal)
        x_BTD = x_BTD + self.dropout(attended_BTD)
        return x_BTD + self.dropout(self.mlp(self.mlp_norm(x_BTD)))


class Transformer(SequenceBackbone):
    """A pre-norm Transformer, encoder or (causal) decoder-only (Vaswani et al. 2017; Xiong et al. 2020).

    Departures from Vaswani: the norm comes before each branch and once at the end; dropout falls on the input, inside
    the MLP and on each branch, never on the attention weights (Dosovitskiy et al. 2021), so that fused kernels serve.

    Args:
        width: D, size of each step in and out.
        causal: a step sees itself and earlier steps only.
        depth: blocks.
        heads: attention heads a block.
        head_dim: size of a head; None: ``width / heads``.
        mlp_width: hidden units of the MLP; None: ``4 * width``.
        activation: of the MLP.
        positions: ``sinusoidal`` (any length), ``learned`` (up to ``max_length``) or ``none``.
        max_length: the longest sequence that learned positions serve.
        dropout: probability.

    Raises:
        ValueError: ``width`` not divisible by ``heads`` where ``head_dim`` is None, unknown ``positions``, learned
            positions without ``max_length``, or a size below 1.
    """

    def __init__(
        self,
        *,
        width: int,
        causal: bool = False,
        depth: int = 4,
        heads: int = 4,
        head_dim: int | None = None,
        mlp_width: int | None = None,
        activation: Activation = "gelu",
        positions: Positions = "sinusoidal",
        max_length: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.width = width
        self.causal = causal
        self.positions = _position_table(positions, width=width, max_length=max_length)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                width=width,
                heads=heads,
                head_dim=_head_dim(width, heads=heads) if head_dim is None else head_dim,
                mlp_width=4 * width if mlp_width is None else mlp_width,
                activation=activation,
                dropout=dropout,
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.apply(_initialise)

    def forward(self, x_BTD: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Raises:
            ValueError: a row is all padding, or the sequence is longer than learned positions reach.
        """
        x_BTD = self.dropout(self.positions(x_BTD))
        visible_mask = self._visible(padding_mask_BT)
        for block in self.blocks:
            x_BTD = block(x_BTD, visible_mask=visible_mask, causal=self.causal)
        return self.norm(x_BTD)

    def _visible(self, padding_mask_BT: Tensor | None) -> Tensor | None:
        """What each step may look at, or None where the kernel's own causal flag says it all."""
        if padding_mask_BT is None:
            return None
        refuse_empty_rows(padding_mask_BT)
        visible_B11S = ~padding_mask_BT[:, None, None, :]
        if not self.causal:
            return visible_B11S
        length = padding_mask_BT.shape[1]
        every_TS = torch.ones(length, length, dtype=torch.bool, device=padding_mask_BT.device)
        # Each step may look at itself: padding before the first real step would otherwise see nothing and give NaN.
        return (visible_B11S & every_TS.tril()) | torch.eye(length, dtype=torch.bool, device=every_TS.device)


class SinusoidalPositions(nn.Module):
    """Adds sines and cosines of geometrically spaced wavelengths (Vaswani et al. 2017, section 3.5)."""

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The sequence plus its positions, shape ``(B, T, D)``."""
        length, width = x_BTD.shape[1:]
        position_T = torch.arange(length, device=x_BTD.device, dtype=torch.float32)
        pair_P = torch.arange((width + 1) // 2, device=x_BTD.device, dtype=torch.float32)
        angle_TP = position_T[:, None] * torch.exp(pair_P * (-2 * math.log(10_000.0) / width))
        table_TD = torch.stack([angle_TP.sin(), angle_TP.cos()], dim=-1).flatten(1)[:, :width]
        return x_BTD + table_TD.to(x_BTD.dtype)


class LearnedPositions(nn.Module):
    """Adds one learned vector a position."""

    def __init__(self, *, width: int, max_length: int) -> None:
        super().__init__()
        self.table = nn.Embedding(max_length, width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The sequence plus its positions, shape ``(B, T, D)``.

        Raises:
            ValueError: the sequence is longer than ``max_length``.
        """
        length, longest = x_BTD.shape[1], self.table.num_embeddings
        if length > longest:
            raise ValueError(f"learned positions reach max_length={longest} steps; got a sequence of {length}")
        return x_BTD + self.table.weight[:length]


def _position_table(positions: Positions, *, width: int, max_length: int | None) -> nn.Module:
    if positions == "sinusoidal":
        return SinusoidalPositions()
    if positions == "none":
        return nn.Identity()
    if positions != "learned":
        raise ValueError(f"positions must be one of {', '.join(get_args(Positions))}; got {positions!r}")
    if max_length is None:
        raise ValueError("learned positions need max_length, the longest sequence; got None")
    return LearnedPositions(width=width, max_length=max_length)


def _head_dim(width: int, *, heads: int) -> int:
    if width % heads:
        below = width // heads * heads
        raise ValueError(f"width must be divisible by heads={heads}; got {width}, nearest {below} and {below + heads}")
    return width // heads


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=POSITION_STD)
