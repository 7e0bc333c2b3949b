"""Files are whole or absent, whatever happens while they are written."""

import json
import math

import pytest

from bakeoff.files import atomic_writer, read_json, write_json


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
