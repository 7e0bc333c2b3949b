"""LeNet-5.

Paper: LeCun et al. 1998, Gradient-based learning applied to document recognition, Proceedings of the IEEE 86(11).

B batch, C channels, H height, W width.

Departures from the paper: C3 sees all maps of S2 (the paper's partial connections saved time in 1998); S2 and S4 pool
without trainable coefficients; tanh is not rescaled; the shared head replaces the radial basis functions. F6 is a 1x1
convolution, so that larger images give a map of answers. As the paper pads 28x28 digits to 32x32, each 5x5 convolution
pads by 2 where its input is smaller than the paper's (32 and 14 px), and C5 shrinks to the map it meets.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.layers import initialize
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import Downsampling, fit_to_image, map_size, pool, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive

C1_INPUT, C3_INPUT, KERNEL = 32, 14, 5
HALVING = Downsampling(kernel=2, stride=2, padding=0)


class LeNet(ImageBackbone):
    """LeNet-5 (LeCun et al. 1998): stages S2, S4 and F6, of 6, 16 and 84 channels in the paper.

    Args:
        width: ratio to the paper's channels (6, 16, 120, 84).
        activation: a name in `ACTIVATIONS`; tanh in the paper.
        pooling: average (the paper) or max (later practice).
        dropout: probability of dropping a unit of C5 and F6; 0 in the paper.
        final_map: least side of S4 in pixels.

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
        activation: Activation = "tanh",
        pooling: Literal["average", "max"] = "average",
        dropout: Fraction = 0.0,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        if pooling not in ("average", "max"):
            raise ValueError(f"pooling must be average or max; got {pooling!r}")
        c1, c3, c5, f6 = (scaled(channels, width) for channels in (6, 16, 120, 84))
        steps = fit_to_image([HALVING, HALVING], image_size=image_size, final_map=final_map)
        c1_padding = _padding(image_size, paper_size=C1_INPUT)
        s2_size = map_size(_convolved(image_size, c1_padding), steps[:1])
        c3_padding = _padding(s2_size, paper_size=C3_INPUT)
        s4_height, s4_width = map_size(_convolved(s2_size, c3_padding), steps[1:])
        first = nn.Conv2d(in_channels, c1, KERNEL, padding=c1_padding)
        second = nn.Conv2d(c1, c3, KERNEL, padding=c3_padding)
        whole = nn.Conv2d(c3, c5, (min(KERNEL, s4_height), min(KERNEL, s4_width)))
        self.s2 = nn.Sequential(first, make_activation(activation), pool(steps[0], kind=pooling))
        self.s4 = nn.Sequential(second, make_activation(activation), pool(steps[1], kind=pooling))
        self.f6 = nn.Sequential(
            *(whole, make_activation(activation), nn.Dropout(dropout)),
            *(nn.Conv2d(c5, f6, 1), make_activation(activation), nn.Dropout(dropout)),
        )
        self.stage_channels = (c1, c3, f6)
        strides = total_strides(steps)
        self.stage_strides = (*strides, strides[-1])
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The maps of S2, S4 and F6; the last is 1x1 at the paper's image size and below."""
        return maps_after((self.s2, self.s4, self.f6), images_BCHW)


def _padding(size: tuple[int, int], *, paper_size: int) -> tuple[int, int]:
    """Enough to keep each side that is smaller than in the paper."""
    height, width = size
    return (KERNEL // 2 if height < paper_size else 0, KERNEL // 2 if width < paper_size else 0)


def _convolved(size: tuple[int, int], padding: tuple[int, int]) -> tuple[int, int]:
    return size[0] + 2 * padding[0] - KERNEL + 1, size[1] + 2 * padding[1] - KERNEL + 1
