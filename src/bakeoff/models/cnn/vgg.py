"""VGG.

Paper: Simonyan & Zisserman 2015, Very deep convolutional networks for large-scale image recognition, arXiv:1409.1556.

B batch, C channels, H height, W width.

Departures from the paper: batch normalisation by default (``batch_norm: false`` leaves it out); weights start by He or
Glorot (layers.py), where the paper starts deep networks from shallow ones; fc6 and fc7 are convolutions over the last
map (fully_connected.py), as in the paper's dense evaluation.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.cnn.fully_connected import fully_connected
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import Downsampling, fit_to_image, map_size, pool, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive

CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
STAGE_CHANNELS = (64, 128, 256, 512, 512)
HALVING = Downsampling(kernel=2, stride=2, padding=0)
FC6_MAP = 7


class VGG(ImageBackbone):
    """VGG-11, -13, -16 and -19 (Simonyan & Zisserman 2015, arXiv:1409.1556): the five pooled maps and fc7.

    Args:
        width: ratio to the paper's channels (64, 128, 256, 512, 512, and 4096 twice).
        depth: 11, 13, 16 or 19 layers with weights, the task's classifier included.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        batch_norm: batch normalisation after each convolution.
        dropout: probability of dropping an output of fc6 and fc7; 0.5 in the paper.
        final_map: least side of the last pooled map in pixels.

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
        depth: Count = 16,
        activation: Activation = "relu",
        batch_norm: bool = True,
        dropout: Fraction = 0.5,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        if depth not in CONVOLUTIONS:
            raise ValueError(f"depth must be 11, 13, 16 or 19; got {depth}")
        steps = fit_to_image([HALVING] * 5, image_size=image_size, final_map=final_map)
        channels = [scaled(count, width) for count in STAGE_CHANNELS]
        self.stages = nn.ModuleList()
        channels_in = in_channels
        for repeats, channels_out, step in zip(CONVOLUTIONS[depth], channels, steps, strict=True):
            stage = nn.Sequential()
            for _ in range(repeats):
                layer = ConvNormAct(
                    channels_in, channels_out, window=same(3), activation=activation, batch_norm=batch_norm
                )
                stage.append(layer)
                channels_in = channels_out
            self.stages.append(stage.append(pool(step)))
        fc = scaled(4096, width)
        final_size = map_size(image_size, steps)
        self.stages.append(
            fully_connected(
                *(channels_in, fc), map_size=final_size, paper_map=FC6_MAP, activation=activation, dropout=dropout
            )
        )
        self.stage_channels = (*channels, fc)
        strides = total_strides(steps)
        self.stage_strides = (*strides, strides[-1])
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The five pooled maps and that of fc7; the last is 1x1 at the paper's image size and below."""
        return maps_after(self.stages, images_BCHW)
