"""Large plain CSV files are read by Arrow as the thorough reader reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.data.sources import large_csv
from bakeoff.data.sources.csv_file import read_csv
from bakeoff.data.sources.table_format import ReadTable, TableFormat
from bakeoff.errors import DataError

PLAIN = {
    "numbers": "a,b,c\n1,2.50,x\n,, y \n007,nan,null\n",
    "windows": "a;b\r\n1;ä\r\n2;it's\r\n",
    "no end": "a\tb\n1\t2\n3\t4",
    "excel says": "sep=;\na;b\n1;2,5\n",
    "a column without values": "a,b,c\n1,,x\n2,,y\n",
    "names twice": "a,a,b\n1,2,3\n4,5,6\n",
    "perhaps no header": "x,spam\n" + "y,spam\n" * 3,
}
LEFT_ALONE = {
    "quotes": 'a,b\n1,"x,y"\n',
    "blank lines": "a,b\n1,2\n\n3,4\n",
    "old Macintosh": "a,b\r1,2\r3,4\n",
    "a name lacks": "a,,c\n1,2,3\n",
    "row numbers of R": "a,b\n1,x,y\n2,z,w\n",
    "spaces after separators": "a, b\n1, 2\n3, 4\n",
}


def read(text: str, **how: object) -> ReadTable:
    return read_csv(text, Path("t.csv"), TableFormat(**how), suffix=".csv", key="data.file")


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("how", [{}, {"header": ("p", "q", "r")}], ids=["header", "names given"])
def test_a_plain_file_is_read_alike(monkeypatch, text: str, how: dict) -> None:
    if how:
        how = {"header": how["header"][: 3 if text.count(",", 0, text.index("\n")) == 2 else 2]}
    thorough = read(text, **how)
    monkeypatch.setattr(large_csv, "LARGE", 0)
    used = []
    monkeypatch.setattr("bakeoff.data.sources.csv_file._Sheet", lambda *words: used.append(words))
    quick = read(text, **how)
    assert not used
    assert quick.table.to_pydict() == thorough.table.to_pydict()
    assert list(quick.lines) == list(thorough.lines)
    assert quick.notes == thorough.notes


@pytest.mark.parametrize("text", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_not_plain_is_left_to_the_thorough_reader(monkeypatch, text: str) -> None:
    thorough = read(text)
    monkeypatch.setattr(large_csv, "LARGE", 0)
    found = read(text)
    assert found.table.to_pydict() == thorough.table.to_pydict()
    assert (list(found.lines), found.notes) == (list(thorough.lines), thorough.notes)


def test_a_row_of_another_length_is_told_with_its_line(monkeypatch) -> None:
    monkeypatch.setattr(large_csv, "LARGE", 0)
    with pytest.raises(DataError, match=r"line 3 of t\.csv has 3 fields where the header has 2"):
        read("a,b\n1,2\n1,2,3\n")
