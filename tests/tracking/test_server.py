"""A run that is tracked by a real server: while the server is away nothing waits, and afterwards nothing is missing."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.tracking.tracking_server import TrackingServer

pytestmark = pytest.mark.slow

TRAIN = ("train", "model=lenet", "trainer.accelerator=cpu", "tracking.every_s=0.5", "tracking.system_every_s=0.5")


@pytest.fixture(scope="module")
def server(migrated_store, tmp_path_factory):
    running = TrackingServer(tmp_path_factory.mktemp("server"), migrated_store)
    yield running
    running.stop()


def bakeoff(*words):
    command = [sys.executable, "-m", "bakeoff.cli", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(process, code=0):
    output, _ = process.communicate(timeout=200)
    assert process.returncode == code, output
    return output


def wait_for(condition, timeout_s=100.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def logged(folder):
    """Every metric of a run's local logs: name to steps and values."""
    points = {}
    for name in ("metrics.jsonl", "system.jsonl"):
        for line in (folder / name).read_text().splitlines():
            record = json.loads(line)
            for key, value in record.items():
                if "/" in key:
                    points.setdefault(key, []).append((record["step"], value))
    return points


def tracked(client, run_id, names):
    return {name: [(p.step, p.value) for p in client.get_metric_history(run_id, name)] for name in names}


def run_of(folder):
    return json.loads((folder / "mlflow.json").read_text())["run_id"]


@pytest.mark.parametrize("way", ["silent", "dead"])
def test_what_a_server_missed_in_training_is_sent_by_sync_and_twice_adds_nothing(server, tmp_path, way):
    folder = tmp_path / "run"
    process = bakeoff(*TRAIN, "trainer.max_epochs=120", f"tracking.uri={server.uri}", f"output_dir={folder}")
    wait_for(lambda: (folder / "mlflow.json").exists() and run_of(folder))
    server.signal(signal.SIGSTOP) if way == "silent" else server.stop()
    try:
        output = finished(process, code=7)
    finally:
        server.signal(signal.SIGCONT) if way == "silent" else server.start()
    assert "error[tracking.not_synced]" in output
    assert "test/accuracy" in output, "the run itself is not harmed"
    finished(bakeoff("sync", str(tmp_path)))
    client, points = MlflowClient(server.uri), logged(folder)
    assert {"train/loss", "val/accuracy", "system/cpu_utilization_percentage"} <= points.keys()
    assert tracked(client, run_of(folder), points) == points
    assert "0 points sent" in finished(bakeoff("sync", str(tmp_path)))
    assert tracked(client, run_of(folder), points) == points
    run = client.get_run(run_of(folder))
    assert run.info.status == "FINISHED"
    twins = client.search_runs([run.info.experiment_id], f"tags.`bakeoff.key` = '{run.data.tags['bakeoff.key']}'")
    assert len(twins) == 1


def test_a_registered_run_is_listed_with_its_signature_and_comes_back_equal(server, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    finished(bakeoff(*TRAIN, "trainer.max_epochs=2", "seed=1", f"tracking.uri={server.uri}", f"output_dir={folder}"))
    assert "version 1" in finished(bakeoff("register", str(folder), "--name", "digits reader"))
    assert "registered before" in finished(bakeoff("register", str(folder), "--name", "digits reader"))
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    mlflow.set_tracking_uri(server.uri)
    (version,) = MlflowClient(server.uri).search_model_versions("name = 'digits reader'")
    assert version.run_id == run_of(folder)
    address = f"models:/{version.name}/{version.version}"
    assert mlflow.models.get_model_info(address).signature.inputs.inputs[0].shape == (-1, 1, 8, 8)
    back = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(tmp_path / "back")))
    for name in ("weights.safetensors", "config.json", "spec.json"):
        assert digest(back / name) == digest(folder / name), name
    assert not list(back.glob("*.pkl")), "nothing is pickled"
    card, result = (back / "README.md").read_text(), json.loads((folder / "result.json").read_text())
    assert "trainer.max_epochs=2 seed=1" in card, "the command that trained it"
    reached = [f"{result[split]['accuracy']:.4f}" for split in ("validation", "test")]
    assert f"| accuracy | {reached[0]} | {reached[1]} |" in card


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ten_seconds_after_the_end_no_run_is_running_and_no_process_is_left(server, tmp_path, number):
    import psutil

    folder = tmp_path / "run"
    seed = f"seed={number:d}00"
    process = bakeoff(*TRAIN, seed, "trainer.max_epochs=5000", f"tracking.uri={server.uri}", f"output_dir={folder}")
    client = MlflowClient(server.uri)
    wait_for(lambda: (folder / "mlflow.json").exists() and run_of(folder))
    wait_for(lambda: (folder / "metrics.jsonl").exists())
    assert client.get_run(run_of(folder)).info.status == "RUNNING"
    family = psutil.Process(process.pid).children(recursive=True)
    assert family, "the process that sends runs is not there"
    os.kill(process.pid, number)
    ended = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode in (130, 143, -9)
    _, alive = psutil.wait_procs(family, timeout=max(10 - (time.monotonic() - ended), 0))
    assert not alive
    assert client.get_run(run_of(folder)).info.status == "KILLED"


def test_after_kill_9_of_everything_the_next_start_ends_the_orphan_and_the_same_command_resumes_it(server, tmp_path):
    import psutil

    words = [*TRAIN, "trainer.max_epochs=300", "trainer.checkpoint_every_s=0.1", f"tracking.uri={server.uri}"]
    first, other = tmp_path / "first", tmp_path / "other"
    process = bakeoff(*words, "seed=7", f"output_dir={first}")
    wait_for(lambda: (first / "mlflow.json").exists() and run_of(first) and (first / "last.ckpt").exists())
    run_id = run_of(first)
    for member in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        member.send_signal(signal.SIGKILL)
    process.wait()
    client = MlflowClient(server.uri)
    assert client.get_run(run_id).info.status == "RUNNING", "nobody was left to end it"
    finished(bakeoff(*words, "seed=8", "trainer.max_epochs=2", f"output_dir={other}"))
    assert client.get_run(run_id).info.status == "KILLED"
    finished(bakeoff(*words, "seed=7", f"output_dir={first}"))
    assert run_of(first) == run_id
    assert client.get_run(run_id).info.status == "FINISHED"
    names = [name for name in logged(first) if not name.startswith("system/")]
    steps = [step for step, _ in tracked(client, run_id, ["val/accuracy"])["val/accuracy"]]
    assert sorted(set(steps)) == [step for step, _ in logged(first)["val/accuracy"]], names
