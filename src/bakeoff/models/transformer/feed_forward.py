"""The part of a Transformer block that works on each step alone.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, section 3.3; Shazeer 2020, "GLU variants improve
Transformer", arXiv:2002.05202 (SwiGLU).

B batch, T time steps, D model width, F hidden units.
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation

FeedForward = Literal["mlp", "swiglu"]


class SwiGLU(nn.Module):
    """``(silu(x W) * x V) W2`` without biases (Shazeer 2020, equation 6); other activations give its other variants."""

    def __init__(self, *, width: int, hidden: int, activation: Activation, dropout: float) -> None:
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=False)
        self.value = nn.Linear(width, hidden, bias=False)
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, width, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The gated sequence, shape ``(B, T, D)``."""
        hidden_BTF = self.activation(self.gate(x_BTD)) * self.value(x_BTD)
        return self.output(self.dropout(hidden_BTF))


def feed_forward_layers(
    kind: FeedForward, *, width: int, hidden: int | None, activation: Activation | None, dropout: float
) -> nn.Module:
    """The layers of that kind.

    Args:
        kind: ``mlp`` or ``swiglu``.
        width: D.
        hidden: F; None: ``4 * width`` in an MLP, two thirds of that in SwiGLU, which has three matrices for two.
        activation: None: the papers', gelu in an MLP and silu in SwiGLU.
        dropout: on the hidden units.

    Raises:
        ValueError: an unknown kind.
    """
    if kind == "swiglu":
        units = max(1, round(8 * width / 3)) if hidden is None else hidden
        return SwiGLU(width=width, hidden=units, activation=activation or "silu", dropout=dropout)
    if kind != "mlp":
        raise ValueError(f"feed_forward must be one of {', '.join(get_args(FeedForward))}; got {kind!r}")
    units = 4 * width if hidden is None else hidden
    return nn.Sequential(
        nn.Linear(width, units),
        make_activation(activation or "gelu"),
        nn.Dropout(dropout),
        nn.Linear(units, width),
    )
