"""The process that sends runs outlives whoever started it just long enough to send the rest."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from mlflow import MlflowClient

from bakeoff.files import write_json
from bakeoff.tracking.follower import Follower
from bakeoff.tracking.settings import Tracking
from tests.tracking.folders import CONFIG, LABEL, finish, record, write_log

PARENT = """
import sys, time
from pathlib import Path
from bakeoff.tracking.follower import Follower
from bakeoff.tracking.settings import Tracking
folder, uri = Path(sys.argv[1]), sys.argv[2]
follower = Follower()
follower.watch("trial", folder, tracking=Tracking(uri=uri, every_s=0.1), root=folder, experiment="e")
print(follower._process.pid, flush=True)
time.sleep(600)
"""


def make_trial(folder):
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "run.json", LABEL)
    write_log(folder, [record(1, 0.5)])


def runs(uri):
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("e")
    return client.search_runs([experiment.experiment_id]) if experiment else []


@contextmanager
def holding_the_pipe_of(follower):
    """A process that has the end of the pipe which the program writes to, as everything that it forks has."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleeper, pass_fds=[follower._process.stdin.fileno()])
    try:
        yield
    finally:
        child.kill()
        child.wait()


def test_closing_sends_the_rest_whatever_was_forked_and_lies_where_it_runs(tmp_path, store_uri, monkeypatch):
    make_trial(tmp_path / "run")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "queue.py").write_text("raise RuntimeError('no module of Python')")
    (tmp_path / "sitecustomize.py").write_text("print('welcome')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path / "here")
    follower = Follower()
    tracking = Tracking(uri=store_uri, every_s=60.0)
    follower.watch("trial", tmp_path / "run", tracking=tracking, root=tmp_path, experiment="e")
    finish(tmp_path / "run")
    with holding_the_pipe_of(follower):
        assert follower.close() is None
    assert [run.info.status for run in runs(store_uri)] == ["FINISHED"]


def test_the_end_of_a_program_does_not_wait_for_what_it_forked(tmp_path, store_uri, monkeypatch):
    make_trial(tmp_path)
    monkeypatch.setattr("bakeoff.tracking.follower.LONGEST_LEAVE_S", 0.2)
    follower = Follower()
    follower.watch("trial", tmp_path, tracking=Tracking(uri=store_uri), root=tmp_path, experiment="e")
    process = follower._process
    with holding_the_pipe_of(follower):
        follower.leave()
        assert process.wait(timeout=20) == -signal.SIGKILL


def test_a_store_that_is_away_is_reported_and_fails_nothing(tmp_path):
    folder = tmp_path / "run"
    make_trial(folder)
    finish(folder)
    follower = Follower()
    away = Tracking(uri="http://127.0.0.1:9", every_s=0.1)
    follower.watch("trial", folder, tracking=away, root=tmp_path, experiment="e")
    assert "does not answer" in follower.close()


def test_tracking_off_starts_no_process(tmp_path):
    follower = Follower()
    follower.watch("trial", tmp_path, tracking=Tracking(enabled=False), root=tmp_path, experiment="e")
    assert follower._process is None
    assert follower.close() is None


def test_after_kill_9_of_the_parent_no_run_stays_running_and_no_process_stays(tmp_path, store_uri):
    folder = tmp_path / "run"
    make_trial(folder)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder), store_uri], stdout=subprocess.PIPE, text=True)
    follower_pid = int(parent.stdout.readline())
    wait_for(lambda: (folder / "mlflow.json").exists())
    assert runs(store_uri)[0].info.status == "RUNNING"
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not is_alive(follower_pid))
    assert runs(store_uri)[0].info.status == "KILLED"


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.mark.slow  # the next one sees a process replaced, too
def test_a_process_that_died_is_replaced_and_goes_on_where_it_was(tmp_path, store_uri):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        make_trial(folder)
    follower = Follower()
    tracking = Tracking(uri=store_uri, every_s=0.1)
    follower.watch("trial", first, tracking=tracking, root=tmp_path, experiment="e")
    wait_for(lambda: (first / "mlflow.json").exists())
    follower._process.kill()
    follower._process.wait()
    follower.watch("trial", second, tracking=tracking, root=tmp_path, experiment="e")
    for folder in (first, second):
        finish(folder)
    assert follower.close() is None
    assert [run.info.status for run in runs(store_uri)] == ["FINISHED", "FINISHED"]


def test_a_process_that_dies_while_a_run_goes_on_is_replaced_at_once(tmp_path, store_uri):
    make_trial(tmp_path)
    follower = Follower()
    tracking = Tracking(uri=store_uri, every_s=0.1)
    follower.watch("trial", tmp_path, tracking=tracking, root=tmp_path, experiment="e")
    wait_for(lambda: (tmp_path / "mlflow.json").exists())
    first = follower._process
    first.kill()
    wait_for(lambda: follower._process not in (first, None))
    write_log(tmp_path, [record(1, 0.5), record(2, 0.25)])
    (run,) = runs(store_uri)
    client = MlflowClient(tracking_uri=store_uri)
    wait_for(lambda: 2 in [point.step for point in client.get_metric_history(run.info.run_id, "val/accuracy")])
    finish(tmp_path)
    assert follower.close() is None
    assert [run.info.status for run in runs(store_uri)] == ["FINISHED"]


def test_of_several_processes_of_one_run_only_the_first_tracks_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    follower = Follower()
    follower.watch("trial", tmp_path, tracking=Tracking(), root=tmp_path, experiment="e")
    assert follower._process is None
