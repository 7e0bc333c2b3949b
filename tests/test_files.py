"""Files are whole or absent, whatever happens while they are written."""

import json
import math
import tempfile

import pytest

from bakeoff import files
from bakeoff.files import atomic_writer, clear_unfinished, read_json, write_json
from tests.killed_writer import left_by_a_killed_writer, writer_at_work


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"accuracy": 0.5})
    with pytest.raises(RuntimeError), atomic_writer(path) as file:
        file.write(b"half a")
        raise RuntimeError
    assert read_json(path) == {"accuracy": 0.5}
    assert [found.name for found in tmp_path.iterdir()] == ["result.json"]


def test_numbers_that_json_lacks_become_null_at_any_depth(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": [1.5, math.nan, {"b": math.inf}], "c": (-math.inf, 2)})
    assert json.loads(path.read_text()) == {"a": [1.5, None, {"b": None}], "c": [None, 2]}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_writer_left_is_cleared_and_the_file_itself_is_not(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"accuracy": 0.5})
    left = left_by_a_killed_writer(path)
    assert left.name.startswith(".result.json.")
    assert names(tmp_path) == [left.name, "result.json"]
    clear_unfinished(tmp_path)
    assert names(tmp_path) == ["result.json"]
    assert read_json(path) == {"accuracy": 0.5}


def test_a_living_writers_file_stays_whoever_clears(tmp_path):
    with atomic_writer(tmp_path / "own.json") as file:
        file.write(b"{}")
        clear_unfinished(tmp_path)
    assert names(tmp_path) == ["own.json"]
    writer, unfinished = writer_at_work(tmp_path / "result.json")
    clear_unfinished(tmp_path)
    assert names(tmp_path) == [unfinished.name, "own.json"]
    writer.kill()
    writer.join()
    clear_unfinished(tmp_path)
    assert names(tmp_path) == ["own.json"]


def test_files_of_others_are_not_cleared(tmp_path):
    kept = [".result.json.k2j3", ".result.json.k2j3.part", ".result.json.k2j3.00000000.part", "result.json.part"]
    for name in kept:
        (tmp_path / name).touch()
    clear_unfinished(tmp_path)
    clear_unfinished(tmp_path / "nowhere")
    assert names(tmp_path) == sorted(kept)


def test_a_writer_whose_file_was_cleared_before_it_was_locked_begins_anew(tmp_path, monkeypatch):
    made, original = [], tempfile.mkstemp

    def cleared_at_once(**options):
        made.append(original(**options))
        if len(made) == 1:
            clear_unfinished(tmp_path)
        return made[-1]

    monkeypatch.setattr(files.tempfile, "mkstemp", cleared_at_once)
    write_json(tmp_path / "result.json", 1)
    assert len(made) == 2
    assert names(tmp_path) == ["result.json"]
