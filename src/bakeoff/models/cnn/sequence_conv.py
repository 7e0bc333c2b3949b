"""Convolution over time that keeps the length of a sequence, reads nothing at padding, and runs step by step.

Bai, Kolter and Koltun 2018, "An empirical evaluation of generic convolutional and recurrent networks for sequence
modeling", arXiv:1803.01271 (causal, dilated); Salimans and Kingma 2016, "Weight normalization", arXiv:1602.07868.

B batch, C channels, T time steps, P steps before the current one that a kernel reaches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm


class SequenceConv(nn.Module):
    """A weight-normalised convolution, causal or centred: ``(B, C_in, T) -> (B, C_out, T)``.

    Args:
        in_channels: C of the input.
        out_channels: C of the output.
        kernel_size: taps of the kernel.
        dilation: steps from tap to tap.
        causal: the kernel ends at the current step; else it is centred, an even kernel half a tap to the past.
        variance_gain: draws weights of variance ``variance_gain / (kernel_size * in_channels)`` and zero biases; None
            leaves torch's own initial values.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        dilation: int = 1,
        causal: bool,
        variance_gain: float | None = None,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or dilation < 1:
            raise ValueError(f"kernel_size and dilation must be at least 1; got {kernel_size} and {dilation}")
        conv = nn.Conv1d(in_channels, out_channels, kernel_size, dilation=dilation)
        if variance_gain is not None and conv.bias is not None:
            nn.init.normal_(conv.weight, std=(variance_gain / (kernel_size * in_channels)) ** 0.5)
            nn.init.zeros_(conv.bias)
        self.conv = weight_norm(conv)
        self.reach = (kernel_size - 1) * dilation
        self.causal = causal

    def forward(self, x_BCT: Tensor, padding_mask_B1T: Tensor | None = None) -> Tensor:
        """The convolved sequence; padding is read as zeros, as are the steps beyond both ends."""
        if padding_mask_B1T is not None:
            x_BCT = x_BCT.masked_fill(padding_mask_B1T, 0.0)
        after = 0 if self.causal else self.reach // 2
        return self.conv(F.pad(x_BCT, (self.reach - after, after)))

    def step(self, x_BC: Tensor, past_BCP: Tensor) -> tuple[Tensor, Tensor]:
        """The causal output at the next step, shape ``(B, C)``, and the inputs that the step after it reaches."""
        window_BCP = torch.cat([past_BCP, x_BC[..., None]], dim=-1)
        taps_BCK = window_BCP[..., :: self.conv.dilation[0]]
        y_BC = F.linear(taps_BCK.flatten(1), self.conv.weight.flatten(1), self.conv.bias)
        return y_BC, window_BCP[..., 1:]

    def no_past(self, batch_size: int) -> Tensor:
        """The inputs before the first step: zeros, shape ``(B, C, P)``."""
        like = self.conv.bias  # `new_zeros` would be a part only where the network is cut in parts
        return torch.zeros(batch_size, self.conv.in_channels, self.reach, dtype=like.dtype, device=like.device)
