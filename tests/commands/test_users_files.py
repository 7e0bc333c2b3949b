"""Ten users' files: what `bakeoff data` says, and its command as it stands, trained and asked; and what it refuses."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from bakeoff.commands.data import run
from bakeoff.config.running import run_pipeline
from bakeoff.errors import BakeoffError
from tests.commands.users_files import FILES, TEXTS, lines, table, write
from tests.data.made_images import noise_image

CHEAPEST = {
    "text_classification": ["model=tfidf"],
    "translation": ["model=translation_memory"],
    "image_classification": ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu"],
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


TEXT, IMAGES = "task=text_classification", "task=image_classification"
EXPECTED = {
    "survey": (
        ["data.columns.label=Q1"],
        f"{TEXT} data=csv data.file=survey.csv data.columns.label=Q1 data.columns.text=Q3_TEXT",
        {"Satisfied": 30, "Not at all": 30},
        ["Lines 2 to 3 of survey.csv are more header, as Qualtrics writes it, and were left out."],
        ["survey.csv"],
    ),
    "german_excel": (
        [],
        f"{TEXT} data=csv data.file=produkte.csv data.encoding=cp1252 data.columns.label=Warengruppe",
        {"Möbel": 20, "Obst & Gemüse": 20, "Kleidung": 20},
        ["produkte.csv is cut at the semicolon, as its first lines are (data.sep)."],
        ["produkte.csv"],
    ),
    "kaggle": ([], f"{TEXT} data=csv data.file=train.csv", {"0": 30, "1": 30}, [], ["test.csv"]),
    "label_studio": (
        [],
        f"{TEXT} data=csv data.file=project-1.csv data.columns.label=topics",
        {"food": 40, "staff": 40},
        ["Labels in column topics are written as lists, and read as such."],
        ["project-1.csv"],
    ),
    "doccano": (
        [],
        f"{TEXT} data=json data.file=admin.jsonl",
        {"pos": 30, "neg": 30},
        ["Lists in column label hold one label each: a text has one label (data.columns.label_separator)."],
        ["admin.jsonl"],
    ),
    "prodigy": (
        [],
        f"{TEXT} data=json data.file=choices.jsonl data.columns.label=accept",
        {"GOOD": 24, "BAD": 30},
        ["6 rows were dropped, whose answer is not accept: this is an export of Prodigy."],
        ["choices.jsonl"],
    ),
    "photographs": (
        [],
        f"{IMAGES} data=image_folder 'data.path=Bilder Küche' data.image_size=20",
        {"Tassen": 18, "Teller (neu)": 18},
        ["1 class folder holds no image: Neuer Ordner."],
        ["Bilder Küche/Tassen"],
    ),
    "film_reviews": (
        [],
        f"{TEXT} data=text_folder data.path=aclImdb",
        {"pos": 23, "neg": 22, "unsup": 15},
        ["The given test split has no row of 1 classes, such as unsup."],
        ["aclImdb/test"],
    ),
    "database": (
        [],
        f"{TEXT} data=csv data.file=tickets.csv data.columns.label=queue",
        {"billing": 30, "tech": 30},
        ["Quotes within fields of tickets.csv stand behind backslashes, and are read as such."],
        ["tickets.csv"],
    ),
    "bitext": (
        [],
        "task=translation data=parallel data.source_file=corpus.en data.target_file=corpus.de",
        {},
        [],
        ["corpus.en"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_users_file_is_told_trained_on_and_asked(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    given, words, classes, notes, inputs = EXPECTED[name]
    run([FILES[name](), *given, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["commands"][0] == f"bakeoff train {words}"
    assert {label: sum(counts.values()) for label, counts in answer["classes"].items()} == classes
    assert [note for note in answer["notes"] if note in notes] == notes
    typed = shlex.split(answer["commands"][0])[2:]
    task = typed[0].removeprefix("task=")
    run_pipeline("train", argv=[*typed, *CHEAPEST[task], "tracking=none", "output_dir=run"])
    for source in inputs:
        run_pipeline("predict", argv=["run=run", f"input='{source}'"])
        table = pd.read_csv("predictions.csv")
        assert len(table) and table.notna().to_numpy().all()


def token_per_line() -> str:
    write("ner.tsv", "\n".join("\n".join(f"{word}\tO" for word in text.split()) + "\n" for text in TEXTS))
    return "ner.tsv"


def tasks_of_label_studio() -> str:
    result = [{"value": {"choices": ["pos"]}, "type": "choices"}]
    write("tasks.json", json.dumps([{"id": 1, "data": {"text": "a"}, "annotations": [{"result": result}]}] * 20))
    return "tasks.json"


def spans() -> str:
    lines("spans.jsonl", [{"text": text, "label": [[0, 3, "PER"]]} for text in TEXTS])
    return "spans.jsonl"


def lines_with_tabs() -> str:
    write("cells.txt", "".join(f"{text}\t{n % 2}\n" for n, text in enumerate(TEXTS)))
    return "cells.txt"


def fast_text() -> str:
    write("train.txt", "".join(f"__label__{n % 2} {text}\n" for n, text in enumerate(TEXTS)))
    return "train.txt"


def labels_beside_images() -> str:
    Path("leaves/train").mkdir(parents=True)
    for n in range(8):
        noise_image(n, mode="RGB").save(f"leaves/train/{n}.png")
    table("leaves/train.csv", [["image_id", "species"], *([n, ["oak", "elm"][n % 2]] for n in range(8))])
    return "leaves"


def folder_of_tables() -> str:
    table("train.csv", [["a"]])
    return "."


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (token_per_line, "where line 1 is a row already, name the columns, data.header=[NAME,NAME]"),
        (tasks_of_label_studio, "export it there as JSON-MIN or CSV, which have a row a task"),
        (spans, "named entities are no task here"),
        (lines_with_tabs, "Every line of cells.txt has a tab: if lines are rows of a table, call it .tsv"),
        (fast_text, "Lines of train.txt begin with fastText's __label__"),
        (labels_beside_images, "a table called metadata.csv, with columns file_name (ending included) and label"),
        (folder_of_tables, "give one of them: train.csv"),
    ],
)
def test_what_is_not_read_is_told_by_its_name(made, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BakeoffError) as error:
        run([made()])
    assert said in capsys.readouterr().out + error.value.line()


def test_a_table_of_numbers_is_told_that_nothing_learns_from_them(capsys: pytest.CaptureFixture[str]) -> None:
    header = ["machine", "state", *(f"t{n}" for n in range(64))]
    rows = [[f"M{n % 5}", ["ok", "fault"][n % 2], *(f"{n}.{k}" for k in range(64))] for n in range(40)]
    table("sensors.csv", [header, *rows])
    with pytest.raises(BakeoffError, match="perhaps machine or state"):
        run(["sensors.csv"])
    shown = capsys.readouterr().out
    assert "64 columns of numbers are left out (t0, ...): no task here learns from them." in shown
    assert "46 more" in shown and len(shown.splitlines()) < 30


def test_labels_that_are_several_with_a_mark_between_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    table("doccano.csv", [["text", "label"], *([text, ["a", "b", "a#b"][n % 3]] for n, text in enumerate(TEXTS))])
    run(["doccano.csv", "--json"])
    [note] = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("Some classes are others with '#' between, such as a#b")
    run(["doccano.csv", "data.columns.label_separator='#'", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert {name: sum(counts.values()) for name, counts in answer["classes"].items()} == {"a": 40, "b": 40}


def test_what_an_option_cannot_take_leaves_the_first_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """Encoded as by Windows, and without a header: Parquet, which is tried too, has no encoding."""
    table("tweets.csv", [[n % 2, "NO_QUERY", f"{text} é"] for n, text in enumerate(TEXTS)], encoding="latin-1")
    with pytest.raises(BakeoffError, match=r"data.missing_column.*where line 1 is a row already"):
        run(["tweets.csv"])
    assert "taken     data.encoding=cp1252" in capsys.readouterr().out
