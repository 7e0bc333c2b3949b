"""``bakeoff robustness``: the metric on spoilt inputs, beside that of the verdict, which stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bakeoff.cli import main
from bakeoff.insight.withstood import summarised
from bakeoff.report.sections.robustness import spoilt_ways
from tests.comparison.finished_bakeoffs import finished, sabotage  # noqa: F401


def test_a_bakeoff_is_judged_on_spoilt_images_and_keeps_its_verdict(sabotage, capsys) -> None:  # noqa: F811
    folder = sabotage("plain").folder
    kept = {name: (folder / name).read_bytes() for name in ("verdict.json", "scores.parquet", "openings.jsonl")}
    main(["robustness", str(folder), "--trials", "2"])
    assert {name: (folder / name).read_bytes() for name in kept} == kept
    found = json.loads((folder / "robustness.json").read_text())
    board = {row["name"]: row for row in json.loads(kept["verdict.json"])["leaderboard"]}
    assert [entry["name"] for entry in found["contenders"]] == ["lenet", "dense", "linear"]
    for entry in found["contenders"]:
        whole, *spoilt = entry["conditions"]
        assert whole["trials"] == pytest.approx(board[entry["name"]]["test"]["accuracy"]["values"][:2])
        assert len(spoilt) == 9 and {len(condition["trials"]) for condition in spoilt} == {2}
        noisiest = next(own for own in spoilt if (own["corruption"], own["severity"]) == ("noise", 3))
        assert noisiest["mean"] < whole["mean"] and noisiest["low"] <= noisiest["mean"] <= noisiest["high"]
    assert "severity of noise" in (folder / "report.html").read_text()
    assert "accuracy (%) under noise" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["classes", "recordings"])
def test_series_and_recordings_are_spoilt_too(name: str, runs: Path, capsys) -> None:
    main(["robustness", str(runs / name)])
    (entry,) = json.loads((runs / name / "robustness.json").read_text())["contenders"]
    means = {(found["corruption"], found["severity"]): found["mean"] for found in entry["conditions"]}
    assert means["", 0] == 1
    assert {way for way, severity in means} - {""} == {"noise", "missing", "gain", "shift"}
    assert means["shift", 1] == 1 == means["missing", 1]  # two steps aside, or a twentieth of them, hide no class
    assert "under shift" in capsys.readouterr().out


def test_one_trial_has_no_interval_and_several_have_the_leaderboards() -> None:
    scores = np.random.default_rng(0).random((3, 50))
    trials = [{("", 0): (own, float(own.mean()))} for own in scores]
    (alone,) = summarised(trials[:1])
    assert alone["low"] is None and alone["mean"] == pytest.approx(scores[0].mean())
    (found,) = summarised(trials, score_range=(0.0, 1.0))
    assert found["low"] < scores.mean() < found["high"] and found["trials"] == pytest.approx(scores.mean(axis=1))


@pytest.mark.parametrize(
    ("direction", "last", "says"), [("maximize", 0.7, True), ("minimize", 0.7, False), ("maximize", 0.600001, False)]
)
def test_who_falls_behind_is_said(direction: str, last: float, says: bool) -> None:
    def condition(severity: int, mean: float) -> dict:
        return {
            "corruption": "noise" if severity else "",
            "severity": severity,
            "mean": mean,
            "low": None,
            "high": None,
        }

    def entry(name: str, *means: float) -> dict:
        return {"name": name, "conditions": [condition(severity, mean) for severity, mean in enumerate(means)]}

    facts = {"name": "score", "label": "score", "direction": direction, "perfect": 1.0}
    words = {"noise": {"words": "its deviation", "amounts": [0.1, 0.2, 0.3]}}
    contenders = [entry("vit", 0.9, 0.8, 0.7, 0.6), entry("cnn", 0.8, 0.8, 0.7, last)]
    (way,) = spoilt_ways({"metric": facts, "corruptions": words, "contenders": contenders})
    assert ("vit leads on inputs as they are, cnn under the strongest noise" in way.ahead) is says
