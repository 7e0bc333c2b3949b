"""docs/verdict-schema.md says what verdict.json holds: no more and no less than real bakeoffs write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.comparison.finished_bakeoffs import finished
from tests.report.synthetic_bakeoff import TUNED, Recipe, write_bakeoff

__all__ = ["finished"]

PAGE = Path(__file__).parents[2] / "docs" / "verdict-schema.md"
ROW = re.compile(r"^\| `([^`]+)`(?: \(S\))? \|", re.MULTILINE)


def documented() -> list[str]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(path)))


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of all leaves; a list of plain values is a leaf, and so is an empty list or mapping."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from paths(item, f"{path}[]")
    else:
        yield path


def leaves(folder: Path) -> set[str]:
    return set(paths(json.loads((folder / "verdict.json").read_text())))


def is_empty_container(path: str, keys: list[str]) -> bool:
    """A documented list or mapping that happens to have no element."""
    return any(key.startswith((f"{path}[]", f"{path}.")) for key in keys)


@pytest.mark.parametrize("kind", ["plain", "looks", "tuned"])
def test_every_key_that_a_real_bakeoff_writes_is_documented(kind: str, finished: Any) -> None:
    keys = documented()
    patterns = [pattern(key) for key in keys]
    found = leaves(finished(kind))
    assert len(found) > 60
    unknown = {path for path in found if not any(known.fullmatch(path) for known in patterns)}
    assert {path for path in unknown if not is_empty_container(path, keys)} == set()


def test_every_documented_key_is_written(finished: Any, tmp_path: Path) -> None:
    found = set().union(*(leaves(finished(kind)) for kind in ("plain", "looks", "tuned")))
    # A real bakeoff this small has no failure, and its search may end off the edges.
    found |= leaves(write_bakeoff(tmp_path / "failed", Recipe(seeds=5, examples=60, epochs=2, failed=(("vit", 1),))))
    found |= leaves(write_bakeoff(tmp_path / "tuned", TUNED))
    missing = [key for key in documented() if not any(pattern(key).fullmatch(path) for path in found)]
    assert missing == []


def test_no_key_is_documented_twice() -> None:
    keys = documented()
    assert len(keys) > 90 and len(set(keys)) == len(keys)


@pytest.mark.parametrize("made", ["plain", "tuned"])
def test_the_synthetic_bakeoff_of_these_tests_writes_the_same_keys_as_a_real_one(
    made: str, finished: Any, tmp_path: Path
) -> None:
    recipe = TUNED if made == "tuned" else Recipe(seeds=3, examples=60, epochs=2)
    ours, real = leaves(write_bakeoff(tmp_path / "b", recipe)), leaves(finished(made))
    named = [pattern(key) for key in documented() if "{" in key]

    def fixed(found: set[str]) -> set[str]:
        known = {path for path in found if not any(one.fullmatch(path) for one in named)}
        return {path for path in known if not is_empty_container(path, documented()) and "edges" not in path}

    assert fixed(ours) == fixed(real)
