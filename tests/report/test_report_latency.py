"""Ratios of latencies against scipy's interval of a difference of means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_ind

from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.analysis.latency import latency_ratios
from tests.report.built_page import built
from tests.report.synthetic_bakeoff import Recipe, write_bakeoff


def test_the_interval_is_that_of_welch_on_logarithms() -> None:
    rng = np.random.default_rng(0)
    slow, fast = 3.0 * np.exp(0.03 * rng.normal(size=7)), np.exp(0.01 * rng.normal(size=6))
    rows = [
        LeaderboardRow("slow", latency_repeats_ms={"1": slow.tolist()}),
        LeaderboardRow("fast", latency_repeats_ms={"1": fast.tolist()}),
    ]
    (found,) = latency_ratios([*rows, LeaderboardRow("not settled")], "1").values()
    interval = ttest_ind(np.log(slow), np.log(fast), equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(np.exp(interval)))
    assert found.value == pytest.approx(np.exp(np.log(slow).mean() - np.log(fast).mean()))


def test_without_repeats_or_with_one_contender_there_is_no_ratio() -> None:
    assert latency_ratios([LeaderboardRow("a"), LeaderboardRow("b")], "1") == {}
    assert latency_ratios([LeaderboardRow("a", latency_repeats_ms={"1": [1.0, 1.1]})], "1") == {}


def test_the_report_gives_ratios_to_the_fastest_contender(tmp_path: Path) -> None:
    text = " ".join(built(write_bakeoff(tmp_path / "b", Recipe(examples=60, epochs=2))).outline.text.split())
    assert "1.36 times (1.36 – 1.36)" in text  # resnet's 0.83 ms over vit's 0.61 ms
    assert "how many times that of the fastest contender, with a 95 % interval over repeats" in text
