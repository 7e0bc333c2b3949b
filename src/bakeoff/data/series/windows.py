"""Windows of series as a network takes them, gathered from one array for each batch.

B batch, L steps of a window, H steps of the horizon, C channels, K known, P past and M static features.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.series.folds import Windows
from bakeoff.data.series.panel import Panel

Scaling: TypeAlias = Literal["standard", "last", "mean", "none"]
_LEAST_SHARE = 1e-3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads windows; nothing at or after a window's origin is in what a network is given, but known features.

    Args:
        panel: all series.
        window: L.
        horizon: H.
        scaling: ``standard``: less the window's mean, over its deviation; ``last``: less the last value, over the
            deviation; ``mean``: over the mean absolute value; ``none``.
        means: of the features, by kind.
        deviations: of the features, by kind.
    """

    panel: Panel
    window: int
    horizon: int
    scaling: Scaling
    means: Mapping[str, NDArray[np.float64]]
    deviations: Mapping[str, NDArray[np.float64]]

    def inputs(self, windows: Windows) -> tuple[Tensor, ...]:
        """Scaled windows ``(B, L, C)``, what they were scaled by ``(B, 2)``, and known features ``(B, H, K)``."""
        panel, rows_BL, real_BL = self.panel, *self._history(windows)
        values_BL, observed_BL = panel.values[rows_BL], panel.observed[rows_BL] & real_BL
        scales_B2 = scales_of(values_BL, observed_BL, self.scaling)
        scaled_BL = np.where(real_BL, (values_BL - scales_B2[:, :1]) / scales_B2[:, 1:], 0.0)
        channels = [scaled_BL[..., None], ~observed_BL[..., None]]
        channels += [np.where(real_BL[..., None], self._of(kind, rows_BL), 0.0) for kind in ("past", "known")]
        static_BM = self._standard("static", panel.static[windows.series])
        channels.append(np.repeat(static_BM[:, None], self.window, axis=1))
        found = (_tensor(np.concatenate(channels, axis=-1)), _tensor(scales_B2))
        if not panel.known.shape[1]:
            return found
        return (*found, _tensor(self.known_ahead(windows)))

    def known_ahead(self, windows: Windows) -> NDArray[np.float64]:
        """Known features of the steps to come, standardised, ``(B, H, K)``."""
        return self._of("known", self._ahead(windows))

    def targets(self, windows: Windows) -> NDArray[np.float64]:
        """The values to come ``(B, H)``; NaN where there is none."""
        rows_BH = self._ahead(windows)
        return np.where(self.panel.observed[rows_BH], self.panel.values[rows_BH], np.nan)

    def seasonal_naive(self, windows: Windows, season: int) -> NDArray[np.float64]:
        """The values a season before those to come, or the last such season's, ``(B, H)``."""
        back_H = season - np.arange(self.horizon) % season
        rows_BH = windows.origins[:, None] - back_H
        return self.panel.values[np.maximum(rows_BH, self.panel.starts[windows.series][:, None])]

    def _history(self, windows: Windows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The rows of each window, and which of them the series has."""
        rows_BL = windows.origins[:, None] + np.arange(-self.window, 0)
        firsts_B1 = self.panel.starts[windows.series][:, None]
        return np.maximum(rows_BL, firsts_B1), rows_BL >= firsts_B1

    def _ahead(self, windows: Windows) -> NDArray[np.int64]:
        return windows.origins[:, None] + np.arange(self.horizon)

    def _of(self, kind: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._standard(kind, getattr(self.panel, kind)[rows])

    def _standard(self, kind: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return (values - self.means[kind]) / self.deviations[kind]


def scales_of(values_BL: NDArray[np.float64], observed_BL: NDArray[np.bool_], scaling: Scaling) -> NDArray[np.float64]:
    """What is taken off each window, and what the rest is divided by, ``(B, 2)``; missing values do not count.

    A window that does not change is divided by a thousandth of its size, or by 1 where all is zero.
    """
    counts_B = np.maximum(observed_BL.sum(axis=1), 1)
    kept_BL = np.where(observed_BL, values_BL, 0.0)
    mean_B, size_B = kept_BL.sum(axis=1) / counts_B, np.abs(kept_BL).sum(axis=1) / counts_B
    spread_BL = np.where(observed_BL, values_BL - mean_B[:, None], 0.0)
    deviation_B = np.sqrt((spread_BL**2).sum(axis=1) / counts_B)
    zeros_B = np.zeros_like(mean_B)
    shift_B, divisor_B = {
        "standard": (mean_B, deviation_B),
        "last": (values_BL[:, -1], deviation_B),
        "mean": (zeros_B, size_B),
        "none": (zeros_B, zeros_B + 1.0),
    }[scaling]
    divisor_B = np.maximum(divisor_B, _LEAST_SHARE * size_B)
    return np.stack([shift_B, np.where(divisor_B > 0, divisor_B, 1.0)], axis=1)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
