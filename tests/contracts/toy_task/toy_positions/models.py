"""Two tiny encoders and a linear one, of a contract that only this task knows.

B batch, T time steps, C channels, D width.
"""

from __future__ import annotations

import abc

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class StepEncoder(nn.Module, abc.ABC):
    """Steps in, a vector a step out; the constructor takes keyword-only ``channels`` from the task."""

    width: int
    """D: the size of each step's vector."""

    @abc.abstractmethod
    def forward(self, x_BTC: Tensor) -> Tensor:
        """Encoded steps, shape ``(B, T, D)``."""


class TinyGru(StepEncoder):
    """A GRU that reads both ways.

    Args:
        channels: numbers a step.
        hidden: units a direction.
    """

    def __init__(self, *, channels: int, hidden: int = 8) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.cells = nn.GRU(channels, hidden, batch_first=True, bidirectional=True)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Both directions side by side."""
        return self.cells(x_BTC)[0]


class TinyConv(StepEncoder):
    """Two convolutions of three steps.

    Args:
        channels: numbers a step.
        width: channels of both.
    """

    def __init__(self, *, channels: int, width: int = 12) -> None:
        super().__init__()
        self.width = width
        layers = (nn.Conv1d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv1d(width, width, 3, padding=1), nn.ReLU())
        self.layers = nn.Sequential(*layers)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """What five steps around each one say."""
        return self.layers(x_BTC.transpose(1, 2)).transpose(1, 2)


class Window(StepEncoder):
    """Each step with its two neighbours, as they are: what a linear head makes of them."""

    def __init__(self, *, channels: int) -> None:
        super().__init__()
        self.width = 3 * channels

    def forward(self, x_BTC: Tensor) -> Tensor:
        """The step before, the step itself and the step after."""
        around = F.pad(x_BTC, (0, 0, 1, 1))
        return torch.cat([around[:, :-2], x_BTC, around[:, 2:]], dim=-1)
