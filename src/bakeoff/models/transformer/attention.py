"""Multi-head attention of a sequence to itself and to a memory, at once or step by step.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, section 3.2.

B batch, N heads, T time steps, S steps attended to, D model width, H size of a head, E all heads' sizes together.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.memory import DotProductAttention
from bakeoff.models.positions import Rotation, rotate

KeysAndValues = tuple[Tensor, Tensor]
"""Of the steps that can be attended to, shape ``(B, N, S, H)`` each."""


def even_share(width: int, *, heads: int) -> int:
    """The size of a head where all together are as wide as a step.

    Raises:
        ValueError: ``width`` can't be shared evenly.
    """
    if width % heads:
        below = width // heads * heads
        raise ValueError(f"width must be divisible by heads={heads}; got {width}, nearest {below} and {below + heads}")
    return width // heads


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
        self.head_dim = head_dim
        self.query_key_value = nn.Linear(width, 3 * heads * head_dim)
        self.output = nn.Linear(heads * head_dim, width)

    def forward(
        self, x_BTD: Tensor, *, visible_mask: Tensor | None, causal: bool, rotation: Rotation | None = None
    ) -> Tensor:
        """The attended sequence; ``visible_mask``, broadcast to ``(B, N, T, S)``, is True where a step may look."""
        query_BNTH, key_BNSH, value_BNSH = self._project(x_BTD, rotation)
        mixed_BNTH = F.scaled_dot_product_attention(
            query_BNTH, key_BNSH, value_BNSH, attn_mask=visible_mask, is_causal=causal and visible_mask is None
        )
        return self.output(rearrange(mixed_BNTH, "b n t h -> b t (n h)"))

    def step(self, x_B1D: Tensor, past: KeysAndValues, *, rotation: Rotation | None) -> tuple[Tensor, KeysAndValues]:
        """The next step, attended to the steps before and itself, and the keys and values of them all."""
        query_BN1H, key_BN1H, value_BN1H = self._project(x_B1D, rotation)
        key_BNSH = torch.cat([past[0], key_BN1H], dim=2)
        value_BNSH = torch.cat([past[1], value_BN1H], dim=2)
        mixed_BN1H = F.scaled_dot_product_attention(query_BN1H, key_BNSH, value_BNSH)
        return self.output(mixed_BN1H.transpose(1, 2).flatten(2)), (key_BNSH, value_BNSH)

    def nothing_yet(self, batch_size: int) -> KeysAndValues:
        """The keys and values before the first step."""
        like = self.output.weight  # `new_zeros` would be a part only where the network is cut in parts
        empty_BN0H = torch.zeros(batch_size, self.heads, 0, self.head_dim, dtype=like.dtype, device=like.device)
        return empty_BN0H, empty_BN0H

    def _project(self, x_BTD: Tensor, rotation: Rotation | None) -> tuple[Tensor, Tensor, Tensor]:
        projected_BTE = self.query_key_value(x_BTD)
        query_BNTH, key_BNTH, value_BNTH = rearrange(projected_BTE, "b t (i n h) -> i b n t h", i=3, n=self.heads)
        if rotation is None:
            return query_BNTH, key_BNTH, value_BNTH
        return rotate(query_BNTH, rotation), rotate(key_BNTH, rotation), value_BNTH


class MemoryAttention(DotProductAttention):
    """Multi-head scaled dot-product attention of a sequence to a memory (Vaswani et al. 2017, section 3.2.3).

    Args:
        width: D.
        heads: N.
        head_dim: H.
    """

    def __init__(self, *, width: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, heads * head_dim)
        self.key_value = nn.Linear(width, 2 * heads * head_dim)
        self.output = nn.Linear(heads * head_dim, width)

    def keys_and_values(self, memory_BSD: Tensor) -> KeysAndValues:
        """What the memory is attended to by, the same for every step."""
        key_BNSH, value_BNSH = rearrange(self.key_value(memory_BSD), "b s (i n h) -> i b n s h", i=2, n=self.heads)
        return key_BNSH, value_BNSH

    def forward(self, x_BTD: Tensor, memory: KeysAndValues, *, padding_mask_BS: Tensor | None) -> Tensor:
        """What each step found in the memory, shape ``(B, T, D)``."""
        query_BNTH = rearrange(self.query(x_BTD), "b t (n h) -> b n t h", n=self.heads)
        mixed_BNTH = self.attend(query_BNTH, *memory, padding_mask_BS=padding_mask_BS)
        return self.output(rearrange(mixed_BNTH, "b n t h -> b t (n h)"))
