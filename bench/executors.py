"""The time to the verdict of sixteen trials: two workers of `local`, Ray on this machine, and a plain sequential loop.

Each is a program of its own, from its first import to the report, without tracking. The loop trains one trial after the
other in one process, with as many threads as there are cores: what torch does by default. Ray's start is part of its
time, and what a cluster saves is not to be seen on one machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.job import Job, Needs, OnEnd
from bakeoff.config.composition import Composer
from bakeoff.report.pages.report import write_report
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import run_trial

TARGETS = {"local": 0.65, "ray": 1.0}
TRIALS = ("contenders=[resnet,vit]", "baselines=[]", "seeds=8", "trainer.accelerator=cpu", "tracking=none")
WORKERS = {"local": ["executor=local", "executor.workers=2"], "ray": ["executor=ray"]}


class Loop:
    """An executor for who has none: one trial after the other, in this process."""

    def run(self, jobs: Sequence[Job], *, on_end: OnEnd) -> None:
        """Runs all jobs."""
        for job in jobs:
            on_end(job, run_trial(Training(TrialConfig.of(job.config), job.folder), label=job.label))

    def warm_up(self, modules: Sequence[str]) -> None:
        """Nothing is to be started."""

    def slots(self, needs: Needs) -> int:
        """One."""
        return 1

    def cores(self) -> float:
        """Those of this machine."""
        return float(os.cpu_count() or 1)

    def close(self) -> None:
        """Nothing is to be ended."""


def measure(*, epochs: int) -> list[dict[str, Any]]:
    """Seconds of each way, and its ratio to the loop's."""
    words = [*TRIALS, f"trainer.max_epochs={epochs}"]
    cores = os.cpu_count() or 1
    loop = _seconds([sys.executable, "-m", "bench.executors", *words, f"trainer.threads={cores}"], threads=cores)
    rows = []
    for name, own in WORKERS.items():
        seconds = _seconds([sys.executable, "-m", "bakeoff.cli", "compare", *words, *own], threads=1)
        rows.append(
            {
                "what": f"{name}: seconds to the verdict of 16 trials of {epochs} epochs on {cores} cores",
                "bakeoff": round(seconds, 1),
                "reference": round(loop, 1),
                "ratio": round(seconds / loop, 3),
                "target": TARGETS[name],
            }
        )
    return rows


def _seconds(command: list[str], *, threads: int) -> float:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([*command, f"output_dir={folder}/out"], check=True, env=environment, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def sequential(words: Sequence[str]) -> None:
    """The bakeoff of these words, in a loop, to its report."""
    config: Any = OmegaConf.to_container(Composer().compose("compare", list(words)).cfg, resolve=True)
    plan, folder = make_plan(config), Path(config["output_dir"])
    folder.mkdir(parents=True)
    open_folder(folder, plan)
    run_bakeoff(plan, folder, Loop(), print)
    write_report(folder, examples=lambda rows: plan.data.show("test", rows))


if __name__ == "__main__":
    sequential(sys.argv[1:])
