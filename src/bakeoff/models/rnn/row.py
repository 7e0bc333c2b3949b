"""A recurrent network that reads an image row by row, as a page.

Le, Jaitly and Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units", arXiv:1504.00941
(images as sequences, there pixel by pixel); cells as in `bakeoff.models.rnn.layers`.

B batch, C channels, H height, W width, D model width.
"""

from __future__ import annotations

from bakeoff.models.activations import Activation
from bakeoff.models.image_as_sequence import ImageAsSequence
from bakeoff.models.rnn.layers import Cell
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.ranges import Count, Fraction


class RowRNN(ImageAsSequence):
    """A row stem and a bidirectional RNN, LSTM or GRU (Le et al. 2015 read images so, pixel by pixel).

    Each row of pixels is one step; all rows' states form a map ``(B, width, H, 1)`` that the shared head averages.

    Args:
        width: D, the size of a row's embedding and of the output; even, half a direction.
        depth: stacked recurrent layers.
        cell: ``rnn``, ``lstm`` or ``gru``.
        hidden: units a direction, then a linear projection to ``width``; None: ``width / 2`` and no projection.
        activation: after the stem's linear map of a row; the cells keep their papers' sigmoid and tanh.
        dropout: between recurrent layers.

    Raises:
        ValueError: an odd ``width`` where ``hidden`` is None, or an unknown cell.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 96,
        depth: Count = 2,
        cell: Cell = "lstm",
        hidden: Count | None = None,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            image_size=image_size,
            encoder=Recurrent(width=width, cell=cell, depth=depth, hidden=hidden, dropout=dropout, input_dropout=False),
            stem="row",
            stem_activation=activation,
        )
