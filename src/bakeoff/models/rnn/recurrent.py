"""Stacked recurrent networks: Elman's RNN, the LSTM and the GRU, in one or both directions.

Elman 1990, "Finding structure in time"; Hochreiter and Schmidhuber 1997, "Long short-term memory"; Cho et al. 2014,
arXiv:1406.1078 (GRU); Schuster and Paliwal 1997, "Bidirectional recurrent neural networks"; attention to a memory as
`bakeoff.models.rnn.additive_attention` says.

B batch, T time steps, D model width, H hidden units of all directions together, L layers.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.rnn.additive_attention import AttentionalOutput
from bakeoff.models.rnn.backbone import RecurrentBackbone
from bakeoff.models.rnn.layers import (
    Cell,
    LayerState,
    SeparateLayers,
    SequenceDropout,
    recurrent_layers,
    run_layers,
)
from bakeoff.ranges import Count, Fraction


class Recurrent(RecurrentBackbone):
    """A stack of RNN, LSTM or GRU layers (Elman 1990; Hochreiter and Schmidhuber 1997; Cho et al. 2014).

    No activation is configurable: gates are sigmoid and states tanh, as in the papers.

    Args:
        width: D, size of each step in and out.
        causal: read forwards only.
        cross_attention: the states of the last layer attend to a memory, and ``tanh`` of a linear map of both is the
            output.
        cell: ``rnn``, ``lstm`` or ``gru``.
        depth: stacked layers.
        hidden: units a direction, followed by a linear projection to ``width``. None: ``width`` units, half a
            direction when bidirectional, and no projection.
        bidirectional: read backwards too; None: unless causal.
        dropout: probability between layers, and on the input of the first.
        input_dropout: whether dropout falls on the input too: it is all that a single layer has.
        layer_norm: a norm after each layer.
        variational_dropout: one dropout mask a sequence, the same at all steps.

    Raises:
        ValueError: an odd ``width`` that two directions can't share, an unknown cell, or two directions where causal.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        cell: Cell = "lstm",
        depth: Count = 2,
        hidden: Count | None = None,
        bidirectional: bool | None = None,
        dropout: Fraction = 0.0,
        input_dropout: bool = True,
        layer_norm: bool = False,
        variational_dropout: bool = False,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention, both_ways=bidirectional)
        directions = 2 if self.both_ways else 1
        if hidden is None and width % directions:
            raise ValueError(f"width must be even for two directions; got {width}, nearest {width - 1} and {width + 1}")
        self.depth = depth
        self.units = width // directions if hidden is None else hidden
        dropped = SequenceDropout(dropout) if variational_dropout else nn.Dropout(dropout)
        self.input_dropout = dropped if input_dropout else nn.Identity()
        self.layers = (
            SeparateLayers(
                cell,
                width,
                hidden=self.units,
                depth=depth,
                bidirectional=self.both_ways,
                layer_norm=layer_norm,
                dropout=dropped,
            )
            if layer_norm or variational_dropout
            else recurrent_layers(
                cell, width, hidden=self.units, depth=depth, bidirectional=self.both_ways, dropout=dropout
            )
        )
        self.num_carried = 2 if cell == "lstm" else 1
        self.output = self._make_output(self.units * directions, projected=hidden is not None)

    def _make_output(self, state_width: int, *, projected: bool) -> nn.Module:
        if self.cross_attention:
            return AttentionalOutput(state_width=state_width, width=self.width)
        return nn.Linear(state_width, self.width) if projected else nn.Identity()

    def run(self, x_BTD: Tensor, *, lengths_B: Tensor | None, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """The states of the last layer, shape ``(B, T, H)``, and the last state of every layer."""
        x_BTD = self.input_dropout(x_BTD)
        if isinstance(self.layers, SeparateLayers):
            return self.layers.run(x_BTD, lengths_B=lengths_B, state=state)
        return run_layers(self.layers, x_BTD, lengths_B=lengths_B, state=state)

    def first_state(self, batch_size: int) -> LayerState:
        """Zeros: hidden units, shape ``(B, L, H)``, and for the LSTM its cells."""
        zeros_BLH = next(self.layers.parameters()).new_zeros(batch_size, self.depth, self.units)
        return (zeros_BLH,) * self.num_carried
