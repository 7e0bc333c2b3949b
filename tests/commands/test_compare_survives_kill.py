"""A bakeoff that is killed goes on where it was, and ends with the verdict of an undisturbed one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from bakeoff.config.running import run_pipeline
from tests.comparison.clockless import verdict_without_clocks

BAKEOFF = [
    *("contenders=[{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}]", "baselines=[linear]"),
    *("seeds=3", "budget=none"),
    *("trainer.max_epochs=3", "trainer.accelerator=cpu", "executor.workers=2"),
]


def start(folder, *more):
    command = [sys.executable, "-m", "bakeoff.cli", "compare", *BAKEOFF, f"output_dir={folder}", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder.parent)


def kill_tree(process):
    """SIGKILL to the command and to everything that it started, and all that they started."""
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in tree:
        member.send_signal(signal.SIGKILL)
    process.wait()


def results(folder):
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("trials/*/result.json")}


@pytest.fixture
def undisturbed(tmp_path_factory, trials_in_this_process):
    """The folder of the same bakeoff in one piece, without any process beside the test's."""
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    run_pipeline("compare", argv=[*BAKEOFF, f"output_dir={folder}", "tracking=none"])
    return folder


def test_after_kill_9_nothing_is_lost_nothing_runs_twice_and_the_verdict_is_the_same(undisturbed, tmp_path):
    folder = tmp_path / "out"
    process = start(folder)
    deadline = time.monotonic() + 200
    while len(results(folder)) < 3:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    kill_tree(process)
    before = results(folder)
    assert 3 <= len(before) < 9, "the kill came too late to prove anything"
    again = start(folder)
    output, _ = again.communicate(timeout=280)
    assert again.returncode == 0, output
    after = results(folder)
    assert len(after) == 9
    assert {trial: after[trial] for trial in before} == before
    assert f"{len(before)} of 9 trials have finished before" in output
    assert verdict_without_clocks(folder) == verdict_without_clocks(undisturbed)
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiments = [item.experiment_id for item in client.search_experiments()]
    statuses = [run.info.status for run in client.search_runs(experiments)]
    assert statuses.count("FINISHED") == len(statuses) == 10
    its_last_lines_hold_the_verdict_and_everything_is_in_its_folder(folder, output)


def its_last_lines_hold_the_verdict_and_everything_is_in_its_folder(folder, output):
    record = json.loads((folder / "verdict.json").read_text())
    lines = [line for line in output.splitlines() if line.strip()]
    assert record["verdict"] in lines[-2:] or any(line.startswith(record["verdict"]) for line in lines[-4:])
    assert record["provisional"], "three seeds name no winner"
    assert record["winner"] is None
    assert (folder / "report.html").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.slow  # `tests/comparison/test_plan.py` sees the refusal itself
def test_another_plan_in_the_same_folder_is_refused_and_touches_nothing(undisturbed):
    before = results(undisturbed)
    process = start(undisturbed, "trainer.max_epochs=7", "tracking=none")
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "error[config.folder_taken]" in output
    assert results(undisturbed) == before


@pytest.mark.slow
def test_no_process_stays_behind_after_ctrl_c(tmp_path):
    folder = tmp_path / "out"
    process = start(folder, "trainer.max_epochs=200", "tracking=none")
    deadline = time.monotonic() + 200
    while not list(folder.glob("trials/*/metrics.jsonl")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert Path(folder / "plan.json").exists()
