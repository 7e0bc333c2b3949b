"""What of a forecast can be explained: how far each step of the window moves it from that of a blank window.

A blank window has its own mean at every step, and the mean of training for its features. Explained is the way from the
forecast of the blank window to that of the whole one: how far along it a forecast lies, 0 to 1.

B batch, L steps of a window, H steps of the horizon, C channels, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.data.contract import Cases
from bakeoff.tables import column
from bakeoff.tasks.exhibits import Exhibit, WeighedCourseExhibit
from bakeoff.tasks.explained import Explained

LEAST_WAY = 0.1
"""In deviations of the window a step of the horizon: a shorter way is divided by this one, so that windows whose
forecast is that of a blank one do not outweigh the others."""


def explained(net: nn.Module, inputs: tuple[Tensor, ...], *, median: int) -> Explained:
    """The steps of each window.

    Args:
        net: in evaluation mode.
        inputs: windows, what they were scaled by, and what is known of the horizon.
        median: which of the quantiles it is.
    """
    windows_BLC, *others = inputs
    missing_BL = windows_BLC[..., 1]
    blank_BLC = _blank(windows_BLC)

    def forecast(windows_BLC: Tensor, *others: Tensor) -> Tensor:
        return net((windows_BLC, *others))[..., median]

    with torch.no_grad():
        start_BH = forecast(blank_BLC, *others)
        way_BH = forecast(windows_BLC, *others) - start_BH
        least = LEAST_WAY**2 * way_BH.shape[1]
        along_BH = way_BH / (way_BH**2).sum(dim=1, keepdim=True).clamp(min=least)

    def share(windows_BLC: Tensor, *others: Tensor) -> Tensor:
        *others_of_net, start_BH, along_BH = others
        return ((forecast(windows_BLC, *others_of_net) - start_BH) * along_BH).sum(dim=1)

    def drawn(row: int, shares: Mapping[str, np.ndarray], case: Cases) -> Exhibit:
        shift, divisor = others[0][row].tolist()
        values_L = windows_BLC[row, :, 0].where(missing_BL[row] == 0, torch.nan) * divisor + shift
        said_H = (start_BH + way_BH)[row] * divisor + shift
        truth_H = column(case.labels, "target")[0]
        return WeighedCourseExhibit(history=values_L.numpy(), answer=said_H.numpy(), truth=truth_H, weights=shares)

    return Explained(
        drawn=drawn,
        features=windows_BLC,
        blank=blank_BLC,
        vector_axis=2,
        real_BP=missing_BL == 0,
        others=(*others, start_BH, along_BH),
        driven=share,
        kept=share,
    )


def _blank(windows_BLC: Tensor) -> Tensor:
    values_BL, missing_BL = windows_BLC[..., 0], windows_BLC[..., 1]
    there_BL = 1 - missing_BL
    mean_B1 = (values_BL * there_BL).sum(dim=1, keepdim=True) / there_BL.sum(dim=1, keepdim=True).clamp(min=1)
    blank_BLC = torch.zeros_like(windows_BLC)
    blank_BLC[..., 0], blank_BLC[..., 1] = mean_B1 * there_BL, missing_BL
    return blank_BLC
