"""`bakeoff data`: what it says of files and folders is what training reads, and the command that it names runs."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from omegaconf import OmegaConf
from PIL import Image as Picture

from bakeoff.commands.data import run
from bakeoff.commands.options_of_data import typed
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.config.overrides import parse
from bakeoff.errors import BakeoffError, ConfigError, DataError
from bakeoff.training.trial.configuration import TrialConfig


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The answer as JSON."""
    run([*words, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def opened(command: str) -> Any:
    """The data of a command, as training opens it."""
    program, name, *words = shlex.split(command)
    assert (program, name) == ("bakeoff", "train")
    composer = Composer()
    config = composer.compose("train", Checker(composer, pipeline="train").check(words)).cfg
    return TrialConfig.of(OmegaConf.to_container(config, resolve=True)).open_data()


def reviews(path: Path, sep: str = ",") -> Path:
    rows = [sep.join(["id", "body", "stars", "shop"])]
    rows += [
        sep.join([str(n), f"review {n} of {['good', 'bad'][n % 2]} things", str(n % 3), f"s{n % 7}"]) for n in range(60)
    ]
    path.write_text("\n".join(rows))
    return path


def pictures(root: Path, *, sizes: tuple[int, ...] = (8,), copies: int = 1) -> Path:
    random = np.random.default_rng(0)
    for row in range(40):
        (root / "ab"[row % 2]).mkdir(parents=True, exist_ok=True)
        side = sizes[row % len(sizes)]
        picture = Picture.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
        for copy in range(copies):
            picture.save(root / "ab"[row % 2] / f"{row:02d}_{copy}.png")
    return root


def agree(answer: dict[str, Any]) -> None:
    """What is said is what the suggested command reads."""
    data = opened(answer["commands"][0])
    assert answer["splits"] == {split: data.num_examples(split) for split in ("train", "val", "test")}
    assert answer["refusal"] is None


def test_a_table_with_its_columns_classes_and_splits(capsys) -> None:
    reviews(Path("my reviews, new.csv"))
    answer = told(capsys, "my reviews, new.csv", "data.columns.label=stars", "data.split.group=shop")
    taken = {column["name"]: column["taken_as"] for column in answer["columns"]}
    assert taken == {"id": None, "body": "text", "stars": "label", "shop": "group"}
    assert [column["values"] for column in answer["columns"]] == [60, 60, 3, 7]
    assert {name: sum(counts.values()) for name, counts in answer["classes"].items()} == {"0": 20, "1": 20, "2": 20}
    assert answer["groups"] == 7
    assert answer["measures"]["words of text"] == [5.0, 5.0, 5.0]
    assert answer["examples"][0] == ["my reviews, new.csv:2", "0", "review 0 of good things"]
    agree(answer)


def test_what_no_label_tells_is_shown_before_it_is_refused(capsys) -> None:
    reviews(Path("reviews.csv"))
    with pytest.raises(DataError, match=r"data.missing_column\] data.columns.label"):
        run(["reviews.csv"])
    out = capsys.readouterr().out
    assert "stars" in out and "shop" in out and "bakeoff train" not in out


def test_what_errors_advise_is_taken_and_told(capsys) -> None:
    pictures(Path("photos"), sizes=(8, 12), copies=2)
    answer = told(capsys, "photos")
    assert answer["commands"][0].endswith("data.path=photos data.image_size=8 data.dedup=drop")
    assert [reason.split(":")[0] for reason in answer["taken"]] == ["data.image_size=8", "data.dedup=drop"]
    assert answer["measures"]["height"] == [8.0, 10.0, 12.0] and answer["copies"] == 40
    agree(answer)


def test_a_folder_around_the_classes_is_entered(capsys) -> None:
    pictures(Path("outer/my photos"))
    answer = told(capsys, "outer")
    assert answer["commands"][0].endswith("/outer/my photos'") and "data.path=outer " not in answer["commands"][0]
    agree(answer)


def write_texts(root: Path) -> None:
    for row in range(40):
        (root / "ab"[row % 2]).mkdir(parents=True, exist_ok=True)
        (root / "ab"[row % 2] / f"{row}.txt").write_text(f"text number {row} of class {row % 2} " * 8)


def parquet_of_pictures(path: Path) -> None:
    features = Features({"picture": Image(), "name": ClassLabel(names=["x", "y"])})
    noise = np.random.default_rng(0).integers(0, 256, (40, 6, 6), dtype=np.uint8)
    rows = {"picture": list(map(Picture.fromarray, noise)), "name": [row % 2 for row in range(40)]}
    Dataset.from_dict(rows, features=features).to_parquet(path)


def test_each_kind_is_found_by_its_files(capsys) -> None:
    write_texts(Path("mails"))
    (Path("books") / "old").mkdir(parents=True)
    for row in range(20):
        (Path("books") / f"{row}.txt").write_text(f"book {row} " * 400)
    Path("novel.txt").write_text("".join(f"It was day {day}. " for day in range(3000)))
    Path("pairs.tsv").write_text("source\ttarget\n" + "\n".join(f"one {n}\teins {n}" for n in range(40)))
    Path("rows.jsonl").write_text("\n".join(json.dumps({"text": f"text {n}", "label": n % 2}) for n in range(40)))
    parquet_of_pictures(Path("shapes.parquet"))
    reviews(Path("reviews.csv.gz").with_suffix(""))
    found = {
        "mails": "data=text_folder data.path=mails",
        "books": "data=text_file data.file=books",
        "novel.txt": "data=text_file data.file=novel.txt",
        "pairs.tsv": "data=parallel data.file=pairs.tsv",
        "rows.jsonl": "data=json data.file=rows.jsonl",
        "shapes.parquet": "data=hf data.path=shapes.parquet",
    }
    for path, words in found.items():
        answer = told(capsys, path)
        assert words in answer["commands"][0], path
        assert answer["splits"].keys() == {"train", "val", "test"}, path
    run(["pairs.tsv"])
    assert "one 0 => eins 0" in capsys.readouterr().out


def test_data_that_a_rule_makes_is_opened(capsys) -> None:
    answer = told(
        capsys, "data=parity", "task=sequence_probe", "data.num_train=40", "data.num_val=10", "data.num_test=10"
    )
    assert answer["splits"] == {"train": 30, "val": 10, "test": 10} or sum(answer["splits"].values()) >= 50
    assert len(answer["examples"]) == 5


def test_groups_in_names_are_told_until_they_are_given(capsys) -> None:
    for patient in range(20):
        for picture in range(3):
            path = Path("scans") / "ab"[patient % 2] / f"P{patient:03d}_{picture}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([patient, picture]).integers(0, 256, (8, 8), dtype=np.uint8)
            Picture.fromarray(noise).save(path)
    run(["scans"])
    out = capsys.readouterr().out
    [hint] = [line for line in out.splitlines() if line.startswith("groups?")]
    assert "20 groups, such as P000" in hint
    pattern = hint.split("data.split.group_from='")[1].split("'")[0]
    answer = told(capsys, "scans", f"data.split.group_from={pattern}")
    assert answer["groups"] == 20
    agree(answer)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["nowhere.csv"], DataError, r"data.not_found\] bakeoff data=nowhere.csv"),
        (["flowers.zip"], ConfigError, r"config.unknown_data\].*next: unpack it"),
        (["song.mp3"], ConfigError, r"config.unknown_data\]"),
        (["book.xlsx"], DataError, r"export the sheet as CSV"),
        (["a.csv", "b.csv"], ConfigError, r"2 paths are given"),
        (["data.columns.label=x"], ConfigError, r"0 paths are given"),
        (["empty"], ConfigError, r"config.unknown_data\]"),
        (["reviews.csv", "data.columns.lable=stars"], BakeoffError, r"config.unknown_key\] data.columns.lable"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(words: list[str], error: type, message: str) -> None:
    for name in ("flowers.zip", "song.mp3", "book.xlsx"):
        Path(name).write_bytes(b"PK\0\0")
    Path("empty").mkdir()
    reviews(Path("reviews.csv"))
    with pytest.raises(error, match=message):
        run(words)


@pytest.mark.parametrize("value", ["a b", "x,y", "it's", "(1)", "a=b", "2024", "[x]", "über", "plain"])
def test_a_setting_is_typed_so_that_it_is_read_as_it_was(value: str) -> None:
    assert parse([typed("data.file", value)]).overrides[0].value() == value


def test_looking_takes_no_torch(own_folder: Path) -> None:
    reviews(Path("reviews.csv"))
    pictures(Path("photos"))
    program = "import sys; from bakeoff.cli import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    for words in (["reviews.csv", "data.columns.label=stars"], ["photos"]):
        done = subprocess.run(
            [sys.executable, "-c", program, "data", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
