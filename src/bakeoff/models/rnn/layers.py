"""Layers of one recurrent cell, and how they are run over padded rows and from a carried state.

Elman 1990, "Finding structure in time"; Hochreiter and Schmidhuber 1997, "Long short-term memory"; Cho et al. 2014,
arXiv:1406.1078 (GRU); Ba et al. 2016, "Layer normalization", arXiv:1607.06450; Gal and Ghahramani 2016, "A
theoretically grounded application of dropout in recurrent neural networks", arXiv:1512.05287.

B batch, T time steps, D size of an input step, H hidden units of all directions together, L layers.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from bakeoff.models.padding import last_real_step_first

Cell = Literal["rnn", "lstm", "gru"]

LayerState = tuple[Tensor, ...]
"""What one-directional layers carry: hidden units ``(B, L, H)`` and, for the LSTM, its cells of the same shape."""

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


def run_layers(
    layers: nn.RNNBase, x_BTD: Tensor, *, lengths_B: Tensor | None, state: LayerState | None
) -> tuple[Tensor, LayerState]:
    """The states of the last layer, shape ``(B, T, H)``, and the last state of every layer.

    Args:
        layers: of `recurrent_layers`.
        x_BTD: rows whose padding, if any, stands at the end.
        lengths_B: real steps of each row, of which only layers of two directions need to know; None if all are real.
        state: to go on from, of layers of one direction; None at the start.
    """
    if lengths_B is not None and layers.bidirectional:
        return run_two_directions(layers, x_BTD, lengths_B), ()
    if state is None:
        states_BTH, last = layers(x_BTD)
    else:
        first = tuple(part_BLH.transpose(0, 1).contiguous() for part_BLH in state)
        states_BTH, last = layers(x_BTD, first if isinstance(layers, nn.LSTM) else first[0])
    parts = last if isinstance(last, tuple) else (last,)
    return states_BTH, tuple(part_LBH.transpose(0, 1) for part_LBH in parts)


def run_two_directions(layers: nn.RNNBase, x_BTD: Tensor, lengths_B: Tensor) -> Tensor:
    """Both directions over rows with padding at the end, each backward one from its last real step.

    On CPU each direction is run over all steps, padding included, since the kernel for packed rows takes three times as
    long; on GPU packed rows are the fast ones.
    """
    if x_BTD.is_cuda:
        return run_packed(layers, x_BTD, lengths_B)
    for layer in range(layers.num_layers):
        if layer > 0:
            x_BTD = F.dropout(x_BTD, layers.dropout, training=layers.training)
        forwards_BTH = _one_direction(layers, x_BTD, suffix=f"l{layer}")
        mirrored_BTH = _one_direction(layers, last_real_step_first(x_BTD, lengths_B), suffix=f"l{layer}_reverse")
        x_BTD = torch.cat([forwards_BTH, last_real_step_first(mirrored_BTH, lengths_B)], dim=-1)
    return x_BTD


def run_packed(layers: nn.RNNBase, x_BTD: Tensor, lengths_B: Tensor) -> Tensor:
    """As `run_two_directions`, with torch's packed rows."""
    packed = pack_padded_sequence(x_BTD, lengths_B.cpu(), batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(layers(packed)[0], batch_first=True, total_length=x_BTD.shape[1])[0]


def _one_direction(layers: nn.RNNBase, x_BTD: Tensor, *, suffix: str) -> Tensor:
    weights = [getattr(layers, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    zeros_1BH = x_BTD.new_zeros(1, x_BTD.shape[0], layers.hidden_size)
    # Has biases, one layer, no dropout, training or not, one direction, batch first.
    settings = (True, 1, 0.0, layers.training, False, True)
    if isinstance(layers, nn.LSTM):
        return torch.lstm(x_BTD, (zeros_1BH, zeros_1BH), weights, *settings)[0]
    kernel = torch.gru if isinstance(layers, nn.GRU) else torch.rnn_tanh
    return kernel(x_BTD, zeros_1BH, weights, *settings)[0]


class SequenceDropout(nn.Module):
    """Dropout with one mask a sequence, the same at all its steps (Gal and Ghahramani 2016).

    Departure from the paper: states are not dropped on their way to the next step, which fused kernels can't do. Each
    call draws a new mask, so a sequence read in pieces gets one a piece.

    Args:
        probability: of dropping a unit.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The sequence with the same units dropped at every step."""
        if not self.training or self.probability == 0:
            return x_BTD
        return x_BTD * F.dropout(x_BTD.new_ones(x_BTD.shape[0], 1, x_BTD.shape[2]), self.probability)


class SeparateLayers(nn.Module):
    """One-layer modules of one cell, with a norm after each and one dropout mask a sequence between them.

    Departure from Ba et al. 2016: the norm takes a layer's output, not the sums inside its cell, so that fused kernels
    serve.

    Args:
        cell: ``rnn``, ``lstm`` or ``gru``.
        input_width: size of each input step.
        hidden: units a direction.
        depth: layers.
        bidirectional: whether to read backwards too.
        layer_norm: whether a norm follows each layer.
        dropout: the module between layers.
    """

    def __init__(
        self,
        cell: Cell,
        input_width: int,
        *,
        hidden: int,
        depth: int,
        bidirectional: bool,
        layer_norm: bool,
        dropout: nn.Module,
    ) -> None:
        super().__init__()
        out = hidden * (2 if bidirectional else 1)
        self.layers = nn.ModuleList(
            recurrent_layers(cell, out if layer else input_width, hidden=hidden, bidirectional=bidirectional)
            for layer in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(out) if layer_norm else nn.Identity() for _ in range(depth))
        self.dropout = dropout

    def run(self, x_BTD: Tensor, *, lengths_B: Tensor | None, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """As `run_layers`."""
        last: list[LayerState] = []
        for index, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            assert isinstance(layer, nn.RNNBase)
            before = None if state is None else tuple(part_BLH[:, index : index + 1] for part_BLH in state)
            x_BTD = self.dropout(x_BTD) if index else x_BTD
            x_BTD, after = run_layers(layer, x_BTD, lengths_B=lengths_B, state=before)
            x_BTD = norm(x_BTD)
            last.append(after)
        return x_BTD, tuple(torch.cat(parts, dim=1) for parts in zip(*last, strict=True))
