"""Metrics as tasks declare them, and one in seconds, which no task has."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts
from bakeoff.report.numbers import Metric
from bakeoff.tasks.classes.facts import METRICS as CLASSES
from bakeoff.tasks.translation.facts import METRICS as TRANSLATION

CHRF = next(facts for facts in TRANSLATION if facts.name == "chrf")
FACTS = (*CLASSES, CHRF, MetricFacts.error("delay", "delay", "Time to the answer.", unit="seconds"))


def metric(name: str) -> Metric:
    """One of them, as the report prints it."""
    return Metric.named(name, FACTS)
