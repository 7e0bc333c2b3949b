"""Scaled dot products with a memory (an encoder's output), and the checks of one.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, section 3.2.1.

B batch, N heads, T time steps, S steps of the memory, D model width, H size of a head.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.models.attention import CrossAttention
from bakeoff.models.padding import refuse_empty_rows


def check_memory(memory_BSD: Tensor | None, memory_padding_mask_BS: Tensor | None, *, cross_attention: bool) -> None:
    """Raise unless there is a memory exactly where the model attends to one.

    Raises:
        ValueError: a memory is missing or not wanted, or a row of it is all padding.
    """
    if cross_attention and memory_BSD is None:
        raise ValueError("a model with cross_attention=True attends to a memory at every call; got memory_BSD=None")
    if not cross_attention and (memory_BSD is not None or memory_padding_mask_BS is not None):
        raise ValueError("a memory needs a model with cross_attention=True; got one without")
    refuse_empty_rows(memory_padding_mask_BS)


class DotProductAttention(CrossAttention):
    """Scaled dot products with a memory; the fused kernel serves wherever nobody asked for the weights."""

    def attend(
        self, query_BNTH: Tensor, key_BNSH: Tensor, value_BNSH: Tensor, *, padding_mask_BS: Tensor | None
    ) -> Tensor:
        """The mixture of values for each query, shape ``(B, N, T, H)``; padding gets no weight."""
        visible_B11S = None if padding_mask_BS is None else ~padding_mask_BS[:, None, None, :]
        if not self.recording:
            return F.scaled_dot_product_attention(query_BNTH, key_BNSH, value_BNSH, attn_mask=visible_B11S)
        scores_BNTS = query_BNTH @ key_BNSH.transpose(-2, -1) / query_BNTH.shape[-1] ** 0.5
        if visible_B11S is not None:
            scores_BNTS = scores_BNTS.masked_fill(~visible_B11S, -torch.inf)
        weights_BNTS = scores_BNTS.softmax(dim=-1)
        self.record(weights_BNTS.mean(dim=1))
        return weights_BNTS @ value_BNSH
