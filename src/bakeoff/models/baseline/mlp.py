"""A dense network on pixels.

Papers: Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating errors, Nature 323; batch
normalisation, Ioffe & Szegedy 2015, arXiv:1502.03167.

B batch, C channels, H height, W width, D units of the last hidden layer.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.layers import initialize
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive


class MLP(ImageBackbone):
    """A multilayer perceptron (Rumelhart et al. 1986) that reads the whole image at once.

    With the task's head, ``hidden: [64, 128, 64]`` on 28x28 digits is the dense network 784-64-128-64-10.

    Args:
        hidden: units of each hidden layer, at ``width: 1``.
        width: ratio that all hidden layers are multiplied by.
        activation: a name in `ACTIVATIONS`.
        batch_norm: batch normalisation before each activation.
        dropout: probability of dropping a hidden unit.

    Raises:
        ValueError: there is no hidden layer.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        hidden: Sequence[Count] = (64, 128, 64),
        width: Positive = 1.0,
        activation: Activation = "relu",
        batch_norm: bool = True,
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if not hidden or min(hidden) < 1:
            raise ValueError(f"hidden must hold at least one positive number of units; got {list(hidden)}")
        self.layers = nn.Sequential(nn.Flatten())
        units_in = in_channels * image_size[0] * image_size[1]
        for units in (scaled(count, width) for count in hidden):
            self.layers.append(nn.Linear(units_in, units, bias=not batch_norm))
            if batch_norm:
                self.layers.append(nn.BatchNorm1d(units))
            self.layers.append(make_activation(activation))
            if dropout > 0:
                self.layers.append(nn.Dropout(dropout))
            units_in = units
        self.stage_channels = (units_in,)
        self.stage_strides = (max(image_size),)
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of shape ``(B, D, 1, 1)``."""
        return [self.layers(images_BCHW)[:, :, None, None]]
