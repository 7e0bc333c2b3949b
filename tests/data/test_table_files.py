"""Tables as they come: quotes, types, doubled names, layouts, compressions; and each value is what the file says."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.data.sources.table_file import read_table_file
from bakeoff.data.sources.table_format import ReadTable, TableFormat
from bakeoff.errors import DataError

PAIRS = [f"I am {n}.\tIch bin {n}." for n in range(40)]
LABELLED = "text,label\n" + "".join(f"row {n},{'pos' if n % 2 else 'neg'}\n" for n in range(40))


def read(folder: Path, name: str, content: str | bytes, **settings: Any) -> ReadTable:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table_file(folder / name, TableFormat(**settings), key="data.file")


def test_quotes_swallow_no_lines_between_tabs(tmp_path: Path) -> None:
    lines = list(PAIRS)
    lines[10:12] = ['"I see.\tAha.', 'Go on."\tWeiter.']
    lines[20] = '"Come," he said.\t"Komm", sagte er.'
    lines[30] = '5" wide\t5" breit'
    found = read(tmp_path, "pairs.tsv", "en\tde\n" + "\n".join(lines))
    assert found.table.to_pylist() == [dict(zip(("en", "de"), line.split("\t"), strict=True)) for line in lines]
    assert found.notes == (
        "The quotes in pairs.tsv are read as characters, since not all of it is quoted (data.quote).",
    )
    assert read(tmp_path, "pairs.csv", "en\tde\n" + "\n".join(lines), sep="tab").table == found.table
    alone = [*PAIRS[:10], '"I see.\tAha.', 'Go on."\tWeiter.', *PAIRS[12:]]
    assert len(read(tmp_path, "alone.tsv", "en\tde\n" + "\n".join(alone)).table) == 40


@pytest.mark.parametrize(
    "content",
    [
        'a\tb\n"x\ty"\t1\nplain\t2\n"two\nlines"\t3\n"say ""hi"""\t4\n',  # where needed
        '"a"\t"b"\n"x\ty"\t"1"\n"plain"\t"2"\n"two\nlines"\t"3"\n"say ""hi"""\t"4"\n',  # everywhere
        '"a"\t"b"\n"x\ty"\t1\n"plain"\t2\n"two\nlines"\t3\n"say ""hi"""\t4\n',  # texts alone
    ],
)
def test_a_tsv_that_is_quoted_throughout_loses_its_quotes(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, "f.tsv", content)
    assert found.table.to_pydict() == {"a": ["x\ty", "plain", "two\nlines", 'say "hi"'], "b": ["1", "2", "3", "4"]}
    assert found.notes == ()


def test_excels_tab_separated_text_is_quoted_where_there_are_commas(tmp_path: Path) -> None:
    excel = 'a\tb\n"x, y"\t1\nplain\t2\n"say ""hi"""\t3\n'
    assert read(tmp_path, "f.tsv", excel).table["a"].to_pylist() == ["x, y", "plain", 'say "hi"']
    prose = 'a\tb\n"x, y"\t1\nplain, too\t2\n'
    assert read(tmp_path, "f.tsv", prose).table["a"].to_pylist() == ['"x, y"', "plain, too"]


@pytest.mark.parametrize(("sep", "name"), [(",", "f.csv"), (";", "f.csv"), ("|", "f.csv"), (", ", "f.csv")])
def test_a_quote_that_seems_to_swallow_rows_is_refused_with_its_lines(tmp_path: Path, sep: str, name: str) -> None:
    rows = [["text", "label"], ["fine", "pos"], ['"I see', "pos"], ['Go on"', "neg"], ["bad", "neg"]]
    content = "\n".join(sep.join(row) for row in rows)
    with pytest.raises(DataError, match=r"data.swallowed_rows\] data.file=f.csv: lines 3 to 4 of .* look like rows"):
        read(tmp_path, name, content)
    found = read(tmp_path, name, content, quote="none").table.to_pydict()
    assert found == {"text": ["fine", '"I see', 'Go on"', "bad"], "label": ["pos", "pos", "neg", "neg"]}
    assert len(read(tmp_path, name, content, quote="double").table) == 3


def test_quoted_prose_over_several_lines_is_no_rows(tmp_path: Path) -> None:
    texts = ["Great, thanks\nbut dull, sadly", "a, b\n\nc", "It cost 1,000\nand then 2,000", "1,2\n3,4,5"]
    pd.DataFrame({"text": texts, "label": list("abab")}).to_csv(tmp_path / "f.csv", index=False)
    found = read_table_file(tmp_path / "f.csv", TableFormat(), key="data.file")
    assert found.table["text"].to_pylist() == texts
    assert found.lines == [2, 4, 7, 9]


def test_apostrophes_may_quote(tmp_path: Path) -> None:
    found = read(tmp_path, "f.csv", "a,b\n'x, \"y\"',1\n", quote="single").table.to_pydict()
    assert found == {"a": ['x, "y"'], "b": ["1"]}


def test_a_lone_quote_in_a_csv_names_its_line_and_the_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 42 of .* opened and never closed; next: .*data.quote=none"):
        read(tmp_path, "f.csv", LABELLED + '"so,pos\n')
    assert read(tmp_path, "f.csv", LABELLED + '"so,pos\n', quote="none").table["text"][40].as_py() == '"so'


def test_no_value_is_taken_for_a_number(tmp_path: Path) -> None:
    values = ["01", "1", "1.0", "1e3", "007", "NA", "", "true", "1,5", "2024-01-01"]
    for name, sep in (("f.csv", ";"), ("f.tsv", "\t")):
        content = f"a{sep}b\n" + "".join(f"{value}{sep}x\n" for value in values)
        assert read(tmp_path, name, content).table["a"].to_pylist() == values
    lines = '{"a": "01"}\n{"a": "1"}\n{"a": 1}\n{"a": null}\n{"a": true}'
    found = read(tmp_path, "f.jsonl", lines)
    assert found.table["a"].to_pylist() == ["01", "1", "1", None, "true"]
    assert found.notes == (
        "Column a of f.jsonl is read as text: it holds text in row 1, a number in row 3, true or false in row 5.",
    )


def test_columns_of_one_type_keep_it_in_json(tmp_path: Path) -> None:
    rows = [{"n": 1, "x": 1.5, "t": "a", "l": ["p"], "big": 2**70}, {"n": None, "x": 2, "t": "b", "l": [], "big": 1}]
    found = read(tmp_path, "f.json", json.dumps(rows))
    assert found.table.drop_columns("big").to_pylist() == [{k: r[k] for k in "nxtl"} for r in rows]
    assert found.table["big"].to_pylist() == [str(2**70), "1"]
    mixed = read(tmp_path, "g.jsonl", '{"a": "p", "t": "x"}\n{"a": ["p"], "t": "y"}').table
    assert str(mixed.schema.field("a").type) == "struct<text in row 1, a list in row 2: string>"


def test_a_doubled_name_stands_for_no_column(tmp_path: Path) -> None:
    expected = {"t": ["x"], "label [column 2]": ["a"], "label [column 3]": ["b"]}
    assert read(tmp_path, "f.csv", "t,label,label\nx,a,b\n").table.to_pydict() == expected
    assert read(tmp_path, "f.jsonl", '{"t": "x", "label": "a", "label": "b"}').table.to_pydict() == expected
    columns = [pa.array([value]) for value in ("x", "a", "b")]
    pq.write_table(pa.Table.from_arrays(columns, names=["t", "label", "label"]), tmp_path / "f.parquet")
    assert read_table_file(tmp_path / "f.parquet", TableFormat(), key="data.file").table.to_pydict() == expected


@pytest.mark.parametrize(
    "content",
    [
        "text,label\ngood,pos,\nbad,neg,\n",
        "text,label,\ngood,pos,\nbad,neg,\n",
        "text,label,\ngood,pos,\nbad,neg,\n\n",
        ",text,label\n,good,pos\n,bad,neg\n",
        "text, label\ngood, pos\nbad, neg\n",
        "sep=;\ntext;label\ngood;pos\nbad;neg\n",
        '"text","label"\n"1","good","pos"\n"2","bad","neg"\n',
    ],
)
def test_a_trailing_comma_shifts_no_column(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, "f.csv", content).table.to_pandas()
    assert [text for text in found["text"] if text] == ["good", "bad"]
    assert [label for label in found["label"] if label] == ["pos", "neg"]


def test_unnamed_columns_are_called_as_by_pandas(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    frame.to_csv(tmp_path / "f.csv")
    found = read_table_file(tmp_path / "f.csv", TableFormat(), key="data.file").table
    assert found.column_names == ["Unnamed: 0", "text", "label"]


def test_a_plain_delimiter_is_used_with_a_note(tmp_path: Path) -> None:
    for sep, called in ((";", "semicolon"), ("\t", "tab"), ("|", "bar")):
        found = read(tmp_path, "f.csv", f"text{sep}label\ngood, really{sep}a\nbad{sep}b\n")
        assert found.table.to_pydict() == {"text": ["good, really", "bad"], "label": ["a", "b"]}
        assert found.notes == (f"f.csv is cut at the {called}, as its first lines are (data.sep).",)
    assert read(tmp_path, "f.tsv", "text,label\ngood,a\n").table.column_names == ["text", "label"]
    assert read(tmp_path, "f.csv", "text\nalone; or not\nso; it is\n").table.column_names == ["text"]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("f.csv.gz", gzip.compress),
        ("f.csv.bz2", bz2.compress),
        ("f.csv.xz", lzma.compress),
        ("f.csv", gzip.compress),  # whatever its name
        ("f.csv.zst", lambda content: pa.compress(content, codec="zstd", asbytes=True)),
        ("f.CSV.GZ", gzip.compress),
    ],
)
def test_compressed_tables_are_read(tmp_path: Path, name: str, pack) -> None:
    assert len(read(tmp_path, name, pack(LABELLED.encode())).table) == 40


def zipped(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def test_a_zip_of_one_table_is_read_and_others_are_named(tmp_path: Path) -> None:
    clutter = {"__MACOSX/._f.csv": "x", "folder/": ""}
    assert len(read(tmp_path, "any.zip", zipped(**clutter, **{"folder/f.csv": LABELLED})).table) == 40
    with pytest.raises(DataError, match=r"data.unknown_format\] .* holds 2 files \(a.csv, b.csv\); next: unpack it"):
        read(tmp_path, "f.zip", zipped(**{"a.csv": "", "b.csv": ""}))
    with pytest.raises(DataError, match=r"data.unreadable\] .* cannot be unpacked"):
        read(tmp_path, "f.csv.gz", gzip.compress(LABELLED.encode())[:-20])
    with pytest.raises(DataError, match=r"data.unreadable\] .* cannot be unpacked"):
        read(tmp_path, "f.zip", zipped(**{"a.csv": LABELLED})[:-30])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zipped(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}), "is a workbook; next: export the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is an Excel workbook; next: export the sheet as CSV"),
        (b"%PDF-1.7\n", "is a PDF"),
    ],
)
def test_a_workbook_named_csv_is_called_one(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(DataError, match=rf"data.unknown_format\] data.file=f.csv: .* {what}"):
        read(tmp_path, "f.csv", content)


def test_parquet_named_csv_is_read_as_what_it_is(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["01"]}).to_parquet(tmp_path / "f.csv")
    assert read_table_file(tmp_path / "f.csv", TableFormat(), key="data.file").table.to_pydict() == {"a": ["01"]}


FRAME = pd.DataFrame({"text": [f"text {n}" for n in range(5000)], "label": ["a", "b"] * 2500})


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (FRAME.to_json(), "one object of columns .pandas' orient=columns"),
        (FRAME.to_json(orient="columns", indent=1), "one object of columns .pandas' orient=columns"),
        (FRAME.to_json(orient="index"), "one object of rows .pandas' orient=index"),
        (FRAME.to_json(orient="split"), "one object of column names and rows .pandas' orient=split"),
        (FRAME.to_json(orient="table"), "one object that holds the rows under its key 'data'"),
        (FRAME.to_json(orient="values"), "entry 1 of the list in .* is no object .a list of lists is pandas'"),
        (json.dumps(FRAME.to_dict("list")), "one object of columns, a list each"),
        (json.dumps({"version": 1, "rows": FRAME.to_dict("records")}, indent=2), "the rows under its key 'rows'"),
    ],
)
def test_a_layout_of_json_that_is_not_by_rows_is_named(tmp_path: Path, content: str, layout: str) -> None:
    with pytest.raises(DataError, match=rf"{layout}.*; allowed: .*a row: one a line, or all in one list") as refused:
        read(tmp_path, "f.json", content)
    assert len(str(refused.value)) <= 600


def test_one_object_alone_is_one_row(tmp_path: Path) -> None:
    for content in ('{"text": "a", "tags": ["x"]}', '{\n "text": "a",\n "tags": ["x"]\n}\n'):
        assert read(tmp_path, "f.json", content).table.to_pylist() == [{"text": "a", "tags": ["x"]}]


def test_parquet_columns_of_rare_types_are_text_or_harmless(tmp_path: Path) -> None:
    ids = [uuid.UUID(int=1), None]
    columns = {
        "view": pa.array(["a", "b"], pa.string_view()),
        "id": pa.array([None if one is None else one.bytes for one in ids], pa.uuid()),
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
        "nested": pa.StructArray.from_arrays([pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64()))], ["m"]),
        "category": pa.array(["x", "y"]).dictionary_encode(),
        "views": pa.array([["p"], []], pa.list_(pa.string_view())),
        "small": pa.array([1, 2], pa.decimal32(4, 1)),
        "flag": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())),
        "list": pa.array([["p"], []], pa.list_view(pa.string())),
    }
    periods = pd.DataFrame({"quarter": pd.PeriodIndex(["2024Q1", None], freq="Q")})
    table = pa.table(columns).append_column("quarter", pa.Table.from_pandas(periods)["quarter"])
    pq.write_table(table, tmp_path / "f.parquet")
    found = read_table_file(tmp_path / "f.parquet", TableFormat(), key="data.file").table
    from datasets import Dataset

    assert Dataset(found)[0] == {
        "view": "a",
        "id": str(ids[0]),
        "map": [{"key": "k", "value": 1}],
        "nested": {"m": [{"key": "k", "value": 1}]},
        "category": "x",
        "views": ["p"],
        "small": 1,
        "flag": True,
        "list": ["p"],
        "quarter": "2024Q1",
    }
    assert (found["quarter"].to_pylist(), found["id"].to_pylist()) == (["2024Q1", None], [str(ids[0]), None])


MAILS = "".join(f"{'spam' if n % 4 == 3 else 'ham'}\tline {n}\n" for n in range(40))


def test_a_table_without_a_header_is_given_one(tmp_path: Path) -> None:
    found = read(tmp_path, "mails.tsv", MAILS, header=("label", "text"))
    assert found.table.to_pydict() == {
        "label": ["spam" if n % 4 == 3 else "ham" for n in range(40)],
        "text": [f"line {n}" for n in range(40)],
    }
    assert found.lines == list(range(1, 41)) and found.notes == ()
    with pytest.raises(DataError, match=r"data.ragged.* line 1 of .* has 2 fields where the header has 3"):
        read(tmp_path, "mails.tsv", MAILS, header=("label", "text", "date"))


def test_a_first_line_that_looks_like_a_row_is_told(tmp_path: Path) -> None:
    (note,) = read(tmp_path, "mails.tsv", MAILS).notes
    assert note == (
        "mails.tsv may have no header: 'ham', in its first line, is also a value of that column in 29 rows; then give "
        "the names of its columns, data.header=[column1,column2]."
    )
    assert read(tmp_path, "twice.csv", LABELLED + LABELLED.replace("row", "line")).notes == ()  # put together of two


def test_a_file_with_a_header_is_known_by_what_it_was_known_by() -> None:
    assert TableFormat().to_dict() == {"sep": None, "usual_sep": None, "quote": None, "encoding": "utf-8"}
    assert TableFormat(header=("a",)).to_dict()["header"] == ("a",)
