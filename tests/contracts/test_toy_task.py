"""A new task family from outside: nothing in ``src/`` or ``conf/`` knows of it, and every command works on it.

``toy_task/`` holds a package and a tree of configuration: targets that are lists of any length, a kind of data, a
metric that is no mean over examples, an exhibit, a split by time with a gap, and models of a contract of its own.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bakeoff.cli import main
from bakeoff.config import allowlist, conf_dir
from bakeoff.config.composition import use_trees
from bakeoff.errors import CheckpointError

PACKAGE, FLAGS = "toy_positions", ["--config-dir", "conf", "allow_code=[toy_positions]"]
TRAINED = ["task=find_positions", "data.file=old.jsonl", "optimizer.lr=3e-2", "trainer.max_epochs=6"]
HERE = ["trainer.accelerator=cpu", "tracking=none"]
NUM_LINES, NUM_TEST, NUM_SEEDS = 240, 60, 3
Line = dict[str, Any]


def make_lines(count: int, *, seed: int) -> list[Line]:
    """Random sequences with their local maxima, in a random order of time."""
    rng, times = random.Random(seed), list(range(count))
    rng.shuffle(times)
    rows = [[round(rng.random(), 3) for _ in range(rng.randint(12, 24))] for _ in times]
    return [{"values": row, "positions": peaks(row), "time": time} for row, time in zip(rows, times, strict=True)]


def peaks(values: list[float]) -> list[int]:
    """The steps above both neighbours."""
    return [step for step in range(1, len(values) - 1) if values[step - 1] < values[step] > values[step + 1]]


def write(path: Path, lines: Iterable[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def f1(answers: Iterable[Iterable[int]], lines: Iterable[Line]) -> float:
    """Twice what is right, of everything that is said and everything that is true."""
    pairs = [(set(answer), set(line["positions"])) for answer, line in zip(answers, lines, strict=True)]
    return 2 * sum(len(a & b) for a, b in pairs) / sum(len(a) + len(b) for a, b in pairs)


def forget() -> None:
    """What an earlier command has made known to this process."""
    use_trees([])
    allowlist._user_packages.discard(PACKAGE)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def say(*words: str) -> None:
    """A command that knows nothing but its words."""
    forget()
    main(words)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return make_lines(NUM_LINES, seed=7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lines: list[Line]) -> Iterator[Path]:
    """A user's folder with a trained run, ``run``, and a finished bakeoff, ``contest``."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(Path(__file__).parent / "toy_task", folder, dirs_exist_ok=True)
    write(folder / "old.jsonl", lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
        say("train", *FLAGS, *TRAINED, *HERE, "model=tiny_conv", "trainer.accumulate=2", "output_dir=run")
        small = [f"seeds={NUM_SEEDS}", "budget.value=600", "budget.tolerance=0.2", "executor.workers=1"]
        say("compare", *FLAGS, *TRAINED, *HERE, *small, "output_dir=contest")
        yield folder
        forget()


@pytest.fixture(scope="module")
def test_lines(lines: list[Line]) -> list[Line]:
    """The latest quarter, in the order of the file."""
    return [line for line in lines if line["time"] >= NUM_LINES - NUM_TEST]


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_list_shows_it_beside_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("list", "tasks", "--config-dir", "conf")
    told = capsys.readouterr().out
    assert "find_positions" in told
    assert "image_classification" in told


def test_train_learns_the_earlier_lines_and_leaves_a_gap_before_each_later_split(folder: Path) -> None:
    spec = read(folder / "run" / "spec.json")
    assert (spec["kind"], spec["num_train"], spec["num_val"], spec["num_test"]) == ("positions", 126, 34, 60)
    assert spec["notes"] == ["20 lines between the splits were left out."]
    result = read(folder / "run" / "result.json")
    assert result["status"] == "finished"
    assert set(result["test"]) == set(result["validation"]) == {"position_f1", "loss"}


def test_compare_scores_pseudo_values_of_the_metric_that_the_task_declares(
    folder: Path, test_lines: list[Line]
) -> None:
    verdict = read(folder / "contest" / "verdict.json")
    assert (verdict["metric"], verdict["direction"], verdict["failures"]) == ("position_f1", "maximize", [])
    assert {row["name"] for row in verdict["leaderboard"]} == {"tiny_gru", "tiny_conv", "window"}
    assert verdict["trivial_words"] == "marking every third step"
    trivial = [range(0, len(line["values"]), 3) for line in test_lines]
    assert verdict["trivial"] == pytest.approx(f1(trivial, test_lines), abs=1e-12)
    table = pd.read_parquet(folder / "contest" / "scores.parquet")
    names = ["tiny_gru", "tiny_conv", "window"]
    assert table["contender"].value_counts().to_dict() == dict.fromkeys(names, NUM_SEEDS * NUM_TEST)
    for trial in (folder / "contest" / "trials").iterdir():
        about = read(trial / "run.json")
        with pa.ipc.open_file(trial / "test_predictions.arrow") as file:
            answers = file.read_all()["positions"].to_pylist()
        mine = table[(table["contender"] == about["contender"]) & (table["seed"] == about["seed"])]
        assert mine["score"].to_numpy() == pytest.approx(left_out(answers, test_lines), abs=1e-9)


def left_out(answers: list[list[int]], lines: list[Line]) -> np.ndarray:
    """The jackknife's pseudo-values, by leaving each example out, moved so that their mean is the metric."""
    without = [f1(answers[:i] + answers[i + 1 :], lines[:i] + lines[i + 1 :]) for i in range(len(lines))]
    return f1(answers, lines) + (len(lines) - 1) * (np.mean(without) - np.array(without))


def test_the_latest_lines_are_test(folder: Path, lines: list[Line]) -> None:
    latest = [f"old.jsonl#{row}" for row, line in enumerate(lines) if line["time"] >= NUM_LINES - NUM_TEST]
    assert read(folder / "contest" / "test_examples.json") == latest


def test_audit_agrees(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("audit", "contest", "--config-dir", "conf", "--allow-code", PACKAGE)
    assert "no guard refuses" in capsys.readouterr().out
    found = read(folder / "contest" / "audit.json")
    assert found["agrees"]
    assert found["with_data"]
    assert found["findings"] == []


def test_audit_says_which_flag_it_lacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        say("audit", "contest")
    assert ended.value.code == 5
    assert "--config-dir" in capsys.readouterr().err


def test_the_report_draws_the_exhibit_and_explains_the_metric(folder: Path) -> None:
    page = folder / "contest" / "report.html"
    page.unlink()
    say("report", *FLAGS, "run=contest")
    shown = read(folder / "contest" / "exhibits.json")["contenders"]
    assert {kind for entries in shown.values() for kind in (entry["kind"] for entry in entries)} == {"curve"}
    html = page.read_text(encoding="utf-8")
    assert f"Peaks of {read(folder / 'contest' / 'test_examples.json')[0]}" in html
    assert "What tiny_conv answered over step" in html
    assert "The harmonic mean of precision and recall of all marked positions" in html
    assert "20 lines between the splits were left out." in html


def test_predict_answers_each_new_line_with_a_list(folder: Path) -> None:
    fresh = make_lines(9, seed=8)
    write(folder / "new.jsonl", [{"values": line["values"]} for line in fresh])
    words = ["predict", *FLAGS, "run=run", "input=new.jsonl", "output=answers.parquet", "batch_size=4"]
    say(*words)
    table = pd.read_parquet(folder / "answers.parquet")
    assert list(table) == ["line", "positions"]
    assert table["line"].tolist() == [f"new.jsonl#{row}" for row in range(9)]
    for found, line in zip(table["positions"], fresh, strict=True):
        assert set(found) <= set(range(len(line["values"])))


def test_predict_answers_the_test_lines_as_the_run_did(folder: Path, test_lines: list[Line]) -> None:
    write(folder / "again.jsonl", test_lines)
    say("predict", *FLAGS, "run=run", "input=again.jsonl", "output=again.parquet")
    answers = pd.read_parquet(folder / "again.parquet")["positions"]
    reached = read(folder / "run" / "result.json")["test"]["position_f1"]
    assert f1(answers, test_lines) == pytest.approx(reached, abs=1e-12)
    assert reached > 0.5, "it has learnt something, so that the lists are not empty"


@pytest.fixture
def elsewhere(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registered model of the run, in a process that has neither the package nor the tree of configuration."""
    from bakeoff.tracking.model_card import Origin
    from bakeoff.tracking.model_folder import write_model
    from bakeoff.training.trial.saved_run import load_run

    forget()
    use_trees([conf_dir(), folder / "conf"])
    allowlist.allow([PACKAGE])
    write_model(load_run(folder / "run"), tmp_path / "model", run_id="r", origin=Origin(None), test={})
    forget()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(folder)])
    return tmp_path / "model"


def test_mlflow_loads_it_where_nothing_of_it_is_installed_once_its_code_is_named(elsewhere: Path) -> None:
    values, lengths = np.zeros((2, 15), dtype=np.float32), np.array([15, 9])
    model = mlflow.pyfunc.load_model(str(elsewhere), model_config={"allow_code": [PACKAGE]})
    answers = model.predict({"input_0": values, "input_1": lengths})
    assert sys.modules[PACKAGE].__file__ == str(elsewhere / "own_code" / PACKAGE / "__init__.py")
    assert answers["outputs"].shape == (2, 15)


def test_mlflow_runs_no_code_that_came_with_it_unasked_and_says_how_to_ask(elsewhere: Path) -> None:
    with pytest.raises(CheckpointError, match=r"of toy_positions, which runs only where .*allow_code.*toy_positions"):
        mlflow.pyfunc.load_model(str(elsewhere))
    assert PACKAGE not in sys.modules
