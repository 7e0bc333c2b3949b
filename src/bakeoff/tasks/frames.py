"""The stem that every contender of a task on sequences of vectors shares: recordings, or series of numbers.

B batch, T frames, K features a frame, S steps of the backbone, C channels of the stem, D model width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Frames = TypeVar("Frames", int, Tensor)


def steps_of(frames: Frames, strides: Sequence[int]) -> Frames:
    """How many steps the stem leaves of so many frames: of each stride a part, rounded up."""
    for stride in strides:
        frames = (frames + stride - 1) // stride
    return frames


class FrameStem(nn.Module):
    """Strided convolutions over time, and a linear map to the model's width; frames after the end are never read.

    Without strides there are no convolutions, and each frame is a step.

    Args:
        num_features: K.
        channels: C.
        strides: of each convolution, whose kernel has twice as many taps and one more; their product is the frames that
            a step stands for.
        width: D.
    """

    def __init__(self, *, num_features: int, channels: int, strides: Sequence[int], width: int) -> None:
        super().__init__()
        self.strides = tuple(strides)
        inputs = [num_features, *[channels] * len(self.strides)][: len(self.strides)]
        self.convs = nn.ModuleList(
            _strided(have, channels, stride) for have, stride in zip(inputs, self.strides, strict=True)
        )
        self.project = nn.Linear(channels if strides else num_features, width)
        nn.init.xavier_uniform_(self.project.weight)

    def forward(self, frames_BTK: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor | None]:
        """One vector a step, ``(B, S, D)``, and True at padding, ``(B, S)``; on ``meta`` None."""
        x_BCT, mask_BT = frames_BTK.transpose(1, 2), _padding(frames_BTK.shape[1], lengths_B)
        for conv, stride in zip(self.convs, self.strides, strict=True):
            x_BCT, lengths_B = F.gelu(conv(x_BCT)), steps_of(lengths_B, [stride])
            mask_BT = _padding(x_BCT.shape[2], lengths_B)
            if mask_BT is not None:
                x_BCT = x_BCT.masked_fill(mask_BT.unsqueeze(1), 0.0)
        return self.project(x_BCT.transpose(1, 2)), mask_BT


def _padding(num_steps: int, lengths_B: Tensor) -> Tensor | None:
    """True after the end of each sequence; None on ``meta``."""
    if lengths_B.is_meta:
        return None
    return torch.arange(num_steps, device=lengths_B.device) >= lengths_B[:, None]


def _strided(in_channels: int, channels: int, stride: int) -> nn.Conv1d:
    conv = nn.Conv1d(in_channels, channels, 2 * stride + 1, stride=stride, padding=stride)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
