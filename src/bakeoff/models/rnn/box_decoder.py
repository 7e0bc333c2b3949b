"""A recurrent network that says boxes one after the other, after a look at the whole image each time.

Paper: Stewart, Andriluka & Ng 2016, End-to-end people detection in crowded scenes, arXiv:1506.04878.

B batch, D width, Q boxes.

Departures from the paper: one sequence of boxes for the whole image, where the paper has one for each of 300 cells, so
that the network finds where to look by additive attention; it goes on for a fixed number of boxes, and those of the
class "nothing" are the stop.
"""

from __future__ import annotations

from collections.abc import Callable

from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.rnn.layers import Cell
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.set_detector import WIDTH_OF_BACKBONES, SetDetector
from bakeoff.ranges import Count, Fraction, Positive


class RecurrentBoxDecoder(SetDetector):
    """A backbone, and an LSTM that emits boxes in sequence (Stewart, Andriluka & Ng 2016, arXiv:1506.04878).

    Args:
        backbone: makes the backbone; it is called with the data's channels and size, and with ``backbone_width``.
        width: D, units of the cell.
        backbone_width: of the backbone; None: ``width / 320``, so that both grow together.
        cell: ``rnn``, ``lstm`` or ``gru``; the paper's is ``lstm``.
        depth: stacked layers.
        queries: the most boxes an image.
        finest: the least stride of the map in pixels.
        dropout: probability, between layers.

    Raises:
        ValueError: an unknown cell, or a count below 1.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Count = 64,
        backbone_width: Positive | None = None,
        cell: Cell = "lstm",
        depth: Count = 1,
        queries: Count = 8,
        finest: Count = 8,
        dropout: Fraction = 0.0,
    ) -> None:
        decoder = Recurrent(
            width=width,
            causal=True,
            cross_attention=True,
            cell=cell,
            depth=depth,
            dropout=dropout,
            input_dropout=False,
        )
        super().__init__(
            backbone=backbone(
                in_channels=in_channels, image_size=image_size, width=backbone_width or width / WIDTH_OF_BACKBONES
            ),
            encoder=None,
            stages=[decoder],
            queries=queries,
            finest=finest,
        )
