"""The Transformer over sequences, with the norm before each branch: encoder, decoder or decoder-only.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762; Xiong et al. 2020, "On layer normalization in the
Transformer architecture", arXiv:2002.04745 (pre-norm); Su et al. 2021, arXiv:2104.09864 (rotary positions); Shazeer
2020, arXiv:2002.05202 (SwiGLU).

B batch, T time steps (S when attended to), D model width, N heads, H size of a head.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.contracts import SequenceBackbone, State
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import where_padding_is
from bakeoff.models.positions import Rotation, added_positions, rotation
from bakeoff.models.transformer.attention import SelfAttention, even_share
from bakeoff.models.transformer.block import TransformerBlock
from bakeoff.models.transformer.feed_forward import FeedForward
from bakeoff.ranges import Count, Fraction

__all__ = ["SelfAttention", "Transformer", "TransformerBlock"]

Positions = Literal["sinusoidal", "learned", "rotary", "none"]

POSITION_STD = 1.0
"""Of learned positions at the start, on the scale of embedded patches: short trainings barely move the usual 0.02."""


class Transformer(SequenceBackbone):
    """A pre-norm Transformer: encoder, decoder with a memory, or decoder-only (Vaswani et al. 2017; Xiong et al. 2020).

    Departures from Vaswani: the norm comes before each branch and once at the end; dropout falls on the input, inside
    the MLP and on each branch, never on the attention weights (Dosovitskiy et al. 2021), so that fused kernels serve.

    Args:
        width: D, size of each step in and out.
        causal: a step sees itself and earlier steps only.
        cross_attention: each block attends to a memory too.
        depth: blocks.
        heads: attention heads a block.
        head_dim: size of a head; None: ``width / heads``.
        feed_forward: ``mlp`` or ``swiglu``.
        mlp_width: hidden units of the MLP; None: ``4 * width``, in SwiGLU two thirds of that.
        activation: of the MLP, or of SwiGLU's gate; None: gelu and silu, as in the papers.
        positions: ``sinusoidal`` or ``rotary`` (any length), ``learned`` (up to ``max_length``) or ``none``.
        max_length: the longest sequence that learned positions serve.
        dropout: probability.

    Raises:
        ValueError: ``width`` not divisible by ``heads`` where ``head_dim`` is None, unknown ``positions`` or
            ``feed_forward``, learned positions without ``max_length``, or a depth below 1.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        depth: Count = 4,
        heads: Count = 4,
        head_dim: Count | None = None,
        feed_forward: FeedForward = "mlp",
        mlp_width: Count | None = None,
        activation: Activation | None = None,
        positions: Positions = "sinusoidal",
        max_length: Count | None = None,
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if positions not in get_args(Positions):
            raise ValueError(f"positions must be one of {', '.join(get_args(Positions))}; got {positions!r}")
        if depth < 1:
            raise ValueError(f"depth must be at least 1; got {depth}")
        self.width = width
        self.causal = causal
        self.cross_attention = cross_attention
        self.head_dim = even_share(width, heads=heads) if head_dim is None else head_dim
        self.rotary = positions == "rotary"
        self.positions = added_positions(positions, width=width, max_length=max_length)
        self.longest = max_length if positions == "learned" else None
        self.dropout = nn.Dropout(dropout)
        blocks = [
            TransformerBlock(
                width=width,
                heads=heads,
                head_dim=self.head_dim,
                mlp_width=mlp_width,
                activation=activation,
                dropout=dropout,
                feed_forward=feed_forward,
                cross_attention=cross_attention,
            )
            for _ in range(depth)
        ]
        self.blocks = cast(list[TransformerBlock], nn.ModuleList(blocks))
        self.norm = nn.LayerNorm(width)
        self.apply(_initialise)

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Raises:
            ValueError: a row is all padding, the sequence is longer than learned positions reach, or a memory is
                missing or not wanted.
        """
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        visible_mask = self._visible(padding_mask_BT)
        turn = self._rotation(x_BTD, start=0)
        x_BTD = self.dropout(self.positions(x_BTD))
        for block in self.blocks:
            x_BTD = block(
                x_BTD,
                visible_mask=visible_mask,
                causal=self.causal,
                rotation=turn,
                memory=block.keys_and_values(memory_BSD),
                memory_padding_mask_BS=memory_padding_mask_BS,
            )
        return self.norm(x_BTD)

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """No step's keys and values yet, and those of the memory, for each block.

        Raises:
            NotImplementedError: the model is not causal.
            ValueError: a memory is missing or not wanted.
        """
        self.refuse_steps_unless_causal()
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        pasts = tuple(block.attention.nothing_yet(batch_size) for block in self.blocks)
        memories = tuple(block.keys_and_values(memory_BSD) for block in self.blocks)
        return pasts, memories, memory_padding_mask_BS

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step, from the keys and values of those before; its work grows with their number.

        Raises:
            ValueError: learned positions do not reach this step.
        """
        pasts, memories, memory_padding_mask_BS = state
        x_B1D = x_BD[:, None]
        position = pasts[0][0].shape[2]
        turn = self._rotation(x_B1D, start=position)
        x_B1D = self.dropout(self.positions(x_B1D, start=position))
        extended = []
        for block, past, memory in zip(self.blocks, pasts, memories, strict=True):
            x_B1D, past = block.step(
                x_B1D, past, rotation=turn, memory=memory, memory_padding_mask_BS=memory_padding_mask_BS
            )
            extended.append(past)
        return self.norm(x_B1D)[:, 0], (tuple(extended), memories, memory_padding_mask_BS)

    def _rotation(self, x_BTD: Tensor, *, start: int) -> Rotation | None:
        if not self.rotary:
            return None
        return rotation(x_BTD.shape[1], self.head_dim, start=start, device=x_BTD.device)

    def _visible(self, padding_mask_BT: Tensor | None) -> Tensor | None:
        """What each step may look at, or None where the kernel's own causal flag says it all."""
        place = where_padding_is(padding_mask_BT)
        # Steps that a causal model reads never look at what comes after them.
        if padding_mask_BT is None or place == "nowhere" or (self.causal and place == "end"):
            return None
        visible_B11S = ~padding_mask_BT[:, None, None, :]
        if not self.causal:
            return visible_B11S
        length = padding_mask_BT.shape[1]
        every_TS = torch.ones(length, length, dtype=torch.bool, device=padding_mask_BT.device)
        # Each step may look at itself: padding before the first real step would otherwise see nothing and give NaN.
        return (visible_B11S & every_TS.tril()) | torch.eye(length, dtype=torch.bool, device=every_TS.device)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=POSITION_STD)
