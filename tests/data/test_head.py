"""The head of the data refuses what all of the data would refuse, and nothing else."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.data.head import check_head
from bakeoff.data.sources import tables
from bakeoff.data.sources.tables import Tables
from bakeoff.errors import DataError

MOST = 1000
"""Bytes of a head here, so that small files have one."""


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Writes a table, and gives the section that reads it."""
    monkeypatch.setattr(tables, "_HEAD_BYTES", MOST)

    def write(text, *, name="a.csv", encoding="utf-8", columns=None, split=None, **reading):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        source = {"_target_": "bakeoff.data.sources.tables.Tables", "file": str(tmp_path / name), **reading}
        return {
            "source": source,
            "columns": {"_target_": "bakeoff.data.text.columns.LabelledColumns", **(columns or {})},
            "split": {"_target_": "bakeoff.data.splits.rule.SplitRule", **(split or {})},
        }

    return write


def rows(count, label="pos", text="a good film"):
    return "".join(f"{text},{label}\n" for _ in range(count))


def refused(module):
    with pytest.raises(DataError) as caught:
        check_head(module)
    return caught.value.code, caught.value.key


@pytest.mark.parametrize("count", [10, 500], ids=["whole", "cut"])
def test_what_the_head_shows_is_refused(count, table):
    body = rows(count)
    assert check_head(table(f"text,label\n{body}")) is None
    assert refused(table(f"text,label\n{body}", columns={"label": "stars"})) == (
        "data.missing_column",
        "data.columns.label",
    )
    assert refused(table(f"text,label\n{body}", split={"group": "patient"})) == (
        "data.missing_column",
        "data.split.group",
    )
    assert refused(table(f"text,label\n{body}", sep="tab")) == ("data.delimiter", "data.sep")
    assert refused(table(f"text,label\nschön,pos\n{body}", encoding="latin-1")) == ("data.encoding", "data.file")
    assert refused(table(f"text,label\n{rows(count, '1.5')}")) == ("data.float_labels", "data.columns.label")
    assert refused(table(f"text,label\na,b,c\n{body}")) == ("data.ragged", "data.file")


def test_rows_beyond_the_head_acquit_it(table):
    assert check_head(table(f"text,label\n{rows(100, '1.5')}{rows(100, 'unknown')}")) is None
    assert check_head(table(f"text,label\n{rows(100, text='')}{rows(100)}")) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift-jis"])
def test_a_head_may_end_within_a_character_or_a_quoted_field(encoding, table, monkeypatch):
    monkeypatch.setattr(Tables, "load", lambda self: pytest.fail("all of it is read"))
    for shift in range(4):
        text = f"text,label\n{'x' * shift},a\n" + '"一部\nの""映画""",良い\n' * 200
        module = table(text, encoding=encoding) | {}
        module["source"]["encoding"] = encoding
        assert check_head(module) is None


def test_large_json_may_have_a_column_in_its_last_row(table):
    lines = "".join(json.dumps({"text": "a good film"}) + "\n" for _ in range(100))
    assert check_head(table(lines + '{"text": "b", "label": "pos"}\n', name="a.jsonl")) is None
    assert refused(table(lines[: len(lines) // 10], name="a.jsonl"))[0] == "data.missing_column"


def test_of_parquet_and_of_compressed_tables_the_head_is_read_too(table, tmp_path):
    import gzip

    pq.write_table(
        pa.table({"text": [f"film {n}" for n in range(5000)], "label": [f"{n % 2}" for n in range(5000)]}),
        tmp_path / "a.parquet",
    )
    content = (tmp_path / "a.parquet").read_bytes()
    assert len(content) > MOST
    assert check_head(table(content, name="a.parquet")) is None
    assert refused(table(content, name="a.parquet", columns={"text": "body"}))[0] == "data.missing_column"
    packed = gzip.compress(f"text,label\n{rows(500)}".encode())
    assert refused(table(packed, name="a.csv.gz", columns={"text": "body"}))[0] == "data.missing_column"


def test_folders_are_looked_at_without_reading_their_files(tmp_path):
    split = {"_target_": "bakeoff.data.splits.rule.SplitRule", "group": "patient"}
    columns = {"_target_": "bakeoff.data.image.columns.ImageColumns"}
    source = {"_target_": "bakeoff.data.sources.image_folder.ImageFolder", "path": str(tmp_path / "photos")}
    module = {"source": source, "columns": columns, "split": split}
    assert refused(module) == ("data.not_found", "data.path")
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        (tmp_path / "photos" / name).write_bytes(b"no image")
    assert refused(module) == ("data.missing_column", "data.split.group")
    assert check_head({**module, "split": {**split, "group": None}}) is None


def test_data_that_a_rule_makes_is_left_to_itself():
    assert check_head({"problem": {"_target_": "bakeoff.data.probes.memory.CopyMemory"}}) is None


def test_rows_without_a_label_that_are_to_be_dropped_pass(table):
    module = table(f"text,label\n{rows(5)}a bad film,\n")
    assert refused(module) == ("data.missing_label", "data.columns.label")
    assert check_head(module | {"on_missing": "drop"}) is None
