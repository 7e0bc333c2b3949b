"""What the report says must be true of what it shows, whatever the task and the metric."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bakeoff.report
from bakeoff.report.numbers import prose
from bakeoff.report.pages.markdown import write_markdown
from tests.report.built_page import Built, built
from tests.report.synthetic_bakeoff import Recipe, write_bakeoff

SMALL = {"seeds": 3, "examples": 60, "epochs": 2}
STYLE = (Path(bakeoff.report.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], None], *, name: str = "verdict.json") -> Path:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    value = json.loads((folder / name).read_text())
    change(value)
    (folder / name).write_text(json.dumps(value))
    return folder


def text_of(page: Built) -> str:
    return " ".join(page.outline.text.split())


def test_examples_of_several_classes_have_no_confusions_and_their_labels_are_not_called_missing(tmp_path: Path) -> None:
    folder = changed(tmp_path, lambda plan: plan["data"]["spec"].update(multi_label=True), name="plan.json")
    np.save(folder / "test_labels.npy", np.random.default_rng(0).integers(0, 2, (60, 10)))
    page = built(folder)
    assert not {"confusion", "mistakes", "classes"} & set(page.outline.ids)
    assert "labels are missing" not in page.outline.text and "fit the test labels" not in page.outline.text
    assert page.outline.anchors <= set(page.outline.ids)


def test_right_and_wrong_are_counted_whatever_the_metric_scores(report: Built, tmp_path: Path) -> None:
    folder = changed(tmp_path, lambda plan: plan["task"].update(metric="f1_macro"), name="plan.json")
    right = pd.read_parquet(folder / "scores.parquet")
    contending = right[right["contender"].isin(["resnet", "renet", "vit"])].groupby("example")["score"].mean()
    always, never = int((contending == 1).sum()), int((contending == 0).sum())
    right.assign(score=right["score"] * 0.7 + 0.1).to_parquet(folder / "scores.parquet")
    text = text_of(built(folder))
    assert f"Of 60 test examples, {always} are right in every trial of every contender and {never} in none." in text
    assert "right-or-wrong" not in text


def lead(folder: Path, *, flops: dict[str, float], time: dict[str, float], leader_changes: bool) -> str:
    """What the page says of who leads, and its table says it too."""
    verdict = json.loads((folder / "verdict.json").read_text())
    verdict["indicative"] = {
        "equal_flops": [{"name": name, "at_flops": 1e9, "value": value} for name, value in flops.items()],
        "equal_time": [{"name": name, "at_seconds": 2.0, "value": value} for name, value in time.items()],
        "leader_changes": leader_changes,
    }
    (folder / "verdict.json").write_text(json.dumps(verdict))
    section = text_of(built(folder)).partition("At equal compute and at equal time")[2]
    return section.partition("These rows are indicative")[0]


def test_who_leads_at_equal_compute_is_read_from_the_table(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    leader = json.loads((folder / "verdict.json").read_text())["leaderboard"][0]["name"]
    other = next(name for name in ("renet", "vit") if name != leader)
    ahead, behind = {leader: 0.9, other: 0.8}, {leader: 0.8, other: 0.9}
    same = lead(folder, flops=ahead, time=ahead, leader_changes=True)
    assert f"{leader} leads at equal compute and at equal time, as on the test set." in same
    assert "another" not in same
    changes = lead(folder, flops=behind, time=behind, leader_changes=False)
    assert (
        f"At equal compute and at equal time the lead is with {other}; on the test set it is with {leader}." in changes
    )
    mixed = lead(folder, flops=behind, time=ahead, leader_changes=True)
    assert f"At equal compute the lead is with {other}, at equal time with {leader}; on the test set" in mixed
    level = lead(folder, flops={leader: 0.9, other: 0.9}, time=ahead, leader_changes=False)
    assert f"At equal compute the lead is with {leader} and {other}, at equal time with {leader}" in level


def test_a_missing_latency_has_a_reason(tmp_path: Path) -> None:
    def untimed(verdict: dict[str, Any]) -> None:
        for row in verdict["leaderboard"]:
            if row["name"] in ("linear", "mlp"):
                row["latency_ms"] = row["latency_repeats_ms"] = {}
            if row["name"] == "vit":
                del row["latency_ms"]["32"]
            if row["name"] == "renet":
                row.update(latency_ms={}, failures=3)

    folder = changed(tmp_path, untimed)
    plan = json.loads((folder / "plan.json").read_text())
    for entry in plan["contenders"]:
        entry["train_flops_per_example"] *= entry["name"] not in ("linear", "mlp")
    (folder / "plan.json").write_text(json.dumps(plan))
    sentences = (
        "there is no network to time, only what was fitted in one go.",
        "Latency of vit is not given: repeats on this machine differed by more than 10 %.",
        "Latency of renet is not given: none of its trials finished.",
    )
    text = text_of(built(folder))
    assert all(sentence in text for sentence in sentences)
    assert re.search("Latency of (mlp and linear|linear and mlp) is not given", text)
    assert sentences[1] in write_markdown(folder).read_text()


def test_a_report_without_gaps_gives_no_reasons(report: Built) -> None:
    assert "is not given" not in report.outline.text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("(95 % interval -0.09921 to 0.1065)", "(95\u202f% interval −0.09921 to 0.1065)"),
        ("from -1 to -.5, not 1e-05", "from −1 to −.5, not 1e-05"),
        ("gru-2 on 2026-11-29 (a-1)", "gru-2 on 2026-11-29 (a-1)"),
    ],
)
def test_numbers_in_sentences_have_a_true_minus_and_keep_their_percent_sign(written: str, printed: str) -> None:
    assert prose(written) == printed


def test_a_page_has_one_minus_sign(tmp_path: Path) -> None:
    said = "lies between -0.5 and -0.25"

    def say(verdict: dict[str, Any]) -> None:
        verdict.update(sentence=f"The lead {said}.", claim=f"It {said}!", warnings=[f"It {said}?"])
        verdict["advice"] = {"text": f"More: {said}"}
        verdict["leaderboard"][0]["test"]["f1_macro"]["mean"] = -0.125

    folder = changed(tmp_path, say)
    page = text_of(built(folder))
    assert page.count("lies between −0.5 and −0.25") == 4 and "−12.50" in page
    assert not re.search(r"(?<![\w-])-\.?\d", page)
    assert "-0.5" not in write_markdown(folder).read_text().replace("−", "")


def rules(selector: str) -> str:
    """The declarations of every rule of the style sheet with exactly this selector."""
    return " ".join(re.findall(rf"^\s*{re.escape(selector)} {{(.*?)}}", STYLE, re.MULTILINE))


def test_a_confidence_never_breaks_beside_a_long_class_name() -> None:
    widths = re.search(r"grid-template-columns: ([^;]*);", rules(".answers"))
    assert widths is not None and widths[1].endswith(" max-content"), "confidences get the width that they need"
    assert "white-space: nowrap" in rules(".answers .sure")
    assert "overflow-wrap: anywhere" in rules(".answers .said")


def rows_of(count: int) -> list[int]:
    """How many of so many figures stand in each row of a wide page, by the numbers in the style sheet."""
    columns = re.search(r"repeat\((\d), minmax", rules(".multiples"))
    usual = re.search(r"span (\d)", rules(".multiples > *"))
    last = re.search(
        r"\.multiples > :nth-child\((\d)n \+ (\d)\):nth-last-child\((\d)\) ~ \* {[^}]*span (\d)", STYLE, re.MULTILINE
    )
    assert columns and usual and last
    every, offset, behind, wider = map(int, last.groups())
    first = count - behind + 1
    is_special = first >= offset and (first - offset) % every == 0
    rows, left = [], 0
    for place in range(1, count + 1):
        span = wider if is_special and place >= first else int(usual[1])
        if span > left:
            rows.append(0)
            left = int(columns[1])
        rows[-1] += 1
        left -= span
    return rows


@pytest.mark.parametrize(
    ("count", "rows"), [(1, [1]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 2, 2]), (9, [3] * 3)]
)
def test_no_small_figure_stands_alone_in_a_last_row(count: int, rows: list[int]) -> None:
    assert rows_of(count) == rows
