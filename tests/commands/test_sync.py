"""``bakeoff sync`` sends what is missing, from wherever it is told to look, and says so."""

import shutil

import pytest
from mlflow import MlflowClient

from bakeoff.commands.sync import run
from bakeoff.config.processes import Process
from bakeoff.errors import ConfigError, TrackerNotSynced
from bakeoff.files import read_json, write_json
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.watch import Watch
from tests.tracking.folders import finish, make_bakeoff, make_trial, make_verdict, record


@pytest.fixture
def folder(tmp_path):
    """A run of its own, and a bakeoff of two trials, all finished."""
    alone = make_trial(tmp_path / "out" / "alone", [record(1, 0.5)], bakeoff_id=None)
    bakeoff = tmp_path / "out" / "bakeoff"
    make_bakeoff(bakeoff)
    make_verdict(bakeoff)
    for trial in (alone, *(make_trial(bakeoff / "trials" / name, [], trial_id=name) for name in ("aaa", "bbb"))):
        finish(trial)
    return tmp_path / "out"


def follow(kind, folder, uri, owner=None):
    """What a follower leaves in a folder, when its process is gone."""
    watch = Watch.of(kind, folder, tracking=Tracking(uri=uri), root=folder, experiment="e")
    watch.remember()
    gone = {"host": Process.this().host, "pid": Process.this().pid, "started": 1.0}
    write_json(folder / "tracking.json", read_json(folder / "tracking.json") | ({} if owner else {"owner": gone}))


def all_runs(uri):
    client = MlflowClient(uri)
    return client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])


def test_everything_below_a_folder_is_sent_and_twice_adds_nothing(folder, store_uri, capsys):
    follow("trial", folder / "alone", store_uri)
    follow("bakeoff", folder / "bakeoff", store_uri)
    run([str(folder)])  # 5 values of the log and 3 of the result, and 3 of each trial's result
    assert "1 run and 1 bakeoff: 14 points sent" in capsys.readouterr().out
    first = [(made.info.run_id, made.info.status, made.data.metrics) for made in all_runs(store_uri)]
    assert len(first) == 4
    assert {status for _, status, _ in first} == {"FINISHED"}
    run([str(folder)])
    assert " 0 points sent" in capsys.readouterr().out
    assert [(made.info.run_id, made.info.status, made.data.metrics) for made in all_runs(store_uri)] == first


def test_copies_of_the_runs_among_the_artifacts_are_no_runs(folder, store_uri, capsys):
    follow("bakeoff", folder / "bakeoff", store_uri)
    shutil.copytree(folder / "bakeoff", folder / "mlflow-artifacts" / "1" / "r" / "artifacts")
    shutil.rmtree(folder / "mlflow-artifacts" / "1" / "r" / "artifacts" / "trials")
    shutil.rmtree(folder / "alone")
    run([str(folder)])
    assert "0 runs and 1 bakeoff" in capsys.readouterr().out


def test_a_run_that_goes_on_is_left_running_and_one_whose_process_is_gone_was_killed(folder, store_uri, capsys):
    for trial in (folder / "alone", folder / "bakeoff" / "trials" / "aaa"):
        (trial / "result.json").unlink()
    (folder / "bakeoff" / "verdict.json").unlink()
    follow("trial", folder / "alone", store_uri, owner=Process.this())
    follow("bakeoff", folder / "bakeoff", store_uri)
    run([str(folder)])
    assert "1 of them still running" in capsys.readouterr().out
    statuses = {made.data.tags["trial_id"]: made.info.status for made in all_runs(store_uri)}
    assert statuses == {"abc123": "RUNNING", "b0": "KILLED", "aaa": "KILLED", "bbb": "FINISHED"}


def test_what_was_never_tracked_is_sent_where_the_command_says(folder, store_uri, capsys):
    run([str(folder)])
    assert "2 with tracking=none left out" in capsys.readouterr().out
    assert all_runs(store_uri) == []
    run([str(folder), "--uri", store_uri])
    assert len(all_runs(store_uri)) == 4
    run([str(folder), "--uri", store_uri])
    assert len(all_runs(store_uri)) == 4


def test_a_tracker_that_is_away_ends_with_code_7_and_the_others_get_theirs(folder, store_uri):
    follow("trial", folder / "alone", "http://me:hunter2@127.0.0.1:9")
    follow("bakeoff", folder / "bakeoff", store_uri)
    assert "hunter2" not in (folder / "alone" / "tracking.json").read_text()
    with pytest.raises(TrackerNotSynced, match="does not answer") as caught:
        run([str(folder)])
    assert caught.value.exit_code == 7
    assert len(all_runs(store_uri)) == 3


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run and no bakeoff there"):
        run([str(tmp_path)])
