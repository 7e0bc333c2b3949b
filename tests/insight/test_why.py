"""``bakeoff why``: on a bakeoff of images, on runs of texts and series, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bakeoff.cli import main
from bakeoff.config.running import run_pipeline
from tests.comparison.finished_bakeoffs import finished, sabotage  # noqa: F401

QUICK = ["trainer.max_examples=1500", "trainer.accelerator=cpu", "tracking=none"]
RUNS = {
    "text": [
        *("task=text_classification", "model=text_cnn", "model.net.width=8", "data=csv"),
        *("data.columns.text=text", "data.columns.label=label"),
    ],
    "series": [
        *("task=forecasting", "model=tcn", "data=series_csv", "data.window=16", "data.horizon=4"),
        *("data.columns.time=step", "data.columns.target=value"),
    ],
}
FILES = {"text": "texts.csv", "series": "series.csv"}


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


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of texts, of which one word decides, and one of series."""
    folder = tmp_path_factory.mktemp("runs")
    words = ["red", "green", "blue", "small", "large", "round", "flat", "old"]
    rows = [
        f"{words[k % 8]} {words[(3 * k) % 7]} {'good' if k % 2 else 'bad'} {words[(5 * k + 1) % 8]} thing {k},{k % 2}"
        for k in range(240)
    ]
    (folder / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    values = [f"{k},{(k % 8) * (1 + k // 100)}" for k in range(400)]
    (folder / "series.csv").write_text("step,value\n" + "\n".join(values) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, where in RUNS.items():
            run_pipeline("train", argv=[*where, *QUICK, f"data.file={folder / FILES[name]}", f"output_dir={name}"])
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gets_a_page_and_pictures_of_its_own(name: str, runs: Path, capsys) -> None:
    found, said = explained(runs / name, capsys, "--examples", "32", "--shown", "1")
    (entry,) = found["contenders"]
    kinds = {"text": "weighed_text", "series": "weighed_course"}
    assert entry["shown"][0]["kind"] == kinds[name]
    assert (runs / name / "explanations" / "1.png").exists() and "page" in said
    html = (runs / name / "explanations.html").read_text()
    assert f'<div class="exhibit {kinds[name]}">' in html


def test_the_word_that_decides_is_found(runs: Path, capsys) -> None:
    found, _ = explained(runs / "text", capsys, "--examples", "16", "--shown", "8")
    for shown in found["contenders"][0]["shown"]:
        weights = dict(zip(shown["tokens"], shown["weights"]["integrated gradients"], strict=True))
        assert max(weights, key=weights.get) in ("good", "bad")


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
