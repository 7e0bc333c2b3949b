"""The two fully connected layers that AlexNet and VGG end in, as convolutions.

Paper: Simonyan & Zisserman 2015, arXiv:1409.1556, section 3.2, turns them into convolutions in the same way; dropout,
Srivastava et al. 2014, Journal of Machine Learning Research 15.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from torch import nn

from bakeoff.models.activations import Activation, make_activation


def fully_connected(
    in_channels: int,
    channels: int,
    *,
    map_size: tuple[int, int],
    paper_map: int,
    activation: Activation,
    dropout: float,
) -> nn.Sequential:
    """fc6 and fc7: ``(B, in_channels, H, W) -> (B, channels, H', W')``, 1x1 at the paper's image size and below.

    Args:
        map_size: height and width of the map they read.
        paper_map: side of the window of fc6 in the paper; a smaller map is read whole.
        dropout: probability of dropping an output of either layer.
    """
    window = (min(paper_map, map_size[0]), min(paper_map, map_size[1]))
    return nn.Sequential(
        *(nn.Conv2d(in_channels, channels, window), make_activation(activation), nn.Dropout(dropout)),
        *(nn.Conv2d(channels, channels, 1), make_activation(activation), nn.Dropout(dropout)),
    )
