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
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import refuse_empty_rows
from bakeoff.ranges import Count, Fraction


class TextCNN(SequenceBackbone):
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
        super().__init__()
        if causal or cross_attention:
            asked = "causal" if causal else "cross_attention"
            raise ValueError(f"text_cnn only encodes whole sequences; {asked}=True needs model=tcn or model=gated_conv")
        if not kernel_sizes or min(kernel_sizes) < 1:
            raise ValueError(f"kernel_sizes must hold one or more positive sizes; got {list(kernel_sizes)}")
        self.width = width
        self.causal = False
        features = width if channels is None else channels
        self.kernel_sizes = tuple(kernel_sizes)
        self.convs = nn.ModuleList(nn.Conv1d(width, features, size) for size in kernel_sizes)
        self.activations = nn.ModuleList(make_activation(activation) for _ in kernel_sizes)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(features * len(kernel_sizes), width)

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The features around each step, shape ``(B, T, D)``.

        Raises:
            ValueError: a row is all padding, or a memory is given.
        """
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=False)
        refuse_empty_rows(padding_mask_BT)
        if padding_mask_BT is not None:
            x_BTD = x_BTD.masked_fill(padding_mask_BT.unsqueeze(-1), 0.0)
        x_BDT = x_BTD.transpose(1, 2)
        features = []
        for size, conv, act in zip(self.kernel_sizes, self.convs, self.activations, strict=True):
            features.append(act(conv(F.pad(x_BDT, (size // 2, (size - 1) // 2)))))
        return self.projection(self.dropout(torch.cat(features, dim=1).transpose(1, 2)))
