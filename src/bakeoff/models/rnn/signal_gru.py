"""The bidirectional GRU of MNIST-1D.

Paper: Greydanus 2020, "Scaling down deep learning", arXiv:2011.14439; Cho et al. 2014, arXiv:1406.1078 (GRU).

B batch, C channels, H height (time), W width, F features (two directions of D units at each step).
"""

from __future__ import annotations

from einops import rearrange
from torch import Tensor, nn

from bakeoff.models.contracts import ImageBackbone
from bakeoff.ranges import Count, Fraction


class SignalGRU(ImageBackbone):
    """A bidirectional GRU over the rows of an image, all of whose states are features (Greydanus 2020).

    An image of 40 rows and one column gives 480 features, with the head for ten classes 5,134 parameters. The layer
    starts from torch's own values, as the author's does. Departures from the paper: none on a signal; the pixels of a
    row of a wider image are its channels. No activation is configurable: gates are sigmoid and states tanh.

    Args:
        width: D, units a direction; 6 in the paper.
        dropout: probability of dropping a feature; 0 in the paper.
    """

    def __init__(
        self, *, in_channels: int, image_size: tuple[int, int], width: Count = 6, dropout: Fraction = 0.0
    ) -> None:
        super().__init__()
        height, columns = image_size
        self.layer = nn.GRU(in_channels * columns, width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.stage_channels = (2 * width * height,)
        self.stage_strides = (max(image_size),)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of shape ``(B, F, 1, 1)``."""
        states_BTH, _ = self.layer(rearrange(images_BCHW, "b c h w -> b h (c w)"))
        return [self.dropout(rearrange(states_BTH, "b t h -> b (t h) 1 1"))]
