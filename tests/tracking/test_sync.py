"""A trial's folder and its MLflow run say the same, however often and wherever sending was interrupted."""

import json
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from bakeoff.config.processes import Process
from bakeoff.files import read_json, write_json
from bakeoff.tracking.bakeoff_sync import BakeoffSync
from bakeoff.tracking.store import Store
from bakeoff.tracking.trial_sync import TrialSync
from tests.tracking.folders import CONFIG, finish, make_bakeoff, make_trial, make_verdict, record, write_log

DEAD = Process(Process.this().host, Process.this().pid, 1.0)
"""A process that had our number long ago."""


@pytest.fixture
def trial(tmp_path):
    return make_trial(tmp_path / "trials" / "abc123", [record(1, 0.5), record(2, 0.6)])


@pytest.fixture
def store(store_uri, tmp_path):
    return Store(store_uri, "image_classification/digits", tmp_path / "artifacts")


def only_run(store):
    (run,) = store.client.search_runs([store.experiment_id])
    return run


def history(store, name):
    points = store.client.get_metric_history(only_run(store).info.run_id, name)
    return [(point.step, point.value) for point in points]


def test_a_growing_log_is_sent_once_whatever_the_number_of_passes(store, trial):
    sync = TrialSync(trial, owner=Process.this())
    assert not sync.send(store)
    write_log(trial, [record(1, 0.5), record(2, 0.6), record(3, 0.7)])
    assert not sync.send(store)
    finish(trial)
    assert sync.send(store)
    assert TrialSync(trial).send(store)
    run = only_run(store)
    assert history(store, "val/accuracy") == [(1, 0.5), (2, 0.6), (3, 0.7)]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["best/accuracy"] == 0.7
    assert run.data.tags["family"] == "transformer"
    assert run.data.params["optimizer.lr"] == "0.003"


def test_a_finished_trial_costs_few_calls(store, trial, monkeypatch):
    finish(trial)
    calls = []
    for name in ("create_run", "log_batch", "set_terminated", "update_run", "search_runs", "get_run"):
        real = getattr(store.client, name)
        monkeypatch.setattr(store.client, name, lambda *a, of=name, real=real, **k: calls.append(of) or real(*a, **k))
    assert TrialSync(trial).send(store)
    assert calls == ["search_runs", "create_run", "log_batch", "set_terminated"]
    calls.clear()
    assert TrialSync(trial).send(store)
    assert calls == []


def test_samples_of_the_machine_go_with_the_run(store, trial):
    sample = {"time": 1000.0, "step": 0, "system/cpu_utilization_percentage": 55.0}
    (trial / "system.jsonl").write_text(json.dumps(sample) + "\n")
    TrialSync(trial).send(store)
    TrialSync(trial).send(store)
    assert history(store, "system/cpu_utilization_percentage") == [(0, 55.0)]


def test_a_long_parameter_is_left_to_the_artifact_not_cut(store, trial):
    TrialSync(trial).send(store)
    run = only_run(store)
    assert "note" not in run.data.params
    stored = store.client.download_artifacts(run.info.run_id, "config.json")
    assert json.loads(Path(stored).read_text()) == CONFIG


def test_no_secret_reaches_a_parameter_a_tag_or_an_artifact(store, trial):
    secret = "hunter2"
    write_json(trial / "config.json", CONFIG | {"data": {"token": secret, "url": f"https://me:{secret}@host/x"}})
    finish(trial, "failed", why=f"can't read https://me:{secret}@host/x")
    TrialSync(trial).send(store)
    run = only_run(store)
    assert secret not in json.dumps([run.data.params, run.data.tags])
    files = store.client.list_artifacts(run.info.run_id)
    texts = [Path(store.client.download_artifacts(run.info.run_id, file.path)).read_text() for file in files]
    assert len(texts) == 2
    assert secret not in "".join(texts)


def test_forgetting_what_was_sent_makes_no_second_run_and_no_second_point(store, trial):
    TrialSync(trial).send(store)
    (trial / "mlflow.json").unlink()
    write_json(trial / "config.json", CONFIG | {"note": "described in other words by now"})
    TrialSync(trial).send(store)
    assert history(store, "val/accuracy") == [(1, 0.5), (2, 0.6)]


def test_a_store_that_lost_the_run_is_sent_everything_again(store, store_uri, trial, tmp_path):
    finish(trial)
    TrialSync(trial).send(store)
    store.client.delete_run(only_run(store).info.run_id)
    reopened = Store(store_uri, "image_classification/digits", tmp_path / "artifacts")
    TrialSync(trial, check=True).send(reopened)
    assert history(store, "val/accuracy") == [(1, 0.5), (2, 0.6)]
    assert only_run(store).info.status == "FINISHED"


def test_a_killed_trial_is_marked_and_opens_again_when_it_resumes(store, trial):
    assert not TrialSync(trial).send(store, ended=True)
    assert only_run(store).info.status == "KILLED"
    write_log(trial, [record(1, 0.5), record(2, 0.6), record(3, 0.7)])
    resumed = TrialSync(trial, owner=Process.this())
    resumed.send(store)
    assert only_run(store).info.status == "RUNNING"
    finish(trial)
    resumed.send(store, ended=True)
    assert only_run(store).info.status == "FINISHED"


def test_a_trial_that_ran_again_where_nobody_looked_is_sent_though_its_failure_was(store, trial):
    write_json(trial / "result.json", {"status": "failed", "why": "killed twice", "validation": {}, "test": {}})
    TrialSync(trial).send(store)
    assert only_run(store).info.status == "FAILED"
    finish(trial)
    assert TrialSync(trial).send(store)
    run = only_run(store)
    assert (run.info.status, run.data.tags["status"]) == ("FINISHED", "finished")
    assert run.data.metrics["best/accuracy"] == 0.7


def test_a_trial_that_an_error_ended_is_marked_as_failed_and_opens_again(store, trial):
    write_json(trial / "error.json", {"why": "error[env.out_of_memory] model=vit: memory ran out"})
    sync = TrialSync(trial, owner=Process.this())
    assert not sync.send(store)
    assert only_run(store).info.status == "RUNNING", "it may be tried again"
    sync.send(store, ended=True)
    assert only_run(store).info.status == "FAILED"
    assert only_run(store).data.tags["last_error"].endswith("memory ran out")
    (trial / "error.json").unlink()
    finish(trial)
    TrialSync(trial).send(store)
    assert (only_run(store).info.status, only_run(store).data.tags["status"]) == ("FINISHED", "finished")


def test_what_a_vanished_process_left_running_is_ended_and_goes_on_in_the_same_run(store, trial):
    TrialSync(trial, owner=DEAD).send(store)
    run_id = only_run(store).info.run_id
    assert only_run(store).info.status == "RUNNING"
    assert store.end_orphans() == 1
    assert only_run(store).info.status == "KILLED"
    TrialSync(trial, owner=Process.this()).send(store)
    assert store.end_orphans() == 0
    assert (only_run(store).info.status, only_run(store).info.run_id) == ("RUNNING", run_id)


def test_a_run_that_a_lost_answer_made_twice_ends_as_one(store, trial, monkeypatch):
    """The server made the run, but its answer came too late; it makes it once more when it is asked again."""
    real = store.client.create_run
    monkeypatch.setattr(Store, "local", False)
    monkeypatch.setattr(store.client, "create_run", lambda *a, **k: real(*a, **k) and _lose())
    with pytest.raises(TimeoutError):
        TrialSync(trial).send(store)
    monkeypatch.setattr(store.client, "create_run", real)
    monkeypatch.setattr(store, "find_run", lambda key, group=None: None)  # not there yet when we looked
    TrialSync(trial).send(store)
    assert len(store.client.search_runs([store.experiment_id])) == 2
    finish(trial)
    TrialSync(trial).send(store)
    assert only_run(store).info.run_id == read_json(trial / "mlflow.json")["run_id"]


def _lose():
    raise TimeoutError


def test_a_diverged_trial_ends_failed_and_is_tagged(store, trial):
    finish(trial, "diverged")
    assert TrialSync(trial).send(store)
    run = only_run(store)
    assert (run.info.status, run.data.tags["diverged"]) == ("FAILED", "True")


def test_a_bakeoff_is_a_parent_run_with_its_trials_as_children(store, trial, tmp_path):
    make_bakeoff(tmp_path)
    sync = BakeoffSync(tmp_path, owner=Process.this())
    sync.send(store)
    finish(trial)
    make_verdict(tmp_path)
    verdict = read_json(tmp_path / "verdict.json")
    verdict["leaderboard"][0]["test"]["perplexity"] = {"mean": None}  # it was infinite
    write_json(tmp_path / "verdict.json", verdict)
    assert sync.send(store, ended=True)
    assert BakeoffSync(tmp_path).send(store, ended=True)
    runs = {run.data.tags["role"]: run for run in store.client.search_runs([store.experiment_id])}
    assert runs["contender"].data.tags["mlflow.parentRunId"] == runs["bakeoff"].info.run_id
    assert runs["bakeoff"].data.tags["verdict"] == "WINS"
    assert runs["bakeoff"].data.metrics["test/accuracy/vit"] == 0.9
    assert [run.info.status for run in runs.values()] == ["FINISHED", "FINISHED"]
    artifacts = {item.path for item in store.client.list_artifacts(runs["bakeoff"].info.run_id)}
    assert artifacts == {"plan.json", "verdict.json", "report.html", "scores.parquet"}


def test_a_trial_that_the_store_refuses_does_not_hold_up_the_others(store, tmp_path, monkeypatch):
    make_bakeoff(tmp_path)
    for name in ("aaa", "bbb", "ccc"):
        finish(make_trial(tmp_path / "trials" / name, [record(1, 0.5)], trial_id=name))
    real = TrialSync._send_news

    def refuse(self, *args, **kwargs):
        if self.folder.name == "bbb":
            raise MlflowException("no")
        real(self, *args, **kwargs)

    monkeypatch.setattr(TrialSync, "_send_news", refuse)
    with pytest.raises(MlflowException):
        BakeoffSync(tmp_path).send(store)
    runs = store.client.search_runs([store.experiment_id])
    finished = [run.data.tags["trial_id"] for run in runs if run.info.status == "FINISHED"]
    assert sorted(finished) == ["aaa", "ccc"]


def test_a_deleted_experiment_is_told_with_what_brings_it_back(store, store_uri, tmp_path):
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(MlflowException, match=f"restore --experiment-id {store.experiment_id} .*tracking.experiment="):
        Store(store_uri, "image_classification/digits", tmp_path / "artifacts")
    store.client.restore_experiment(store.experiment_id)
    assert Store(store_uri, "image_classification/digits", tmp_path).experiment_id == store.experiment_id
