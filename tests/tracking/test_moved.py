"""An output folder that was moved goes on with the store that moved along, and finds the files of its runs."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlparse

from mlflow import MlflowClient

from bakeoff.commands import ui
from bakeoff.tracking.folder_sync import sync_folder
from bakeoff.tracking.moved import settle_artifacts
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.watch import Watch
from tests.tracking.folders import finish, make_trial, record


def tracked(root: Path, migrated_store: Path) -> Path:
    """A run that was sent to the store of its output folder."""
    trial = make_trial(root / "run", [record(1, 0.5)])
    shutil.copy(migrated_store, root / "mlflow.db")
    watch = Watch.of("trial", trial, tracking=Tracking(), root=root, experiment="task/data")
    watch.remember()
    (trial / "environment.json").write_text("{}")
    finish(trial)
    assert sync_folder(root).problems == []
    return trial


def runs_of(root: Path) -> list:
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    experiments = [item.experiment_id for item in client.search_experiments()]
    return client.search_runs(experiments)


def files_of(run) -> set[str]:
    return {path.name for path in Path(urlparse(run.info.artifact_uri).path).iterdir()}


def test_a_moved_folder_keeps_its_run_and_its_files(migrated_store, tmp_path):
    tracked(tmp_path / "before", migrated_store)
    (tmp_path / "before").rename(tmp_path / "after")
    command = [
        sys.executable,
        "-m",
        "bakeoff.cli",
        "sync",
        str(tmp_path / "after"),
    ]  # this process knows where they were
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"sqlite:///{tmp_path / 'after/mlflow.db'}" in done.stdout
    (run,) = runs_of(tmp_path / "after")
    assert urlparse(run.info.artifact_uri).path.startswith(str(tmp_path / "after/mlflow-artifacts"))
    assert {"config.json", "result.json", "environment.json"} <= files_of(run)
    assert sync_folder(tmp_path / "after").points == 0
    assert not (tmp_path / "before").exists()


def test_the_page_on_a_moved_folder_finds_its_files(migrated_store, tmp_path, monkeypatch):
    tracked(tmp_path / "before", migrated_store)
    (tmp_path / "before").rename(tmp_path / "after")
    ended = SimpleNamespace(pid=2**22 + 1, wait=lambda: 0)
    monkeypatch.setattr(ui.subprocess, "Popen", lambda *_, **__: ended)
    monkeypatch.setattr(ui.signal, "signal", lambda *_: None)
    monkeypatch.setattr(ui, "_check_port", lambda port: None)
    ui.run([str(tmp_path / "after")])
    (run,) = runs_of(tmp_path / "after")
    assert "config.json" in files_of(run)


def test_a_copied_folder_has_a_store_of_its_own_and_leaves_the_first_alone(migrated_store, tmp_path):
    tracked(tmp_path / "first", migrated_store)
    (before,) = runs_of(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    assert sync_folder(tmp_path / "copy").stores == {f"sqlite:///{tmp_path / 'copy/mlflow.db'}"}
    (after,) = runs_of(tmp_path / "first")
    assert after.info.artifact_uri == before.info.artifact_uri


def test_a_run_that_moved_without_its_store_still_goes_there(migrated_store, tmp_path):
    tracked(tmp_path / "before", migrated_store)
    shutil.move(tmp_path / "before/run", tmp_path / "elsewhere")
    report = sync_folder(tmp_path / "elsewhere")
    assert report.problems == []
    assert report.stores == {f"sqlite:///{tmp_path / 'before/mlflow.db'}"}
    assert len(runs_of(tmp_path / "before")) == 1


def test_a_server_and_a_store_whose_files_are_in_place_are_left_alone(migrated_store, tmp_path):
    trial = tracked(tmp_path / "out", migrated_store)
    content = (tmp_path / "out/mlflow.db").read_bytes()
    settle_artifacts(f"sqlite:///{tmp_path / 'out/mlflow.db'}")
    settle_artifacts("http://127.0.0.1:9")
    assert (tmp_path / "out/mlflow.db").read_bytes() == content
    served = Tracking(uri="http://127.0.0.1:9")
    Watch.of("trial", trial, tracking=served, root=tmp_path / "out", experiment="e").remember()
    shutil.move(trial, tmp_path / "moved")
    remembered = Watch.remembered(tmp_path / "moved")
    assert remembered is not None
    assert remembered.uri == "http://127.0.0.1:9"
