"""Layers that several convolutional models share.

B batch, C channels, H height, W width.

Papers: batch normalisation, Ioffe & Szegedy 2015, arXiv:1502.03167; layer normalisation, Ba et al. 2016,
arXiv:1607.06450; stochastic depth, Huang et al. 2016, arXiv:1603.09382; initialisation, He et al. 2015,
arXiv:1502.01852, and Glorot & Bengio 2010.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.downsampling import Downsampling


def same(kernel: int, *, stride: int = 1) -> Downsampling:
    """A window padded so that only its stride changes the size."""
    return Downsampling(kernel=kernel, stride=stride, padding=kernel // 2)


def convolution(
    in_channels: int, out_channels: int, window: Downsampling, *, bias: bool = True, groups: int = 1
) -> nn.Conv2d:
    """The convolution over a window."""
    return nn.Conv2d(in_channels, out_channels, window.kernel, window.stride, window.padding, bias=bias, groups=groups)


class ConvNormAct(nn.Sequential):
    """Convolution, batch normalisation, activation.

    Args:
        activation: a name in `ACTIVATIONS`, or None to leave it out (before a residual sum).
        batch_norm: False leaves the normalisation out and gives the convolution a bias.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        window: Downsampling,
        activation: Activation | None,
        batch_norm: bool = True,
    ) -> None:
        layers: list[nn.Module] = [convolution(in_channels, out_channels, window, bias=not batch_norm)]
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        if activation is not None:
            layers.append(make_activation(activation))
        super().__init__(*layers)


class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation of each pixel over its channels; shape ``(B, C, H, W)`` in and out."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The normalised map."""
        normalised_BHWC = super().forward(rearrange(x_BCHW, "b c h w -> b h w c"))
        return rearrange(normalised_BHWC, "b h w c -> b c h w")


class StochasticDepth(nn.Module):
    """In training, drops a residual branch for whole examples and rescales the others; in evaluation, nothing.

    Args:
        drop_probability: how likely an example is to skip the branch, in [0, 1).
    """

    def __init__(self, drop_probability: float) -> None:
        super().__init__()
        if not 0 <= drop_probability < 1:
            raise ValueError(f"the probability of dropping a branch must be in [0, 1); got {drop_probability}")
        self.drop_probability = drop_probability

    def forward(self, branch_BCHW: Tensor) -> Tensor:
        """The branch with some examples zeroed; the expectation is unchanged."""
        if not self.training or self.drop_probability == 0:
            return branch_BCHW
        keep = 1 - self.drop_probability
        kept_B111 = torch.empty(len(branch_BCHW), 1, 1, 1, device=branch_BCHW.device).bernoulli_(keep)
        return branch_BCHW * (kept_B111 / keep).to(branch_BCHW.dtype)


def initialize(model: nn.Module, *, activation: Activation) -> None:
    """Weights that keep the signal's variance: He for rectifiers, Glorot for sigmoid and tanh; biases 0, in place."""
    for module in model.modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        if activation in ("sigmoid", "tanh"):
            nn.init.xavier_normal_(module.weight)
        else:
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
