"""Real sweeps of a linear model on the digits, as the slow tests and the measurement run them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import TrialState

LAUNCHERS = {
    "basic": [],
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "ray": ["hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2"],
    "submitit_local": ["hydra/launcher=submitit_local"],
}
TRAINING = ["task=image_classification", "data=digits", "model=linear", "trainer.max_epochs=1"]
GRID = [*TRAINING, "seed=range(0,10)", "optimizer.lr=0.01,1e30"]
"""Twenty jobs, of which the ten with a learning rate of 1e30 diverge."""


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    seconds: float
    stdout: str
    stderr: str


def command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "bakeoff.cli", "train", "-m", *words]


def run_grid(launcher: str, folder: Path) -> Ran:
    """The twenty jobs through a launcher, in ``folder/out``."""
    return run([*LAUNCHERS[launcher], *GRID, "output_dir=out"], folder)


def run(words: list[str], folder: Path) -> Ran:
    started = time.monotonic()
    done = subprocess.run(command(words), cwd=folder, capture_output=True, text=True)
    return Ran(done.returncode, time.monotonic() - started, done.stdout, done.stderr)


def grid_results(folder: Path) -> dict[str, tuple]:
    """By trial: its status, its validation and test metrics, and when its result was written."""
    found = {}
    for path in sorted(folder.glob("out/*/result.json")):
        result = json.loads(path.read_text())
        metrics = json.dumps([result["status"], result.get("validation"), result.get("test")])
        found[result["trial_id"]] = (metrics, path.stat().st_mtime_ns)
    return found


def mlflow_statuses(folder: Path) -> Counter[str]:
    """How many runs of each status the tracking store has."""
    with closing(sqlite3.connect(folder / "out" / "mlflow.db")) as store:
        return Counter(status for (status,) in store.execute("select status from runs"))


def study_words(launcher: str, trials: int) -> list[str]:
    """The words of an Optuna study in ``out/study``."""
    sweeper = ["hydra/sweeper=optuna", f"hydra.sweeper.n_trials={trials}", "hydra.sweeper.study_name=study"]
    return [*LAUNCHERS[launcher], *sweeper, *TRAINING, "sweep=lr", "output_dir=out"]


def study_trials(folder: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials of the study; none where it has not begun."""
    path = folder / "out" / "study" / "optuna.db"
    try:
        return optuna.load_study(study_name="study", storage=f"sqlite:///{path}").trials if path.exists() else []
    except Exception:  # the program is just making the tables
        return []


def kill_study(words: list[str], folder: Path, *, after: int, timeout_s: float = 300.0) -> Counter[str]:
    """Starts a study and kills its whole process group once ``after`` trials have ended and one runs.

    Returns:
        The states of its trials just after the kill.
    """
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command(words), cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True)
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        states = [trial.state for trial in study_trials(folder)]
        if len(states) - states.count(TrialState.RUNNING) >= after and TrialState.RUNNING in states:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return Counter(trial.state.name for trial in study_trials(folder))
