"""Attention inside convolutional networks: which channels matter, and where.

Papers: squeeze-and-excitation, Hu et al. 2018, arXiv:1709.01507; CBAM, Woo et al. 2018, arXiv:1807.06521.

B batch, C channels, S squeezed channels (C / reduction), H height, W width.

Departure from both papers: S is at least 4, so that a narrow network keeps a live unit between the two layers.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation

Attention = Literal["none", "se", "cbam"]


class ChannelGate(nn.Sequential):
    """Two 1x1 convolutions with an activation between: ``(B, C, 1, 1) -> (B, C, 1, 1)``, before the sigmoid."""

    def __init__(self, channels: int, *, reduction: int, activation: Activation) -> None:
        squeezed = max(4, channels // reduction)
        super().__init__(
            nn.Conv2d(channels, squeezed, 1), make_activation(activation), nn.Conv2d(squeezed, channels, 1)
        )


class SqueezeExcitation(nn.Module):
    """Weighs each channel by a sigmoid gate computed from the channel means; keeps the shape."""

    def __init__(self, channels: int, *, reduction: int = 16, activation: Activation = "relu") -> None:
        super().__init__()
        self.gate = ChannelGate(channels, reduction=reduction, activation=activation)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The reweighted map."""
        return x_BCHW * torch.sigmoid(self.gate(x_BCHW.mean((2, 3), keepdim=True)))


class ConvolutionalBlockAttention(nn.Module):
    """CBAM: a channel gate from the means and maxima, then a spatial gate from a 7x7 convolution; keeps the shape."""

    def __init__(self, channels: int, *, reduction: int = 16, activation: Activation = "relu") -> None:
        super().__init__()
        self.channel_gate = ChannelGate(channels, reduction=reduction, activation=activation)
        self.spatial_gate = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The reweighted map."""
        channel_logits_BC11 = self.channel_gate(x_BCHW.mean((2, 3), keepdim=True)) + self.channel_gate(
            x_BCHW.amax((2, 3), keepdim=True)
        )
        x_BCHW = x_BCHW * torch.sigmoid(channel_logits_BC11)
        summary_B2HW = torch.cat([x_BCHW.amax(1, keepdim=True), x_BCHW.mean(1, keepdim=True)], dim=1)
        return x_BCHW * torch.sigmoid(self.spatial_gate(summary_B2HW))


def attention_gate(kind: Attention, channels: int, *, activation: Activation) -> nn.Module:
    """The attention module of that kind for a map of ``channels``; "none" passes the map through.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind == "none":
        return nn.Identity()
    if kind == "se":
        return SqueezeExcitation(channels, activation=activation)
    if kind == "cbam":
        return ConvolutionalBlockAttention(channels, activation=activation)
    raise ValueError(f"attention must be none, se or cbam; got {kind!r}")
