"""What is measured of forecasts."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts

METRICS = (
    MetricFacts.error(
        "mase",
        "MASE",
        "The mean absolute error over the mean absolute difference of values a season apart before the test (Hyndman "
        "and Koehler 2006); series that never change do not count.",
    ),
    MetricFacts.error("mae", "MAE", "The mean absolute error, in the unit of the values."),
    MetricFacts.error(
        "smape", "sMAPE", "200 |y - f| / (|y| + |f|) in percent, at most 200; 0 where both are 0 (Makridakis 1993)."
    ),
    MetricFacts.error(
        "pinball",
        "pinball loss",
        "The mean over quantiles and steps of max(q (y - f), (q - 1)(y - f)), in the unit of the values; half the "
        "absolute error at the median. A forecast without quantiles is scored as if all of them were it.",
    ),
    MetricFacts.share(
        "coverage",
        "coverage",
        "The share of values within the outer quantiles: with 0.1 and 0.9 it should be 80 %; more is no better.",
    ),
    MetricFacts.share(
        "direction",
        "direction",
        "The share of windows that end on the side of the last known value on which the forecast ends; those that end "
        "on it do not count, and a forecast of no change is half right.",
        is_mean=False,
    ),
    MetricFacts.error("loss", "loss", "The pinball loss over the scale of MASE: what training minimises."),
)
"""All of them; lower is better but for coverage and direction."""
