"""Errors are one line that a person can act on, and survive the way between processes."""

import pickle

import pytest

from bakeoff.errors import BakeoffError, CheckpointError, ConfigError, DataError, EnvironmentFault, ErrorGroup, nearest


def test_the_line_names_key_value_problem_allowed_and_next():
    error = ConfigError(
        "config.unknown_option", "model", "resnett", "no such\nmodel", allowed=["resnet"], next_step="look"
    )
    assert error.line() == "error[config.unknown_option] model=resnett: no such model; allowed: resnet; next: look"


@pytest.mark.parametrize("long", ["value", "problem", "allowed", "next_step"])
def test_no_line_is_longer_than_600_characters(long):
    said = {"value": "some/path", "problem": "is wrong", "allowed": ["one", "two"], "next_step": "go on"}
    said[long] = ["column"] * 9000 if long == "allowed" else f"begin {'x' * 124_000} end"
    line = DataError("data.bad_table", "data.file", said.pop("value"), said.pop("problem"), **said).line()
    assert 580 < len(line) <= 600
    assert " ... " in line
    assert all(part in line for part in ("data.bad_table", "data.file=", "allowed: ", "next: "))
    longest = DataError("data.x", "k" * 9000, "v" * 9000, "p" * 9000, allowed="a" * 9000, next_step="n" * 9000)
    assert 500 < len(longest.line()) <= 600


@pytest.mark.parametrize(
    ("kind", "code"), [(ConfigError, 2), (DataError, 3), (EnvironmentFault, 4), (CheckpointError, 5), (BakeoffError, 1)]
)
def test_exit_codes_tell_the_kinds_apart(kind, code):
    assert kind("x", "key", 1, "wrong").exit_code == code


def test_errors_and_groups_survive_pickling():
    group = ErrorGroup(
        [DataError("data.a", "k", "v", "bad", allowed=["x", "y"]), ConfigError("config.b", "k2", None, "bad")]
    )
    copy = pickle.loads(pickle.dumps(group))
    assert copy.line() == group.line()
    assert copy.exit_code == 3


def test_nearest_finds_a_misspelt_last_part_of_a_dotted_key():
    keys = ["trainer.max_epochs", "trainer.devices", "optimizer.lr", "data.batch_size"]
    assert nearest("trainer.max_epoch", keys, count=1) == ["trainer.max_epochs"]
    assert nearest("batch_sise", keys, count=1) == ["data.batch_size"]
