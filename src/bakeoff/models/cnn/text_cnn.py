"""Parallel convolutions of several kernel sizes over a sentence.

Kim 2014, "Convolutional neural networks for sentence classification", arXiv:1408.5882.

B batch, T time steps, D model width, C channels of one kernel size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.encoding import OnlyEncoder
from bakeoff.ranges import Count, Fraction


class TextCNN(OnlyEncoder):
    """Convolutions of several kernel sizes side by side, one layer deep (Kim 2014, as in Collobert et al. 2011).

    Departures from the paper: the task's shared head pools over time, so that each step's features are projected to D
    first and the maximum (of the head that takes it) is of these; windows are centred (even ones half a step early)
    and reach over both ends by zeros; weight decay stands for the bound on the norm of the last layer's weights.

    Args:
        width: D, size of each step in and out.
        causal: must be False; the windows see what comes next.
        cross_attention: must be False; the network has no decoder's form.
        kernel_sizes: steps of each kind of window.
        channels: C, features of each kernel size, 100 in the paper; None: ``width``.
        activation: a name in `ACTIVATIONS`; relu in the paper's experiments, tanh in its equation.
        dropout: probability, on the features of all kernel sizes; 0.5 in the paper.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True, or there is no kernel size.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        kernel_sizes: Sequence[Count] = (3, 4, 5),
        channels: Count | None = None,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        if not kernel_sizes or min(kernel_sizes) < 1:
            raise ValueError(f"kernel_sizes must hold one or more positive sizes; got {list(kernel_sizes)}")
        features = width if channels is None else channels
        self.kernel_sizes = tuple(kernel_sizes)
        self.convs = nn.ModuleList(nn.Conv1d(width, features, size) for size in kernel_sizes)
        self.activations = nn.ModuleList(make_activation(activation) for _ in kernel_sizes)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(features * len(kernel_sizes), width)

    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """The features around each step, shape ``(B, T, D)``."""
        if padding_mask_BT is not None:
            x_BTD = x_BTD.masked_fill(padding_mask_BT.unsqueeze(-1), 0.0)
        x_BDT = x_BTD.transpose(1, 2)
        features = []
        for size, conv, act in zip(self.kernel_sizes, self.convs, self.activations, strict=True):
            features.append(act(conv(F.pad(x_BDT, (size // 2, (size - 1) // 2)))))
        return self.projection(self.dropout(torch.cat(features, dim=1).transpose(1, 2)))
