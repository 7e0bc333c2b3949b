"""Stacked recurrent networks: Elman's RNN, the LSTM and the GRU, in one or both directions.

Elman 1990, "Finding structure in time"; Hochreiter and Schmidhuber 1997, "Long short-term memory"; Cho et al. 2014,
arXiv:1406.1078 (GRU); Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".

B batch, T time steps, D model width, H hidden units of all directions together.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.padding import refuse_empty_rows

Cell = Literal["rnn", "lstm", "gru"]

_LAYERS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def recurrent_layers(
    cell: Cell, input_width: int, *, hidden: int, depth: int = 1, bidirectional: bool = False, dropout: float = 0.0
) -> nn.RNNBase:
    """Initialised ``batch_first`` layers of one cell.

    Recurrent matrices start orthogonal gate by gate (Saxe et al. 2014, arXiv:1312.6120), input matrices Xavier-uniform,
    biases zero, and the LSTM's forget gate open at 1 (Jozefowicz et al. 2015).

    Args:
        cell: ``rnn`` (tanh), ``lstm`` or ``gru``.
        input_width: size of each input step.
        hidden: units a direction.
        depth: stacked layers.
        bidirectional: whether to read backwards too; the output is then of size ``2 * hidden``.
        dropout: probability between layers; a single layer has no such place.

    Raises:
        ValueError: an unknown cell, or a size below 1.
    """
    if cell not in _LAYERS:
        raise ValueError(f"cell must be one of {', '.join(get_args(Cell))}; got {cell!r}")
    if hidden < 1 or depth < 1:
        raise ValueError(f"hidden and depth must be at least 1; got hidden={hidden}, depth={depth}")
    between = dropout if depth > 1 else 0.0
    layers = _LAYERS[cell](
        input_width, hidden, num_layers=depth, batch_first=True, bidirectional=bidirectional, dropout=between
    )
    _initialise(layers)
    return layers


def _initialise(layers: nn.RNNBase) -> None:
    for name, parameter in layers.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            if isinstance(layers, nn.LSTM) and name.startswith("bias_ih"):
                nn.init.ones_(parameter.data[layers.hidden_size : 2 * layers.hidden_size])
            continue
        initialise = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
        for gate in parameter.data.split(layers.hidden_size):
            initialise(gate)


class Recurrent(SequenceBackbone):
    """A stack of RNN, LSTM or GRU layers (Elman 1990; Hochreiter and Schmidhuber 1997; Cho et al. 2014).

    Bidirectional unless causal. No activation is configurable: gates are sigmoid and states tanh, as in the papers.

    Args:
        width: D, size of each step in and out.
        causal: read forwards only.
        cell: ``rnn``, ``lstm`` or ``gru``.
        depth: stacked layers.
        hidden: units a direction, followed by a linear projection to ``width``. None: ``width`` units, half a
            direction when bidirectional, and no projection.
        dropout: probability between layers.

    Raises:
        ValueError: an odd ``width`` that two directions can't share, or an unknown cell.
    """

    def __init__(
        self,
        *,
        width: int,
        causal: bool = False,
        cell: Cell = "lstm",
        depth: int = 2,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        directions = 1 if causal else 2
        if hidden is None and width % directions:
            raise ValueError(f"width must be even for two directions; got {width}, nearest {width - 1} and {width + 1}")
        self.width = width
        self.causal = causal
        units = width // directions if hidden is None else hidden
        self.layers = recurrent_layers(
            cell, width, hidden=units, depth=depth, bidirectional=not causal, dropout=dropout
        )
        self.projection = nn.Identity() if hidden is None else nn.Linear(units * directions, width)

    def forward(self, x_BTD: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """The states of the last layer, projected where ``hidden`` was given, shape ``(B, T, D)``.

        Padding may stand anywhere in a row; real steps are read as if it were not there.

        Raises:
            ValueError: a row is all padding.
        """
        if padding_mask_BT is None:
            return self.projection(self.layers(x_BTD)[0])
        return self.projection(self._skip_padding(x_BTD, padding_mask_BT))

    def _skip_padding(self, x_BTD: Tensor, padding_mask_BT: Tensor) -> Tensor:
        refuse_empty_rows(padding_mask_BT)
        # A stable sort of the mask puts the real steps first, in their order, as packing wants them.
        order_BT1 = padding_mask_BT.to(torch.uint8).argsort(dim=1, stable=True).unsqueeze(-1)
        lengths_B = (~padding_mask_BT).sum(dim=1).cpu()
        front_BTD = x_BTD.gather(1, order_BT1.expand_as(x_BTD))
        packed = pack_padded_sequence(front_BTD, lengths_B, batch_first=True, enforce_sorted=False)
        states_BTH, _ = pad_packed_sequence(self.layers(packed)[0], batch_first=True, total_length=x_BTD.shape[1])
        return torch.zeros_like(states_BTH).scatter(1, order_BT1.expand_as(states_BTH), states_BTH)
