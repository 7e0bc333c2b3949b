"""New texts for a finished run: from tables, lines and strings, in the tokens of the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import Dataset

from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.text.prediction import load_texts, token_batches
from bakeoff.data.text.spec import END, START, UNKNOWN
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import DataError
from tests.data.made_texts import labelled, pairs, sentences, stream, table


@pytest.fixture
def spec():
    rows = table(["a", "b"] * 30).rename_column("text", "body")
    return labelled(rows, text="body", max_length=6).spec


def test_the_column_of_training_is_found_in_a_table(tmp_path: Path, spec) -> None:
    (tmp_path / "new.csv").write_text('id,title,body\n1,x,"red, cat"\n2,y,\n3,z,blue dog\n')
    new = load_texts(tmp_path / "new.csv", spec)
    assert (new.texts, new.names) == (["red, cat", "blue dog"], ["new.csv#0", "new.csv#2"])
    assert new.notes == ("1 rows without text were left out",)
    assert load_texts(str(tmp_path / "new.csv"), spec, column="title").texts == ["x", "y", "z"]
    with pytest.raises(DataError, match=r"data.missing_column\] column=titel: .*; next: column=title"):
        load_texts(tmp_path / "new.csv", spec, column="titel")


def test_a_lone_column_of_text_needs_no_name(tmp_path: Path, spec) -> None:
    Dataset.from_dict({"n": [1], "comment": ["red cat"]}).to_parquet(tmp_path / "new.parquet")
    (tmp_path / "new.jsonl").write_text('{"comment": "red cat"}\n')
    for name in ("new.parquet", "new.jsonl"):
        assert load_texts(tmp_path / name, spec).texts == ["red cat"]


def test_lines_strings_and_lists_are_texts(tmp_path: Path, spec) -> None:
    (tmp_path / "new.txt").write_bytes(b"red cat\r\n\r\nblue dog\n")
    lines = load_texts(tmp_path / "new.txt", spec)
    assert (lines.texts, lines.names) == (["red cat", "blue dog"], ["new.txt#1", "new.txt#3"])
    assert load_texts("a red cat", spec).texts == ["a red cat"]
    assert load_texts("see new.txt " * 2000, spec).names == ["text"]
    assert load_texts(["x", "y"], spec).names == ["text#0", "text#1"]


def test_what_is_not_there_or_holds_no_text_is_refused(tmp_path: Path, spec) -> None:
    with pytest.raises(DataError, match=r"data.not_found\] input=missing.csv"):
        load_texts("missing.csv", spec)
    with pytest.raises(DataError, match=r"data.no_text\] input"):
        load_texts("  ", spec)
    with pytest.raises(DataError, match=r"data.no_text\] input"):
        load_texts(tmp_path, spec)
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(DataError, match=r"data.unknown_format\] input=song.mp3"):
        load_texts(tmp_path / "song.mp3", spec)


MISTYPED = [
    "My Files/reviws.csv",
    "reviws.cvs",
    "new reviews.jsnl",
    "data\\new.tx",
    "mails/",
    "~",
    "table.parqet",
    "old.csv.gz",
    "photo.jpg",
    "and/or",
]


@pytest.mark.parametrize("given", MISTYPED)
def test_what_looks_like_a_path_is_no_text(spec, given: str) -> None:
    with pytest.raises(DataError, match=r"data.(not_found|unknown_format|no_text)\] input") as caught:
        load_texts(given.replace("~", "~/nowhere"), spec)
    assert given == "~" or "; text='...' where it is the text itself" in str(caught.value)
    assert load_texts(given, spec, is_text=True).texts == [given]


@pytest.mark.parametrize("given", ["good", "Good. Really good.", "3.5 of 5", "one\nand/or two", "x/" + "long " * 60])
def test_what_looks_like_a_text_is_one(spec, given: str) -> None:
    assert load_texts(given, spec).texts == [given]


def test_a_folder_is_a_text_a_file(tmp_path: Path, spec) -> None:
    (tmp_path / "mails" / "b").mkdir(parents=True)
    (tmp_path / "mails" / "b" / "2.txt").write_bytes(b"blue\r\ndog")
    (tmp_path / "mails" / "1.TXT").write_text("red cat")
    (tmp_path / "mails" / "._1.txt").write_text("hidden")
    new = load_texts(tmp_path / "mails", spec)
    assert (new.names, new.texts) == (["1.TXT", "b/2.txt"], ["red cat", "blue\ndog"])


def test_the_format_of_a_table_is_a_setting_of_predict(tmp_path: Path, spec) -> None:
    (tmp_path / "new.csv").write_bytes("body;n\nred caf\u00e9;1\n".encode("latin-1"))
    how = TableFormat(sep="semicolon", encoding="latin-1")
    assert load_texts(tmp_path / "new.csv", spec, how=how).texts == ["red caf\u00e9"]
    with pytest.raises(DataError, match=r"data.encoding\] input=new.csv: line 2 .*; next: encoding=cp1252"):
        load_texts(tmp_path / "new.csv", spec)
    with pytest.raises(DataError, match=r"data.delimiter\] sep=comma: .*; next: sep=semicolon"):
        load_texts(tmp_path / "new.csv", spec, how=TableFormat(sep="comma", encoding="latin-1"))
    found = load_texts(tmp_path / "new.csv", spec, how=TableFormat(usual_sep="bar", encoding="latin-1"))
    assert found.notes == ("new.csv is cut at the semicolon, as its first lines are (sep).",)


def test_batches_are_cut_as_in_training_and_lead_back(spec) -> None:
    texts = ["red cat sees dog blue bird green", "blue", "\u2603", "cat dog"]
    batches, positions = token_batches(texts, spec, batch_size=3)
    assert [tuple(batch.shape) for batch in batches] == [(3, 2), (1, 6)]
    assert positions.tolist() == [1, 2, 3, 0]
    assert batches[0][1].tolist() == [UNKNOWN, 0]
    assert tokenizer_from(spec.tokenizer).decode(batches[1][0].tolist()) == "red cat sees dog blue bird"


def test_sources_of_a_translation_end_with_the_end_token() -> None:
    spec = pairs(sentences(30), sentences(30)).spec
    batches, _ = token_batches(["red", "cat n1"], spec, batch_size=8)
    assert batches[0][0].tolist()[3:] == [END, 0, 0, 0]
    assert batches[0][1, -1] == END


def test_sources_of_a_translation_are_cut_as_in_training() -> None:
    data = pairs(sentences(30), sentences(30), max_length=9)
    (source_BS,), _ = token_batches(["red cat sees dog"], data.spec, batch_size=8)
    assert source_BS.shape == (1, 9) == (1, data.spec.longest_source)
    assert tokenizer_from(data.spec.source_tokenizer).decode(source_BS[0].tolist()) == "red cat s"


def test_prompts_follow_the_start_token_and_are_never_padded() -> None:
    batches, positions = token_batches(["ab", "c", "de"], stream(sentences(30)).spec, batch_size=8)
    assert [batch.tolist() for batch in batches] == [[[START, 4 + 99]], [[START, 101, 102], [START, 104, 105]]]
    assert positions.tolist() == [1, 0, 2]
