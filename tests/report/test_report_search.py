"""Tuning as the report tells it: chances, order, crossings, places on an axis; by hand or from the statistics."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bakeoff.record.contenders import Contender, Point
from bakeoff.report.analysis.search import Dimension, best_trials, crossings, read_validation, tried_points
from bakeoff.report.numbers import significant
from tests.report.built_page import Built, built
from tests.report.declared_metrics import metric
from tests.report.synthetic_bakeoff import TUNED, write_bakeoff

ACCURACY, ERROR = metric("accuracy"), metric("mae")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(write_bakeoff(tmp_path_factory.mktemp("tuned") / "finished", TUNED))


def entry(*scores: float) -> tuple[Contender, dict[str, dict[str, float]]]:
    points = [Point(k, 70 + k, {"lr": k / 10}) for k in range(len(scores))]
    names = list("abcdefghijkl"[: len(scores)])
    found = {"net": {f"seed {70 + k}": score for k, score in enumerate(scores)}}
    return Contender("net", search={"lr": {"low": 0, "high": 1}}, points=points, trials=names), found


def test_chances_are_those_of_being_the_best_of_m() -> None:
    contender, validation = entry(0.5, 0.9, 0.7, 0.6)
    rows = tried_points(contender, validation, [0.1, 0.2, 0.3, 0.4], best_of=2, metric=ACCURACY)
    assert [(row.index, row.test, row.is_best) for row in rows] == [
        (1, 0.2, True),
        (2, 0.3, False),
        (3, 0.4, False),
        (0, 0.1, False),
    ]
    # Of the 6 ways to draw 2 of 4, the best wins 3, the second 2, the third 1, the last none.
    np.testing.assert_allclose([row.chance for row in rows], [3 / 6, 2 / 6, 1 / 6, 0])


def test_lower_is_better_where_the_metric_says_so() -> None:
    contender, validation = entry(0.5, 0.9, 0.7, 0.6)
    rows = tried_points(contender, validation, [], best_of=1, metric=ERROR)
    assert [row.index for row in rows] == [0, 3, 2, 1]
    assert [row.chance for row in rows] == [0.25] * 4
    assert best_trials(contender, validation, count=2, metric=ERROR) == ["a", "d"]


def test_a_trial_without_validation_comes_last_and_leaves_the_chances_unknown() -> None:
    contender, validation = entry(0.5, 0.9, 0.7, 0.6)
    del validation["net"]["seed 71"]
    rows = tried_points(contender, validation, [], best_of=2, metric=ACCURACY)
    assert [row.index for row in rows] == [2, 3, 0, 1]
    assert {row.chance for row in rows} == {None}


def test_validation_is_found_by_number_or_by_id(tmp_path: Path) -> None:
    contender, _ = entry(0.5, 0.9, 0.7)
    for keys in ([0, 1, 2], ["a", "b", "c"]):
        frame = pd.DataFrame({"contender": "net", "trial": keys, "seed": [1, 2, 3], "score": [0.1, 0.3, 0.2]})
        frame.to_parquet(tmp_path / "validation.parquet")
        found = read_validation(tmp_path)
        assert best_trials(contender, found, count=3, metric=ACCURACY) == ["b", "c", "a"]
    assert read_validation(tmp_path / "nowhere") == {}


def test_places_on_a_linear_a_logarithmic_and_a_choice_axis() -> None:
    assert Dimension.from_dict("x", {"low": 2, "high": 4}).place(3) == 0.5
    assert Dimension.from_dict("x", {"low": 1e-4, "high": 1e-2, "scale": "log"}).place(1e-3) == pytest.approx(0.5)
    assert Dimension.from_dict("x", {"choices": ["relu", 2, None]}).place(2) == 1.0
    assert Dimension.from_dict("x", {"choices": ["relu"]}).place("gelu") is None
    assert Dimension.from_dict("x", {"low": 0, "high": 1, "scale": "log"}).place(0.5) is None


def test_curves_cross_where_the_leader_changes() -> None:
    def curve(*means: float | None) -> list[dict]:
        return [{"m": m, "mean": mean, "low": None, "high": None} for m, mean in enumerate(means, 1)]

    curves = {"a": curve(0.5, 0.6, 0.7), "b": curve(0.4, 0.6, 0.8), "c": curve(0.1, None, 0.2)}
    assert crossings(curves, metric=ACCURACY) == [("a", 1, "b", 3)]
    assert crossings(curves, metric=ERROR) == [("b", 1, "a", 3)]


def test_the_page_says_in_words_what_the_statistics_warn_of(tuned: Built) -> None:
    warned = [w for w in tuned.verdict["warnings"] if "cross" in w]
    first, before, then, after = re.findall(r"(\w+) leads at best of (\d+), (\w+) at best of (\d+)", warned[0])[0]
    told = f"{first} leads with a search of {before} trial, {then} with one of {after} trials"
    assert len(warned) == 1 and told in tuned.outline.text


def test_every_point_tried_is_on_the_page_with_its_validation_test_and_chance(tuned: Built) -> None:
    validation = pd.read_parquet(tuned.folder / "validation.parquet")
    rows = {row["name"]: row for row in tuned.verdict["leaderboard"]}
    data = set(tuned.outline.data)
    for contender in tuned.plan["contenders"]:
        own = validation[validation["contender"] == contender["name"]]["score"]
        if contender["role"] == "contender":
            assert {str(float(score)) for score in own} <= data
            assert {str(score) for score in rows[contender["name"]]["test"]["accuracy"]["values"]} <= data
            assert f"Every point tried by {contender['name']}" in re.sub(r"\s+", " ", tuned.outline.text)
    assert str(comb(11, 2) / comb(12, 3)) in data
    assert tuned.html.count('class="range">best</span>') == 3


def test_curves_and_family_means_are_on_the_page_in_full_precision(tuned: Built) -> None:
    points = [point for curve in tuned.verdict["curves"].values() for point in curve]
    found = {str(point[key]) for point in points for key in ("mean", "low", "high")}
    found |= {str(row[key]) for row in tuned.verdict["contenders"] for key in ("mean", "low", "high")}
    assert found <= set(tuned.outline.data)


def test_the_edge_is_told_with_its_range(tuned: Built) -> None:
    (edge,) = tuned.verdict["edges"]
    side = "upper" if edge["high"] - edge["value"] < edge["value"] - edge["low"] else "lower"
    setting = f"its best trial has {edge['key']} {significant(edge['value'])}"
    text = f"{setting}, at the {side} edge of the range searched ({edge['low']:g} to {edge['high']:g})"
    assert f"{edge['contender']}: {text}" in tuned.outline.text


def test_a_tuned_page_is_well_formed_and_the_same_every_time(tuned: Built) -> None:
    assert tuned.outline.nesting_errors == [] and tuned.outline.unlabelled == []
    assert [name for name, times in tuned.outline.ids.items() if times > 1] == []
    assert tuned.outline.anchors <= set(tuned.outline.ids) and "tuning" in tuned.outline.ids
    again = built(tuned.folder)
    assert again.html == tuned.html


def test_a_tuned_bakeoff_without_validation_says_so(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", TUNED)
    (folder / "validation.parquet").unlink()
    page = built(folder)
    assert "validation.parquet can't be read" in page.outline.text
    assert page.outline.nesting_errors == []


def test_hostile_settings_are_printed_and_never_run(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", TUNED)
    text = (folder / "plan.json").read_text()
    evil = "<script>alert(1)</script>"
    text = text.replace('"gelu"', json.dumps(evil)).replace("model.net.dropout", "<img src=x onerror=y>")
    (folder / "plan.json").write_text(text)
    page = built(folder)
    assert page.outline.tags["script"] == 0 and page.outline.event_handlers == []
    assert evil in page.outline.text and page.outline.nesting_errors == []


def test_a_long_search_is_cut_to_its_best_and_its_curves_to_ten_sizes(tmp_path: Path) -> None:
    recipe = replace(TUNED, tune=80, best_of=6, examples=60, epochs=2, class_names=("a", "b", "c", "d"))
    page = built(write_bakeoff(tmp_path / "b", recipe), images=None)
    assert len(page.html) < 600_000
    assert page.outline.text.count("the first 60 of 80") == 3
    sizes = re.search(r'<th scope="col">best of</th>(.*?)</tr>', page.html)
    assert sizes is not None and sizes[1].count("<th") <= 11 and ">6 <span" in sizes[1]
