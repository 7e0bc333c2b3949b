"""The convolutional network of MNIST-1D.

Paper: Greydanus 2020, "Scaling down deep learning", arXiv:2011.14439; layers as in the author's code.

B batch, C channels, H height (time), W width, F features (D channels at each step that is left).
"""

from __future__ import annotations

from einops import rearrange
from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.contracts import ImageBackbone, ImageTooSmall
from bakeoff.ranges import Count, Fraction

KERNELS = (5, 3, 3)
STRIDE, PADDING = 2, 1
LEAST_HEIGHT = KERNELS[0] - 2 * PADDING


class SignalCNN(ImageBackbone):
    """Three strided convolutions over the rows of an image, all of whose outputs are features (Greydanus 2020).

    An image of 40 rows and one column gives 5 steps of 25 channels, with the head for ten classes 5,210 parameters.
    Departures from the paper: none on a signal; the pixels of a row of a wider image are its channels.

    Args:
        width: D; 25 in the paper.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: probability of dropping a feature; 0 in the paper.

    Raises:
        ImageTooSmall: fewer than three rows.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 25,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        height, columns = image_size
        if height < LEAST_HEIGHT:
            raise ImageTooSmall(f"the kernels need images of at least {LEAST_HEIGHT} rows; got {height}x{columns}")
        layers: list[nn.Module] = []
        channels = in_channels * columns
        for kernel in KERNELS:
            layers += [nn.Conv1d(channels, width, kernel, stride=STRIDE, padding=PADDING), make_activation(activation)]
            channels, height = width, (height + 2 * PADDING - kernel) // STRIDE + 1
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.stage_channels = (width * height,)
        self.stage_strides = (max(image_size),)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of shape ``(B, F, 1, 1)``."""
        left_BDT = self.layers(rearrange(images_BCHW, "b c h w -> b (c w) h"))
        return [self.dropout(rearrange(left_BDT, "b d t -> b (d t) 1 1"))]
