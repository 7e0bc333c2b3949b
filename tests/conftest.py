"""What all tests share: one thread a process, a cache of their own, and a tracking store that is migrated once."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process that a test starts compiles bakeoff anew

import pytest
from filelock import FileLock

os.fsync = lambda descriptor: None  # it waits for the disk; tests kill processes, but cut no power


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What the imports of all tests leave in memory is for good: no search for garbage in it, which takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """A folder that all test processes of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def bakeoff_cache(shared_folder):
    """Prepared data goes to the session's folder, in this process and in those that it starts."""
    before = os.environ.get("BAKEOFF_CACHE")
    os.environ["BAKEOFF_CACHE"] = str(shared_folder / "cache")
    yield
    if before is None:
        del os.environ["BAKEOFF_CACHE"]
    else:
        os.environ["BAKEOFF_CACHE"] = before


@pytest.fixture(scope="session")
def migrated_store(shared_folder) -> Path:
    """An empty MLflow database, ready for use; its migration takes seconds, a copy none."""
    from bakeoff.tracking.store import Store

    path = shared_folder / "template.db"
    with FileLock(f"{path}.making"):
        if not path.exists():
            making = path.with_suffix(".making")
            Store(f"sqlite:///{making}", "template", shared_folder / "artifacts")
            making.rename(path)
    return path


@pytest.fixture
def store_uri(migrated_store, tmp_path) -> str:
    """A store of the test's own."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def trials_in_this_process(monkeypatch) -> None:
    """Bakeoffs of this test run their trials in its own process, and time each network for a moment only.

    For tests of what comes of a bakeoff. How trials are run is tested in `tests.comparison.test_executor`, and a whole
    bakeoff as users start it in `tests.commands.test_compare_survives_kill`.
    """
    from tests.comparison.finished_bakeoffs import run_trials_here

    run_trials_here(monkeypatch)
