"""ReSeg: convolutions see what is near, recurrent sweeps the whole image, transposed convolutions go back to its size.

Paper: Visin et al. 2016, ReSeg: a recurrent neural network-based model for semantic segmentation, arXiv:1511.07053.

B batch, C channels, H height, W width, D channels of the sweeps.

Departures from the paper: its first layers come from a trained VGG-16, ours are as small as the budget and learnt with
the rest; batch normalisation after each convolution.
"""

from __future__ import annotations

from math import log2

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.dense import at_full_size
from bakeoff.models.image_as_sequence import default_patch_size
from bakeoff.models.rnn.layers import Cell
from bakeoff.models.rnn.renet import ReNetLayer
from bakeoff.ranges import Count, Fraction

_FIRST_PATCH = 2


class ReSeg(ImageBackbone):
    """Convolutions, two layers of ReNet and transposed convolutions (Visin et al. 2016): one map of the image's size.

    Args:
        width: D; even, half a direction. Convolutions have half as many channels.
        channels: of the transposed convolutions, the map that is given out among them; None: ``width / 2``.
        sweeps: layers of ReNet; the first reads patches of 2 x 2, the others single places.
        cell: ``rnn``, ``lstm`` or ``gru``; the paper's is ``gru``.
        activation: of all convolutions; the cells keep sigmoid and tanh.
        dropout: on each layer's map of the sweeps.

    Raises:
        ValueError: an odd ``width``, no sweep, or an unknown cell.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 64,
        channels: Count | None = None,
        sweeps: Count = 2,
        cell: Cell = "gru",
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if width % 2 or sweeps < 1:
            raise ValueError(f"width must be even for two directions and sweeps at least 1; got {width} and {sweeps}")
        near = max(1, width // 2)
        poolings = max(0, round(log2(default_patch_size(image_size))) - 2)
        self.convolutions = nn.Sequential(
            ConvNormAct(in_channels, near, window=same(3), activation=activation),
            *(ConvNormAct(near, near, window=same(3, stride=2), activation=activation) for _ in range(poolings)),
            ConvNormAct(near, near, window=same(3), activation=activation),
        )
        patches = [_FIRST_PATCH] + [1] * (sweeps - 1)
        self.sweeps = nn.ModuleList(
            ReNetLayer(in_channels=near if layer == 0 else width, width=width, patch_size=side, cell=cell)
            for layer, side in enumerate(patches)
        )
        self.dropout = nn.Dropout(dropout)
        out_channels = near if channels is None else channels
        self.enlarge = nn.Sequential()
        for step in range(poolings + 1):
            before = width if step == 0 else out_channels
            twice = nn.ConvTranspose2d(before, out_channels, kernel_size=4, stride=2, padding=1, bias=False)
            self.enlarge.extend([twice, nn.BatchNorm2d(out_channels), make_activation(activation)])
        self.stride = _FIRST_PATCH * 2**poolings
        self.stage_channels = (out_channels,)
        self.stage_strides = (1,)
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of the images' size."""
        return [at_full_size(images_BCHW, self.stride, self._map)]

    def _map(self, x_BCHW: Tensor) -> Tensor:
        x_BCHW = self.convolutions(x_BCHW)
        for layer in self.sweeps:
            x_BCHW = self.dropout(layer(x_BCHW))
        return self.enlarge(x_BCHW)
