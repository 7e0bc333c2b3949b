"""One block of a pre-norm Transformer.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762; Xiong et al. 2020, "On layer normalization in the
Transformer architecture", arXiv:2002.04745 (pre-norm).

B batch, T time steps, S steps of the memory, D model width.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.positions import Rotation
from bakeoff.models.transformer.attention import KeysAndValues, MemoryAttention, SelfAttention
from bakeoff.models.transformer.feed_forward import FeedForward, feed_forward_layers


class TransformerBlock(nn.Module):
    """``x + attention(norm(x))``, then ``x + mlp(norm(x))`` (Xiong et al. 2020, figure 1b).

    With ``cross_attention``, ``x + memory_attention(norm(x))`` comes between the two.
    """

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        head_dim: int,
        mlp_width: int | None,
        activation: Activation | None,
        dropout: float,
        feed_forward: FeedForward = "mlp",
        cross_attention: bool = False,
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width=width, heads=heads, head_dim=head_dim)
        self.memory_attention: MemoryAttention | None = None
        if cross_attention:
            self.memory_norm = nn.LayerNorm(width)
            self.memory_attention = MemoryAttention(width=width, heads=heads, head_dim=head_dim)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = feed_forward_layers(
            feed_forward, width=width, hidden=mlp_width, activation=activation, dropout=dropout
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x_BTD: Tensor,
        *,
        visible_mask: Tensor | None,
        causal: bool,
        rotation: Rotation | None = None,
        memory: KeysAndValues | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The block's output, shape ``(B, T, D)``."""
        attended_BTD = self.attention(
            self.attention_norm(x_BTD), visible_mask=visible_mask, causal=causal, rotation=rotation
        )
        return self._after_attention(x_BTD + self.dropout(attended_BTD), memory, memory_padding_mask_BS)

    def step(
        self,
        x_B1D: Tensor,
        past: KeysAndValues,
        *,
        rotation: Rotation | None,
        memory: KeysAndValues | None,
        memory_padding_mask_BS: Tensor | None,
    ) -> tuple[Tensor, KeysAndValues]:
        """The block's output at the next step, and the keys and values up to it."""
        attended_B1D, past = self.attention.step(self.attention_norm(x_B1D), past, rotation=rotation)
        return self._after_attention(x_B1D + self.dropout(attended_B1D), memory, memory_padding_mask_BS), past

    def keys_and_values(self, memory_BSD: Tensor | None) -> KeysAndValues | None:
        """What the block attends to of the memory, if it has one."""
        if self.memory_attention is None or memory_BSD is None:
            return None
        return self.memory_attention.keys_and_values(memory_BSD)

    def _after_attention(self, x_BTD: Tensor, memory: KeysAndValues | None, padding_mask_BS: Tensor | None) -> Tensor:
        if self.memory_attention is not None and memory is not None:
            found_BTD = self.memory_attention(self.memory_norm(x_BTD), memory, padding_mask_BS=padding_mask_BS)
            x_BTD = x_BTD + self.dropout(found_BTD)
        return x_BTD + self.dropout(self.mlp(self.mlp_norm(x_BTD)))
