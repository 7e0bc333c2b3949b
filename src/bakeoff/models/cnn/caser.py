"""Convolutions over the last few steps as an image of steps and features: Caser.

Tang and Wang 2018, "Personalized top-N sequential recommendation via convolutional sequence embedding", WSDM,
arXiv:1809.07426, section 3.

B batch, T time steps, D model width, L steps of a window, F filters of one height, V vertical filters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.conv_backbone import ConvBackbone
from bakeoff.ranges import Count, Fraction


class CaserBlock(nn.Module):
    """Horizontal and vertical filters over the window of each step, and a layer that joins them (equations 4 to 8).

    A horizontal filter of height h reads h steps with all features; of where it fits into the window, the greatest
    value counts. A vertical filter is a weighted sum of the window's steps, the same for every feature.
    """

    def __init__(
        self,
        *,
        width: int,
        window: int,
        filters: int,
        vertical: int,
        causal: bool,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.window = window
        self.after = 0 if causal else (window - 1) // 2
        self.horizontal = nn.ModuleList(nn.Conv1d(width, filters, height) for height in range(1, window + 1))
        self.horizontal_activation = make_activation(activation)
        self.vertical = nn.Conv1d(1, vertical, window)
        self.dropout = nn.Dropout(dropout)
        self.join = nn.Linear(window * filters + vertical * width, width)
        self.join_activation = make_activation(activation)

    def forward(self, x_BTD: Tensor, padding_mask_B1T: Tensor | None) -> Tensor:
        """What each window shows, shape ``(B, T, D)``; padding is read as zeros, as are steps beyond the ends."""
        x_BDT = x_BTD.transpose(1, 2)
        if padding_mask_B1T is not None:
            x_BDT = x_BDT.masked_fill(padding_mask_B1T, 0.0)
        return self._read(F.pad(x_BDT, (self.window - 1 - self.after, self.after)))

    def step(self, x_BD: Tensor, past_BDP: Tensor) -> tuple[Tensor, Tensor]:
        """The output at the next step, shape ``(B, D)``, and the steps that the window after it reaches back to."""
        window_BDL = torch.cat([past_BDP, x_BD[..., None]], dim=-1)
        return self._read(window_BDL)[:, 0], window_BDL[..., 1:]

    def no_past(self, batch_size: int) -> Tensor:
        """The steps before the first: zeros, shape ``(B, D, L - 1)``."""
        like = self.join.bias  # `new_zeros` would be a part only where the network is cut in parts
        shape = (batch_size, self.join.out_features, self.window - 1)
        return torch.zeros(shape, dtype=like.dtype, device=like.device)

    def _read(self, x_BDT: Tensor) -> Tensor:
        """Of steps with L - 1 more than there are windows."""
        found = []
        for height, conv in enumerate(self.horizontal, start=1):
            values_BFT = self.horizontal_activation(conv(x_BDT))
            found.append(F.max_pool1d(values_BFT, self.window - height + 1, stride=1))
        sums_XVT = self.vertical(x_BDT.flatten(0, 1).unsqueeze(1))
        found.append(sums_XVT.unflatten(0, x_BDT.shape[:2]).flatten(1, 2))
        features_BTC = self.dropout(torch.cat(found, dim=1).transpose(1, 2))
        return self.join_activation(self.join(features_BTC))


class Caser(ConvBackbone):
    """Caser (Tang and Wang 2018) at every step of a sequence at once, in one pass instead of a window at a time.

    Departures from the paper: users have no embedding of their own, as other contenders have none; the head is the
    task's; the window's targets are the next step alone; with ``cross_attention``, the attention of a convolutional
    decoder follows (Gehring et al. 2017).

    Args:
        width: D, size of each step in and out.
        causal: the window ends at the current step; else it is centred on it.
        cross_attention: attend to a memory.
        window: L, the steps that are looked at; 5 in most of the paper's experiments.
        filters: F, of each height from 1 to ``window``.
        vertical: V, filters over the window's steps.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: probability, on the features of all filters; 0.5 in the paper.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        window: Count = 5,
        filters: Count = 16,
        vertical: Count = 4,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        if min(window, filters, vertical) < 1:
            raise ValueError(f"window, filters and vertical must be at least 1; got {window}, {filters}, {vertical}")
        self.stack(
            [
                CaserBlock(
                    width=width,
                    window=window,
                    filters=filters,
                    vertical=vertical,
                    causal=causal,
                    activation=activation,
                    dropout=dropout,
                )
            ]
        )
