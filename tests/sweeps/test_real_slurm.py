"""Multiruns as jobs of a real Slurm: an array, and jobs that reach their limit, are queued again and go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.files import read_json
from tests.sweeps.real_slurm import missing, slurm
from tests.training.test_resume import assert_same

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(bool(missing()), reason=f"lacks {missing()}"),
]
LAUNCHER = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=2")
QUICK = ("tracking=none", "trainer.accelerator=cpu")


def multirun(folder: Path, environ: dict[str, str], *words: str, timeout_s: float) -> str:
    """What a multirun prints, its runs and Slurm's logs below a folder."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "bakeoff.cli", "train", "-m", *LAUNCHER, *words]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def runs(folder: Path) -> list[Path]:
    """Folders of the finished runs."""
    return sorted(path.parent for path in folder.glob("outputs/train/*/result.json"))


def test_an_array_of_20_jobs_trains_all(tmp_path):
    with slurm() as environ:
        seeds = ",".join(map(str, range(20)))
        multirun(
            tmp_path / "array", environ, "model=linear", f"seed={seeds}", "trainer.max_epochs=1", *QUICK, timeout_s=1800
        )
    found = [read_json(run / "result.json") for run in runs(tmp_path / "array")]
    assert sorted(result["seed"] for result in found) == list(range(20))
    assert {result["status"] for result in found} == {"finished"}


def test_a_job_at_its_limit_is_queued_again_and_goes_on_to_the_same_end(tmp_path):
    settings = ("model=lenet", "seed=0", "trainer.max_epochs=3000", "trainer.select=last", *QUICK)
    with slurm() as environ:
        limits = (
            "hydra.launcher.timeout_min=2",
            "hydra.launcher.signal_delay_s=60",
            "hydra.launcher.max_num_timeout=50",
        )
        logs = f"hydra.sweep.dir={tmp_path}/limited/jobs"
        multirun(tmp_path / "limited", environ, *settings, *limits, logs, timeout_s=3000)
        multirun(tmp_path / "whole", environ, *settings, timeout_s=1800)
    [limited], [whole] = runs(tmp_path / "limited"), runs(tmp_path / "whole")
    said = "".join(path.read_text() for path in (tmp_path / "limited").rglob("*_log.*"))
    assert "ended by SIGUSR2, saved after step" in said and "Requeued job" in said
    assert_same(limited, whole)
