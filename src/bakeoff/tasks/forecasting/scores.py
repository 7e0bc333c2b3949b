"""What forecasts are worth, away from training.

W windows, H steps of the horizon, Q quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.statistics.pseudo import pseudo_values_from_sums
from bakeoff.tables import column

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Forecasts:
    """Answers beside what came.

    Args:
        point_WH: the forecasts.
        quantiles_WHQ: of them; without any, the forecast once.
        levels_Q: of the quantiles; without any, a half.
        target_WH: what came, NaN where that is missing.
        scale_W: of MASE, 0 for none.
        last_W: the value before the first step.
    """

    point_WH: Numbers
    quantiles_WHQ: Numbers
    levels_Q: Numbers
    target_WH: Numbers
    scale_W: Numbers
    last_W: Numbers

    @classmethod
    def of(cls, answers: pa.Table, labels: pa.Table, levels: tuple[float, ...]) -> Forecasts:
        """A forecast that is no number fails: what the seasonal naive says stands in its place."""
        point_WH, naive_WH = column(answers, "forecast"), column(labels, "naive")
        failed_WH = ~np.isfinite(point_WH)
        point_WH = np.where(failed_WH, naive_WH, point_WH)
        quantiles_WHQ = np.repeat(point_WH[..., None], max(len(levels), 1), axis=-1)
        if levels and "quantiles" in answers.column_names:
            said_WHQ = column(answers, "quantiles")
            failed_WH1 = failed_WH[..., None] | ~np.isfinite(said_WHQ).all(axis=-1, keepdims=True)
            quantiles_WHQ = np.where(failed_WH1, quantiles_WHQ, said_WHQ)
        return cls(
            point_WH=point_WH,
            quantiles_WHQ=quantiles_WHQ,
            levels_Q=np.array(levels or (0.5,)),
            target_WH=column(labels, "target"),
            scale_W=column(labels, "scale"),
            last_W=column(labels, "last"),
        )

    def mae(self) -> Numbers:
        """Of each window, ``(W,)``."""
        return np.nanmean(np.abs(self.target_WH - self.point_WH), axis=1)

    def smape(self) -> Numbers:
        """Of each window in percent, ``(W,)``."""
        size_WH = np.abs(self.target_WH) + np.abs(self.point_WH)
        gap_WH = np.abs(self.target_WH - self.point_WH)
        return 200 * np.nanmean(np.where(size_WH == 0, 0.0, gap_WH / np.where(size_WH == 0, 1.0, size_WH)), axis=1)

    def pinball(self) -> Numbers:
        """Of each window, ``(W,)``; scikit-learn's ``mean_pinball_loss``, which others double."""
        gap_WHQ = self.target_WH[..., None] - self.quantiles_WHQ
        return np.nanmean(np.maximum(self.levels_Q * gap_WHQ, (self.levels_Q - 1) * gap_WHQ), axis=(1, 2))

    def coverage(self) -> Numbers:
        """Of each window, the share of its steps within the outer quantiles, ``(W,)``."""
        low_WH, high_WH = self.quantiles_WHQ.min(axis=-1), self.quantiles_WHQ.max(axis=-1)
        inside_WH = (low_WH <= self.target_WH) & (self.target_WH <= high_WH)
        return np.nanmean(np.where(np.isnan(self.target_WH), np.nan, inside_WH), axis=1)

    def scaled(self, errors_W: Numbers) -> tuple[Numbers, Numbers]:
        """Errors over the scale of MASE, and whether each counts, ``(W,)`` both."""
        counts_W = (self.scale_W > 0).astype(np.float64)
        return np.divide(errors_W, self.scale_W, out=np.zeros_like(errors_W), where=self.scale_W > 0), counts_W

    def direction(self) -> tuple[Numbers, Numbers]:
        """Whether each window ends on the side of the last value on which its forecast does, and whether it counts.

        A forecast that ends on the last value says neither side, and is half right.
        """
        ends_W = np.where(np.isnan(self.target_WH), -1, np.arange(self.target_WH.shape[1])).max(axis=1)
        rows_W = np.arange(len(ends_W))
        moved_W = self.target_WH[rows_W, ends_W] - self.last_W
        said_W = self.point_WH[rows_W, ends_W] - self.last_W
        counts_W = (moved_W != 0).astype(np.float64)
        return np.where(said_W == 0, 0.5, np.sign(said_W) == np.sign(moved_W)) * counts_W, counts_W


def score_examples(answers: pa.Table, labels: pa.Table, metric: str, *, levels: tuple[float, ...]) -> Numbers:
    """Each window's share of a metric, ``(W,)``; pseudo-values where some windows do not count.

    Raises:
        ValueError: another metric.
    """
    found = Forecasts.of(answers, labels, levels)
    if metric in ("mae", "smape", "pinball", "coverage"):
        return getattr(found, metric)()
    sums_W2 = _sums(found, metric)
    if (sums_W2[:, 1] == 1).all():
        return sums_W2[:, 0]
    return pseudo_values_from_sums(sums_W2, _ratio)


def summarise(answers: pa.Table, labels: pa.Table, *, levels: tuple[float, ...]) -> dict[str, float]:
    """All metrics, by name; forecasts without quantiles cover nothing, and have no such metric."""
    found = Forecasts.of(answers, labels, levels)
    measured = ["mae", "smape", "pinball", *(["coverage"] if "quantiles" in answers.column_names else [])]
    means = {name: float(getattr(found, name)().mean()) for name in measured}
    return means | {name: float(_ratio(_sums(found, name).sum(axis=0))) for name in ("mase", "direction", "loss")}


def _sums(found: Forecasts, metric: str) -> Numbers:
    """What each window adds to a mean over those that count, and whether it does, ``(W, 2)``."""
    if metric == "mase":
        return np.stack(found.scaled(found.mae()), axis=1)
    if metric == "loss":
        return np.stack(found.scaled(found.pinball()), axis=1)
    if metric == "direction":
        return np.stack(found.direction(), axis=1)
    raise ValueError(f"a window's share is known of mase, mae, smape, pinball, coverage, direction, loss; got {metric}")


def _ratio(sums: Numbers) -> Numbers:
    """The mean over what counts, of sums ``(..., 2)``; 0 where nothing does."""
    total, count = sums[..., 0], sums[..., 1]
    return np.divide(total, count, out=np.zeros(np.shape(total)), where=np.asarray(count) > 0)
