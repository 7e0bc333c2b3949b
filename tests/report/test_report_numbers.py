"""Numbers as they are printed, by hand."""

from __future__ import annotations

import pytest

from bakeoff.report import numbers
from bakeoff.report.numbers import Metric
from tests.report.declared_metrics import FACTS, metric


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (numbers.count(98_432), "98,432"),
        (numbers.compact(98_432), "98.4k"),
        (numbers.compact(650), "650"),
        (numbers.flops(4.1e11), "410 GFLOP"),
        (numbers.flops(12.0), "12.0 FLOP"),
        (numbers.duration(18.26), "18.3 s"),
        (numbers.duration(125.4), "2 min 05 s"),
        (numbers.duration(3780), "1 h 03 min"),
        (numbers.milliseconds(0.614), "0.614 ms"),
        (numbers.megabytes(1412.3), "1,412 MB"),
        (numbers.probability(0.0004), "< 0.001"),
        (numbers.probability(0.0312), "0.031"),
        (numbers.share(0.05), "5\u202f%"),
        (numbers.share(1 - 0.05 / 190), "99.97\u202f%"),
        (numbers.share(0.05 / 190), "0.03\u202f%"),
        (numbers.share(1.0), "100\u202f%"),
        (numbers.share(1 - 0.05 / 3), "98.3\u202f%"),
        (numbers.signed_share(-0.016), "−1.6\u202f%"),
        (numbers.significant(-0.04567), "−0.0457"),
        (numbers.round_number(250_000), "250k"),
        (numbers.round_number(0.03), "0.03"),
    ],
)
def test_amounts_have_three_digits_and_a_unit(printed: str, text: str) -> None:
    assert printed == text


def test_fractions_are_in_percent_and_their_differences_in_points() -> None:
    accuracy = metric("accuracy")
    assert accuracy.value(0.98056) == "98.06\u202f%"
    assert accuracy.value(0.98056, unit=False) == "98.06"
    assert accuracy.difference(-0.0125) == "−1.25 points"
    assert accuracy.difference(0.0125, unit=False) == "+1.25"
    assert accuracy.size(0.0031) == "0.31 points"


def test_a_difference_that_is_not_zero_is_never_printed_as_zero() -> None:
    accuracy = metric("accuracy")
    assert accuracy.size(0.00002) == "0.002 points" and accuracy.size(0.0) == "0.00 points"
    assert accuracy.difference(-0.00002) == "−0.002 points" and accuracy.difference(0.0, unit=False) == "+0.00"


def test_other_metrics_keep_their_own_unit() -> None:
    mae, chrf, delay = metric("mae"), metric("chrf"), metric("delay")
    assert (mae.value(0.87654), mae.difference(0.01234), mae.step) == ("0.8765", "+0.01234", "")
    assert (chrf.value(34.204), chrf.difference(-1.5), chrf.unit) == ("34.20", "−1.50 points", "")
    assert (delay.value(0.61234), delay.size(0.02), delay.unit) == ("0.6123\u202fs", "0.02000\u202fs", " (s)")


def test_facts_decide_how_a_metric_is_named_and_which_way_is_better() -> None:
    assert metric("f1_macro").label == "macro-F1" and metric("calibration_error").is_lower_better
    undeclared = Metric.named("novel_score", FACTS, direction="minimize")
    assert undeclared.is_lower_better and undeclared.label == "novel score" and undeclared.value(0.5) == "0.5000"
    assert not Metric.named("novel_score", FACTS).is_lower_better


@pytest.mark.parametrize(
    ("name", "low", "high", "text"),
    [
        ("accuracy", -0.02, 1.04, "0.00 – 100.00"),
        ("calibration_error", -0.0123, 0.0312, "0.00 – 3.12"),
        ("chrf", -3.0, 101.0, "0.00 – 100.00"),
        ("mae", -0.5, 1.5, "0 – 1.500"),
        ("novel_score", -0.5, 1.5, "−0.5000 – 1.500"),
        ("accuracy", None, 1.0, "—"),
    ],
)
def test_an_interval_ends_where_its_metric_does(name: str, low: float | None, high: float, text: str) -> None:
    assert metric(name).interval(low, high) == text


def test_a_metric_that_may_be_negative_has_a_true_minus() -> None:
    assert metric("accuracy").value(-0.0123) == "−1.23\u202f%"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_a_dash(value: float | None) -> None:
    printers = (numbers.count, numbers.flops, numbers.duration, numbers.share, numbers.probability, numbers.megabytes)
    assert {printer(value) for printer in printers} == {"—"}
    assert metric("accuracy").value(value) == "—"
