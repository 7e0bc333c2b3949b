"""How long a trial waits between its turn and its first optimizer step, from the preloaded fork server."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from omegaconf import OmegaConf

from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.job import Job
from bakeoff.config.composition import Composer
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.run import TrialLabel

TARGET_S = 0.2


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """Seconds from starting a trial's process to its first optimizer step, median over trials, beside the target."""
    overrides = ["model=lenet", "trainer.max_epochs=1", "trainer.accelerator=cpu"]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))
    executor = LocalExecutor(workers=1)
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(repeats + 2):
            label = TrialLabel(str(seed), "lenet")
            job = Job({**config.raw, "seed": seed}, Path(folder) / str(seed), label)
            started = time.time()
            results: list[dict[str, Any]] = []
            executor.run([job], on_end=lambda _, result, kept=results: kept.append(result))
            waits.append(results[0]["first_step_at"] - started)
    return [
        {
            "what": "seconds from a trial's turn to its first optimizer step",
            "bakeoff": round(median(waits[2:]), 3),
            "reference": TARGET_S,
            "ratio": round(median(waits[2:]) / TARGET_S, 3),
            "target": 1.0,
        }
    ]
