"""Commands that are ended in the middle of training, and how long their processes and runs take to end with them.

python -m tests.tracking.interrupted      all commands and signals, as a table of seconds (about 15 minutes)
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from mlflow import MlflowClient

ENDLESS = ["trainer.max_epochs=20000", "trainer.accelerator=cpu", "tracking.every_s=0.5"]
COMPARE = ["compare", "contenders=[lenet,mlp]", "baselines=[]", "seeds=3", "budget=none", *ENDLESS]
TRAINING = ["model=lenet", *ENDLESS]
COMMANDS = {
    "compare, local": [*COMPARE, "executor.workers=2"],
    "compare, ray": [*COMPARE, "executor=ray"],
    "train": ["train", *TRAINING],
    "train -m, joblib": ["train", "-m", *TRAINING, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1"],
}
RUNS = {"compare, local": 3, "compare, ray": 3, "train": 1, "train -m, joblib": 2}
"""How many runs MLflow has when all that can train at once does, the bakeoff's own included."""
SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}


@dataclass(frozen=True)
class Ended:
    """What became of a command.

    ``seconds``: from the signal until its last process had ended and no run was marked RUNNING; None where that did
    not happen.
    """

    code: int
    statuses: list[str]
    left: list[str]
    seconds: float | None


def interrupt(command: str, how: str, *, folder: Path, uri: str, patience_s: float = 60.0) -> Ended:
    """Starts a command, ends it once everything trains, and waits for its processes and runs to end.

    Ctrl-C reaches all processes of a terminal's foreground, as here those of a session; the others reach one.
    """
    words = [*COMMANDS[command], f"tracking.uri={uri}", f"output_dir={folder / 'o'}"]
    line = [sys.executable, "-m", "bakeoff.cli", *words]
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(line, stdout=said, stderr=said, start_new_session=True)
    family: list[psutil.Process] = []
    try:
        _wait_for_runs(process, folder, RUNS[command])
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert "RUNNING" in statuses(uri)
        send = os.killpg if how == "Ctrl-C" else os.kill
        started = time.monotonic()
        send(process.pid, SIGNALS[how])
        code = process.wait(timeout=patience_s)
        left = psutil.wait_procs(family, timeout=patience_s)[1]
        seconds = time.monotonic() - started
        found = statuses(uri)
        lasting = bool(left) or "RUNNING" in found
        return Ended(code, found, [" ".join(member.cmdline())[:80] for member in left], None if lasting else seconds)
    finally:
        for member in [*family, *([psutil.Process(process.pid)] if process.poll() is None else [])]:
            if member.is_running():
                member.kill()
        process.wait()


def _wait_for_runs(process: subprocess.Popen, folder: Path, number: int, timeout_s: float = 250.0) -> None:
    deadline = time.monotonic() + timeout_s
    while len([path for path in folder.glob("o/**/mlflow.json") if json.loads(path.read_text())]) < number:
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            raise AssertionError((folder / "said.txt").read_text())
        time.sleep(0.1)


def statuses(uri: str) -> list[str]:
    """Of all runs in a store."""
    client = MlflowClient(uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.status for run in client.search_runs(experiments)]


def main() -> None:
    """Prints the table."""
    print("| command | ended by | exit code | runs | seconds until all had ended |\n| --- | --- | --- | --- | --- |")
    for command in COMMANDS:
        for how in SIGNALS:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                ended = interrupt(command, how, folder=folder, uri=f"sqlite:///{folder / 'mlflow.db'}")
            runs = ", ".join(sorted(set(ended.statuses)))
            seconds = f"left: {ended.left}" if ended.seconds is None else f"{ended.seconds:.1f}"
            print(f"| {command} | {how} | {ended.code} | {runs} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
