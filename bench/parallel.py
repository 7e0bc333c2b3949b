"""Fifteen trials through `compare`'s executor on all cores, against the same trials one after another in one process.

The reference process may use as many threads as there are cores: what a person who loops over models and seeds in one
script gets from torch by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.config.composition import Composer

TARGET = 0.6
OVERRIDES = ("contenders=[resnet,renet,vit]", "baselines=[]", "seeds=5", "trainer.accelerator=cpu")

SEQUENTIAL = """
import json, sys, time
from pathlib import Path
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
jobs = json.loads(Path(sys.argv[1]).read_text())
for index, config in enumerate(jobs):
    training = Training(TrialConfig.of(config), Path(sys.argv[2]) / str(index))
    run_trial(training, label=TrialLabel(str(index), "m"))
"""


def measure(*, epochs: int) -> list[dict[str, Any]]:
    """Seconds of both ways, imports included."""
    config = OmegaConf.to_container(
        Composer().compose("compare", [*OVERRIDES, f"trainer.max_epochs={epochs}"]).cfg, resolve=True
    )
    plan = make_plan(config)
    with tempfile.TemporaryDirectory() as folder:
        ours = _ours(plan, Path(folder) / "ours")
        sequential = _sequential([job.config for job in plan.jobs(Path(folder))], Path(folder) / "sequential")
    return [
        {
            "what": f"seconds for 15 trials of {epochs} epochs on {os.cpu_count()} cores",
            "bakeoff": round(ours, 1),
            "reference": round(sequential, 1),
            "ratio": round(ours / sequential, 3),
            "target": TARGET,
        }
    ]


def _ours(plan: Any, folder: Path) -> float:
    start = time.perf_counter()
    LocalExecutor().run(plan.jobs(folder), on_end=lambda job, result: None)
    return time.perf_counter() - start


def _sequential(configs: list[dict[str, Any]], folder: Path) -> float:
    cores = os.cpu_count() or 1
    for config in configs:
        config["trainer"] = {**config["trainer"], "threads": cores}
    folder.mkdir(parents=True)
    (folder / "jobs.json").write_text(json.dumps(configs))
    environment = {**os.environ, "OMP_NUM_THREADS": str(cores), "MKL_NUM_THREADS": str(cores)}
    start = time.perf_counter()
    command = [sys.executable, "-c", SEQUENTIAL, str(folder / "jobs.json"), str(folder)]
    subprocess.run(command, check=True, env=environment)
    return time.perf_counter() - start
