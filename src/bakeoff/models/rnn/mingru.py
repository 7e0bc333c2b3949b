"""The minimal GRU, whose gate and candidate see the input alone, so that training needs no loop over steps.

Feng et al. 2024, "Were RNNs all we needed?", arXiv:2410.01201.

B batch, T time steps, D model width, H hidden units, K steps that a convolution looks at.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.padding import last_real_step_first
from bakeoff.models.rnn.additive_attention import AttentionalOutput
from bakeoff.models.rnn.backbone import RecurrentBackbone
from bakeoff.models.rnn.linear_recurrence import linear_recurrence
from bakeoff.models.transformer.feed_forward import feed_forward_layers
from bakeoff.ranges import Count, Fraction

MixerState = tuple[Tensor, Tensor]
"""Hidden units ``(B, H)``, and the last inputs of the convolution ``(B, K - 1, D)``."""


def minimal_gru(gate_BTH: Tensor, candidate_BTH: Tensor, first_BH: Tensor | None = None) -> Tensor:
    """``h_t = (1 - z_t) h_{t-1} + z_t g(c_t)`` with ``z = sigmoid(gate)`` (Feng et al. 2024, section 3.1 and B.2).

    ``g(c)`` is ``c + 0.5`` from zero on and ``sigmoid(c)`` below, so that states stay positive. The sum is made in
    float32 in mixed precision too: bfloat16 rounds what a gate of -7 keeps to 1, and the state would only ever grow.

    Args:
        gate_BTH: before the sigmoid.
        candidate_BTH: c.
        first_BH: the state before the first step; None: zeros.
    """
    dtype = gate_BTH.dtype
    if dtype in (torch.bfloat16, torch.float16):
        gate_BTH, candidate_BTH = gate_BTH.float(), candidate_BTH.float()
    kept_BTH = torch.sigmoid(-gate_BTH)
    positive_BTH = torch.where(candidate_BTH >= 0, candidate_BTH + 0.5, torch.sigmoid(candidate_BTH))
    return linear_recurrence(kept_BTH, torch.sigmoid(gate_BTH) * positive_BTH, first_BH).to(dtype)


class MinGRUMixer(nn.Module):
    """A short causal convolution, one number a channel and step, added to its input, and a minimal GRU.

    Args:
        width: D.
        hidden: H.
        kernel_size: K; 1 leaves the convolution out.
    """

    def __init__(self, *, width: int, hidden: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, kernel_size, groups=width) if kernel_size > 1 else None
        self.kept_steps = kernel_size - 1
        self.gate_and_candidate = nn.Linear(width, 2 * hidden)

    def forward(self, x_BTD: Tensor, state: MixerState | None) -> tuple[Tensor, MixerState]:
        """The hidden units, shape ``(B, T, H)``, and what the last step leaves behind."""
        first_BH, earlier_BKD = (None, None) if state is None else state
        if earlier_BKD is None:
            earlier_BKD = x_BTD.new_zeros(x_BTD.shape[0], self.kept_steps, x_BTD.shape[2])
        read_BTD = torch.cat([earlier_BKD, x_BTD], dim=1)
        if self.convolution is not None:
            x_BTD = x_BTD + self.convolution(read_BTD.transpose(1, 2)).transpose(1, 2)
        gate_BTH, candidate_BTH = self.gate_and_candidate(x_BTD).chunk(2, dim=-1)
        states_BTH = minimal_gru(gate_BTH, candidate_BTH, first_BH)
        return states_BTH, (states_BTH[:, -1], read_BTD[:, read_BTD.shape[1] - self.kept_steps :])


class MinGRUBlock(nn.Module):
    """``x + W mixers(norm(x))``, then ``x + mlp(norm(x))``, with a mixer a direction side by side."""

    def __init__(
        self,
        *,
        width: int,
        hidden: int,
        mlp_width: int | None,
        kernel_size: int,
        directions: int,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.mixer_norm = nn.LayerNorm(width)
        self.mixers = nn.ModuleList(
            MinGRUMixer(width=width, hidden=hidden, kernel_size=kernel_size) for _ in range(directions)
        )
        self.mixed = nn.Linear(directions * hidden, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = feed_forward_layers("mlp", width=width, hidden=mlp_width, activation=activation, dropout=dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x_BTD: Tensor, *, lengths_B: Tensor | None, state: MixerState | None
    ) -> tuple[Tensor, MixerState]:
        """The block's output, shape ``(B, T, D)``, and what the forward mixer's last step leaves behind."""
        normed_BTD = self.mixer_norm(x_BTD)
        forwards_BTH, after = self.mixers[0](normed_BTD, state)
        mixed = [forwards_BTH]
        for backward_mixer in self.mixers[1:]:
            mirrored_BTH, _ = backward_mixer(last_real_step_first(normed_BTD, lengths_B), None)
            mixed.append(last_real_step_first(mirrored_BTH, lengths_B))
        x_BTD = x_BTD + self.dropout(self.mixed(torch.cat(mixed, dim=-1)))
        return x_BTD + self.dropout(self.mlp(self.mlp_norm(x_BTD))), after


class MinGRU(RecurrentBackbone):
    """Pre-norm residual blocks of a minimal GRU and an MLP (Feng et al. 2024, as in its language model).

    Departures from the paper: the recurrence is summed pair by pair on plain numbers instead of their logarithms, which
    loses digits over long sequences; layer norm instead of RMS norm, and one more at the end; the short convolution
    looks at each channel by itself and is added to its input; read both ways unless causal, a mixer a direction.

    Args:
        width: D, size of each step in and out.
        causal: read forwards only.
        cross_attention: the last block's output attends to a memory; ``tanh`` of a linear map of both is the output.
        depth: blocks; the paper's language model has 3.
        hidden: H, units a direction; None: ``width``.
        mlp_width: hidden units of the MLP; None: ``4 * width``.
        kernel_size: K, steps that the convolution before each minimal GRU looks at; 1: no convolution.
        activation: of the MLP.
        dropout: probability, on the input, inside the MLP and on each branch.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        depth: Count = 3,
        hidden: Count | None = None,
        mlp_width: Count | None = None,
        kernel_size: Count = 4,
        activation: Activation = "gelu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        self.hidden = width if hidden is None else hidden
        if min(width, depth, self.hidden, kernel_size) < 1:
            sizes = f"{width}, {depth}, {self.hidden} and {kernel_size}"
            raise ValueError(f"width, depth, hidden and kernel_size must be at least 1; got {sizes}")
        self.kept_steps = kernel_size - 1
        self.input_dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            MinGRUBlock(
                width=width,
                hidden=self.hidden,
                mlp_width=mlp_width,
                kernel_size=kernel_size,
                directions=2 if self.both_ways else 1,
                activation=activation,
                dropout=dropout,
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.apply(_initialise)
        self.output = AttentionalOutput(state_width=width, width=width) if cross_attention else nn.Identity()

    def run(
        self, x_BTD: Tensor, *, lengths_B: Tensor | None, state: tuple[MixerState, ...] | None
    ) -> tuple[Tensor, tuple[MixerState, ...]]:
        """The last block's output, shape ``(B, T, D)``, and what the last step leaves behind in each block."""
        x_BTD = self.input_dropout(x_BTD)
        after: list[MixerState] = []
        for index, block in enumerate(self.blocks):
            x_BTD, left = block(x_BTD, lengths_B=lengths_B, state=None if state is None else state[index])
            after.append(left)
        return self.norm(x_BTD), tuple(after)

    def first_state(self, batch_size: int) -> tuple[MixerState, ...]:
        """Zeros for each block: hidden units, and inputs of the convolution."""
        like = self.norm.weight
        zeros = (like.new_zeros(batch_size, self.hidden), like.new_zeros(batch_size, self.kept_steps, self.width))
        return (zeros,) * len(self.blocks)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
