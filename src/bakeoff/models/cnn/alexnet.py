"""AlexNet.

Paper: Krizhevsky, Sutskever & Hinton 2012, ImageNet classification with deep convolutional neural networks, NeurIPS 25.

B batch, C channels, H height, W width.

Departures from the paper: one tower by default, as in later implementations (``towers: 2`` splits the second, fourth
and fifth convolution into two groups, as the paper did to fit two GPUs); weights start by He or Glorot (layers.py) and
biases at 0; fc6 and fc7 are convolutions over the last map (fully_connected.py).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.fully_connected import fully_connected
from bakeoff.models.cnn.layers import convolution, initialize, same
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import Downsampling, fit_to_image, map_size, pool, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive

Norm = Literal["none", "lrn", "batch"]
STEM = Downsampling(kernel=11, stride=4, padding=2)
OVERLAPPING_POOL = Downsampling(kernel=3, stride=2, padding=0)
FC6_MAP = 6


class AlexNet(ImageBackbone):
    """AlexNet (Krizhevsky et al. 2012): the maps of pool1, pool2, pool5 and fc7.

    Args:
        width: ratio to the paper's channels (96, 256, 384, 384, 256, and 4096 twice).
        activation: a name in `ACTIVATIONS`; relu in the paper.
        norm: after the first two convolutions: lrn (local response normalisation, the paper), batch, or none.
        towers: groups of the second, fourth and fifth convolution; channels round to a multiple of it.
        dropout: probability of dropping an output of fc6 and fc7; 0.5 in the paper.
        final_map: least side of pool5 in pixels.

    Raises:
        ValueError: an argument is outside what is listed.
        ImageTooSmall: the image is smaller than ``final_map``.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Positive = 1.0,
        activation: Activation = "relu",
        norm: Norm = "lrn",
        towers: Count = 1,
        dropout: Fraction = 0.5,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        c1, c2, c3, c4, c5, fc = (
            scaled(channels, width, multiple_of=towers) for channels in (96, 256, 384, 384, 256, 4096)
        )
        steps = fit_to_image([STEM] + [OVERLAPPING_POOL] * 3, image_size=image_size, final_map=final_map)
        stem, pool1, pool2, pool5 = steps

        def normalised(layer: nn.Conv2d) -> list[nn.Module]:
            return [layer, make_activation(activation), _normalisation(norm, layer.out_channels)]

        def plain(layer: nn.Conv2d) -> list[nn.Module]:
            return [layer, make_activation(activation)]

        self.pool1 = nn.Sequential(*normalised(convolution(in_channels, c1, stem)), pool(pool1))
        self.pool2 = nn.Sequential(*normalised(convolution(c1, c2, same(5), groups=towers)), pool(pool2))
        self.pool5 = nn.Sequential(
            *plain(convolution(c2, c3, same(3))),
            *plain(convolution(c3, c4, same(3), groups=towers)),
            *plain(convolution(c4, c5, same(3), groups=towers)),
            pool(pool5),
        )
        self.fc7 = fully_connected(
            *(c5, fc), map_size=map_size(image_size, steps), paper_map=FC6_MAP, activation=activation, dropout=dropout
        )
        self.stage_channels = (c1, c2, c5, fc)
        strides = total_strides(steps)
        self.stage_strides = (*strides[1:], strides[-1])
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The maps of pool1, pool2, pool5 and fc7; the last is 1x1 at the paper's image size and below."""
        return maps_after((self.pool1, self.pool2, self.pool5, self.fc7), images_BCHW)


def _normalisation(norm: Norm, channels: int) -> nn.Module:
    if norm == "none":
        return nn.Identity()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "lrn":
        # The paper's alpha of 1e-4 weighs a sum over 5 channels, torch's a mean.
        return nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2.0)
    raise ValueError(f"norm must be none, lrn or batch; got {norm!r}")
