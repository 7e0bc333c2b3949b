"""``bakeoff why``: on a bakeoff of images, on runs of texts, series and recordings, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.cli import main
from bakeoff.tasks.exhibits import unpack
from tests.comparison.finished_bakeoffs import finished, sabotage  # noqa: F401
from tests.insight.conftest import BUMP, BURST

KINDS = {
    "text": "weighed_text",
    "series": "weighed_course",
    "classes": "weighed_frames",
    "recordings": "weighed_frames",
}


def explained(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[dict[str, Any], str]:
    main(["why", str(folder), *words])
    return json.loads((folder / "explanations.json").read_text()), capsys.readouterr().out


def test_a_bakeoff_says_what_each_looks_at_and_keeps_its_verdict(sabotage, capsys) -> None:  # noqa: F811
    folder = sabotage("plain").folder
    sealed = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".html"}
    found, said = explained(folder, capsys, "--examples", "80", "--shown", "2")
    for path, content in sealed.items():
        assert path.read_bytes() == content or path.name in ("verdict.md",)
    assert [entry["name"] for entry in found["contenders"]] == ["lenet", "dense", "linear"]
    titles = {tuple(shown["title"] for shown in entry["shown"]) for entry in found["contenders"]}
    assert len(titles) == 1 and len(titles.pop()) == 2  # the same two examples for all
    linear = found["contenders"][2]["attributions"]["integrated gradients"]
    assert linear["deletion"]["low"] > 0 and linear["insertion"]["low"] > 0
    assert linear["deletion"]["curve"][0] == pytest.approx(linear["deletion"]["random_curve"][0])
    with Image.open(folder / "explanations" / "2.png") as picture:
        assert picture.width > 800
    page = (folder / "report.html").read_text()
    assert page.count('<section id="looked"') == 1 and "beats random" in page
    assert "linear" in said and "explanations.html" in said


@pytest.mark.parametrize("name", KINDS)
def test_a_run_gets_a_page_and_pictures_of_its_own(name: str, runs: Path, capsys) -> None:
    found, said = explained(runs / name, capsys, "--examples", "32", "--shown", "1")
    (entry,) = found["contenders"]
    assert entry["shown"][0]["kind"] == KINDS[name]
    assert (runs / name / "explanations" / "1.png").exists() and "page" in said
    html = (runs / name / "explanations.html").read_text()
    assert f'<div class="exhibit {KINDS[name]}">' in html


def test_the_word_that_decides_is_found(runs: Path, capsys) -> None:
    found, _ = explained(runs / "text", capsys, "--examples", "16", "--shown", "8")
    for shown in found["contenders"][0]["shown"]:
        weights = dict(zip(shown["tokens"], shown["weights"]["integrated gradients"], strict=True))
        assert max(weights, key=weights.get) in ("good", "bad")


@pytest.mark.parametrize(("name", "steps", "places"), [("classes", 30, BUMP), ("recordings", 51, BURST)])
def test_the_steps_that_decide_are_found(name: str, steps: int, places: slice, runs: Path, capsys) -> None:
    found, _ = explained(runs / name, capsys, "--examples", "12", "--shown", "4")
    (entry,) = found["contenders"]
    held = entry["attributions"]["integrated gradients"]
    assert held["deletion"]["low"] > 0 and held["insertion"]["low"] > 0
    for shown in entry["shown"]:
        weights = np.array(shown["weights"]["integrated gradients"])
        assert len(weights) == steps == len(unpack(shown["frames_TK"]))
        around = slice(places.start - 3, places.stop + 3)  # a window of the spectrum, and the stem's stride
        assert weights[around].sum() > 0.6 * weights.sum() > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "config.no_run"),
        (["text", "--contender", "gru"], "only a bakeoff has contenders"),
        (["text", "--examples", "1"], "--examples=1: is out of range; allowed: 2 or more"),
    ],
)
def test_what_makes_no_sense_is_one_line(words: list[str], said: str, runs: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(runs)
    with pytest.raises(SystemExit) as stop:
        main(["why", *words])
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert stop.value.code == 2
