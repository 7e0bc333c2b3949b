"""Metrics as tasks of these tests declare them."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts
from bakeoff.report.numbers import Metric

FACTS = (
    MetricFacts(
        name="accuracy",
        label="accuracy",
        direction="maximize",
        perfect=1.0,
        unit="fraction",
        meaning="The share that is answered right.",
    ),
    MetricFacts(
        name="f1_macro",
        label="macro-F1",
        direction="maximize",
        perfect=1.0,
        unit="fraction",
        is_mean=False,
        meaning="Precision and recall in one, rare classes as much as frequent ones.",
    ),
    MetricFacts(
        name="calibration_error",
        label="calibration error",
        direction="minimize",
        perfect=0.0,
        unit="fraction",
        in_validation=False,
        is_mean=False,
        meaning="How far confidence is from the share that is right.",
    ),
    MetricFacts(name="mae", label="MAE", direction="minimize", perfect=0.0, meaning="The mean absolute error."),
    MetricFacts(name="chrf", label="chrF", direction="maximize", perfect=100.0, unit="points", meaning="Of 100."),
    MetricFacts(
        name="delay", label="delay", direction="minimize", perfect=0.0, unit="seconds", meaning="Time to the answer."
    ),
)


def metric(name: str) -> Metric:
    """One of them, as the report prints it."""
    return Metric.named(name, FACTS)
