"""A trial's folder and its MLflow run say the same, however often and wherever sending was interrupted."""

import json
import sqlite3
from pathlib import Path

import pytest

from bakeoff.files import write_json
from bakeoff.tracking.bakeoff_sync import sync_bakeoff
from bakeoff.tracking.store import Store, StoreUnreachable, prepare_database
from bakeoff.tracking.trial_sync import flatten, sync_trial

CONFIG = {"seed": 3, "optimizer": {"lr": 0.003, "betas": [0.9, 0.999]}, "note": "x" * 600}
LABEL = {
    "trial_id": "abc123",
    "contender": "vit",
    "role": "contender",
    "bakeoff_id": "b0",
    "task": "image_classification",
    "data": "digits",
    "model": "vit",
    "family": "transformer",
    "seed": 3,
}


def record(step, accuracy):
    counts = {"epoch": step, "examples_seen": 10 * step, "flops": 1e3 * step, "seconds": 0.1 * step}
    return {"kind": "val", "step": step, "time": 1000.0 + step, "val/accuracy": accuracy, **counts}


def write_log(folder, records):
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in records))


@pytest.fixture
def trial(tmp_path):
    folder = tmp_path / "trials" / "abc123"
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "run.json", LABEL)
    write_log(folder, [record(1, 0.5), record(2, 0.6)])
    return folder


@pytest.fixture
def store(store_uri, tmp_path):
    return Store(store_uri, "image_classification/digits", tmp_path / "artifacts")


def finish(trial, status="finished"):
    result = {"status": status, "started": 1000.0, "wall_seconds": 5.0, "params": 100, "validation": {"accuracy": 0.7}}
    write_json(trial / "result.json", result)


def only_run(store):
    (run,) = store.client.search_runs([store.experiment_id])
    return run


def test_a_growing_log_is_sent_once_whatever_the_number_of_passes(store, store_uri, trial):
    assert not sync_trial(store, store_uri, trial)
    write_log(trial, [record(1, 0.5), record(2, 0.6), record(3, 0.7)])
    assert not sync_trial(store, store_uri, trial)
    finish(trial)
    assert sync_trial(store, store_uri, trial)
    assert sync_trial(store, store_uri, trial)
    run = only_run(store)
    history = store.client.get_metric_history(run.info.run_id, "val/accuracy")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (2, 0.6), (3, 0.7)]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["best/accuracy"] == 0.7
    assert run.data.tags["family"] == "transformer"
    assert run.data.params["optimizer.lr"] == "0.003"


def test_a_long_parameter_is_left_to_the_artifact_not_cut(store, store_uri, trial):
    sync_trial(store, store_uri, trial)
    run = only_run(store)
    assert "note" not in run.data.params
    stored = store.client.download_artifacts(run.info.run_id, "config.json")
    assert json.loads(Path(stored).read_text()) == CONFIG


def test_forgetting_what_was_sent_makes_no_second_run_and_no_second_point(store, store_uri, trial):
    sync_trial(store, store_uri, trial)
    (trial / "mlflow.json").unlink()
    sync_trial(store, store_uri, trial)
    history = store.client.get_metric_history(only_run(store).info.run_id, "val/accuracy")
    assert [point.step for point in history] == [1, 2]


def test_a_killed_trial_is_marked_and_opens_again_when_it_resumes(store, store_uri, trial):
    assert not sync_trial(store, store_uri, trial, ended=True)
    assert only_run(store).info.status == "KILLED"
    write_log(trial, [record(1, 0.5), record(2, 0.6), record(3, 0.7)])
    sync_trial(store, store_uri, trial)
    assert only_run(store).info.status == "RUNNING"
    finish(trial)
    sync_trial(store, store_uri, trial, ended=True)
    assert only_run(store).info.status == "FINISHED"


def test_a_diverged_trial_ends_failed_and_is_tagged(store, store_uri, trial):
    finish(trial, "diverged")
    assert sync_trial(store, store_uri, trial)
    run = only_run(store)
    assert (run.info.status, run.data.tags["diverged"]) == ("FAILED", "True")


def test_a_bakeoff_is_a_parent_run_with_its_trials_as_children(store, store_uri, trial, tmp_path):
    plan = {
        "bakeoff_id": "b0",
        "task": {"name": "image_classification", "metric": "accuracy"},
        "data": {"name": "digits", "fingerprint": "f"},
        "contenders": [{"name": "vit"}],
        "seeds": [3],
        "budget": {"mode": "params", "value": 1000},
        "environment": {"git_revision": "r1"},
    }
    write_json(tmp_path / "plan.json", plan)
    sync_bakeoff(store, store_uri, tmp_path)
    finish(trial)
    board = [{"name": "vit", "test": {"accuracy": {"mean": 0.9}}}]
    verdict = {"verdict": "WINS", "winner": "vit", "sentence": "vit wins.", "leaderboard": board}
    write_json(tmp_path / "verdict.json", verdict)
    (tmp_path / "report.html").write_text("<html></html>")
    (tmp_path / "scores.parquet").write_bytes(b"scores")
    assert sync_bakeoff(store, store_uri, tmp_path, ended=True)
    runs = {run.data.tags["role"]: run for run in store.client.search_runs([store.experiment_id])}
    assert runs["contender"].data.tags["mlflow.parentRunId"] == runs["bakeoff"].info.run_id
    assert runs["bakeoff"].data.tags["verdict"] == "WINS"
    assert runs["bakeoff"].data.metrics["test/accuracy/vit"] == 0.9
    artifacts = {item.path for item in store.client.list_artifacts(runs["bakeoff"].info.run_id)}
    assert artifacts == {"plan.json", "verdict.json", "report.html", "scores.parquet"}


def test_a_migration_that_was_killed_in_its_middle_leaves_nothing_in_the_way(tmp_path):
    broken = tmp_path / ".mlflow.db.making"
    with sqlite3.connect(broken) as connection:
        connection.execute("CREATE TABLE jobs (id INTEGER)")
    prepare_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert Store(f"sqlite:///{tmp_path / 'mlflow.db'}", "e", tmp_path / "artifacts").experiment_id
    assert not broken.exists()


def test_a_server_that_is_away_is_noticed_at_once(tmp_path):
    with pytest.raises(StoreUnreachable, match="does not answer"):
        Store("http://127.0.0.1:9", "x", tmp_path)


def test_nested_settings_become_dotted_names():
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}
