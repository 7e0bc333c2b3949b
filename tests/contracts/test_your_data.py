"""Every shape of docs/your-data.md: its lines as a file, and on them its command, which is the one that `bakeoff data`
prints, with the cheapest model."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from bakeoff.commands.data import run as survey
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.config.running import run_pipeline
from tests.data.made_audio import encoded, tone
from tests.data.made_images import noise_image

PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
SHAPES = {section.partition("\n")[0]: section for section in re.split(r"^## ", PAGE, flags=re.M)[1:]}
CHEAPEST = {
    "text_classification": ["model=tfidf"],
    "translation": ["model=translation_memory"],
    "object_detection": ["model=neighbourhood", "trainer.max_epochs=1", "trainer.accelerator=cpu"],
    "image_classification": ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu"],
    "forecasting": ["model=seasonal_naive"],
    "series_classification": ["model=nearest_series"],
    "audio_classification": ["model=window_perceptron", "trainer.max_epochs=1", "trainer.accelerator=cpu"],
    "speech_recognition": ["model=window_perceptron", "trainer.max_epochs=1", "trainer.accelerator=cpu"],
}
UNSEEN = ("series_table",)
"""Options that no file shows by itself: they are named."""
NOTES = {
    "2": ["umfrage.csv is cut at the semicolon, as its first lines are (data.sep)."],
    "3": [
        "The quotes in mails.tsv are read as characters, since not all of it is quoted (data.quote).",
        "1 rows without text were dropped.",
        "1 rows without a label were dropped (data.on_missing).",
    ],
    "14": [
        "1 values are missing, in 1 of 8 series (first: Beef_TRAIN.ts:8): filled (data.fill=linear).",
    ],
}


def blocks(section: str) -> list[tuple[str, str]]:
    """What stands on each fence's line, and the block."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", section, re.M | re.S)


def write(section: str, encoding: str) -> None:
    """The files that a section shows, in the current folder."""
    for number, (head, body) in enumerate(blocks(section)):
        kind, _, name = head.partition(" ")
        if name:
            Path(name).write_text(body, encoding=encoding)
        elif kind == "python":
            exec(body, {})  # of our own page
        elif kind == "files":
            for row, file in enumerate(body.split()):
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                if file.endswith(".png"):
                    noise_image(100 * number + row, mode="RGB").save(file)
                elif file.endswith(".wav"):
                    Path(file).write_bytes(encoded(tone(0.5 + 0.1 * (row % 3), hz=200 + 20 * row)))
                else:
                    Path(file).write_text(f"text number {row}")


def command_of_survey(settings: dict[str, str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The settings of the first command that `bakeoff data` prints for the file, as a shell cuts them."""
    key = next(key for key in ("data.file", "data.path", "data.folder") if key in settings)
    others = [f"{name}={value}" for name, value in settings.items() if name not in ("task", "data", key)]
    path = [settings[key]]
    if settings["data"] in UNSEEN:
        path = [f"{name}={settings[name]}" for name in ("task", "data", key)]
    survey([*path, *others])
    lines = capsys.readouterr().out.splitlines()
    _, program, name, *words = next(shlex.split(line) for line in lines if line.startswith("next "))
    assert (program, name) == ("bakeoff", "train")
    return words


def data_section(words: list[str]) -> object:
    """What training gets of these words."""
    composer = Composer()
    return OmegaConf.to_container(composer.compose("train", Checker(composer, pipeline="train").check(words)).cfg.data)


def test_there_are_sixteen_shapes() -> None:
    assert len(SHAPES) == 16


@pytest.mark.parametrize("title", SHAPES)
def test_each_shape_is_read_and_learnt_from(title, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    [line] = [body for head, body in blocks(SHAPES[title]) if not head]
    words = shlex.split(line)
    assert words[:2] == ["bakeoff", "train"]
    settings = dict(word.split("=", 1) for word in words[2:])
    write(SHAPES[title], settings.get("data.encoding", "utf-8"))
    task = settings.get("task", "image_classification")
    printed = command_of_survey(settings, capsys)
    assert data_section(printed) == data_section(words[2:])
    run_pipeline("train", argv=[*printed, *CHEAPEST[task], "tracking=none", "output_dir=run"])
    said = capsys.readouterr().out.splitlines()
    notes = [text.removeprefix("note: ") for text in said if text.startswith("note: ")]
    expected = NOTES.get(title.split(".")[0], [])
    assert [note for note in notes if note in expected] == expected
    assert json.loads(Path("run/result.json").read_text())["status"] == "finished"
