"""Whatever becomes of a launcher, each job has an outcome."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from bakeoff.config.jobs import PipelineJob
from bakeoff.config.outcomes import Outcome, Outcomes
from bakeoff.config.processes import Process
from bakeoff.errors import EnvironmentFault, TrialsFailed
from bakeoff.sweep.launching import jobs_at_once, launch


class FragileLauncher:
    """Runs jobs in order; the process of one of them dies, and with it the rest of its batch."""

    def __init__(self, outcomes, deadly=(), refusing=False):
        self.outcomes = outcomes
        self.deadly = set(deadly)
        self.refusing = refusing
        self.launched = []

    def launch(self, job_overrides, initial_job_idx):
        self.launched.append(len(job_overrides))
        if self.refusing:
            raise OSError("no sbatch here")
        for number, overrides in enumerate(job_overrides, initial_job_idx):
            self.outcomes.once(number, lambda overrides=overrides: self._run(overrides))

    def _run(self, overrides):
        if overrides[0] in self.deadly:
            raise RuntimeError("a worker died\nmore")
        return Outcome(overrides, {"value": overrides[0]})


@pytest.fixture
def job(tmp_path):
    job = PipelineJob(len, pipeline="train", folders=[], program="bakeoff train", command="", multirun=True)
    job.outcomes = Outcomes(tmp_path, Process.this())
    return job


def test_only_the_job_whose_process_dies_fails(job, capsys):
    launcher = FragileLauncher(job.outcomes, deadly=["b"])
    outcomes = launch(launcher, job, [["a"], ["b"], ["c"], ["d"]], 10)
    assert [outcome.result and outcome.result["value"] for outcome in outcomes] == ["a", None, "c", "d"]
    assert outcomes[1].code == "sweep.job_died"
    assert launcher.launched == [4, 1, 1, 1]
    assert "b: its process died (RuntimeError: a worker died)" in capsys.readouterr().err


def test_equal_jobs_run_once(job):
    launcher = FragileLauncher(job.outcomes)
    outcomes = launch(launcher, job, [["a"], ["b"], ["a"]], 0)
    assert launcher.launched == [2]
    assert outcomes[0] == outcomes[2] != outcomes[1]


def test_a_launcher_that_starts_nothing_is_an_error_of_the_machine(job):
    launcher = FragileLauncher(job.outcomes, refusing=True)
    with pytest.raises(EnvironmentFault, match="no sbatch here"):
        launch(launcher, job, [["a"], ["b"]], 0)
    assert launcher.launched == [2]


def test_the_summary_names_the_first_failures(job):
    job.outcomes.write(0, Outcome(["seed=0"]))
    job.outcomes.check()
    for number in range(1, 8):
        job.outcomes.write(number, Outcome([f"seed={number}"], None, "data.bad", "a line"))
    with pytest.raises(TrialsFailed, match=r"7 of 8 jobs failed: seed=1 \(data.bad\).*seed=5 \(data.bad\), and 2 more"):
        job.outcomes.check()


def test_how_many_jobs_run_side_by_side():
    cores = os.cpu_count()
    assert jobs_at_once({"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}) == 1
    assert [jobs_at_once({"n_jobs": count}) for count in (3, -1)] == [3, cores]
    assert [jobs_at_once({"ray": {"init": {"num_cpus": count}}}) for count in (4, None)] == [4, cores]
    assert jobs_at_once({"array_parallelism": 256}) == 256


def test_a_job_ends_with_the_program_that_started_it():
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    code = f"""
import time
from bakeoff.config import processes
processes.end_soon_after(processes.Process.of({parent.pid}))
print("ready", flush=True)
time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    assert child.poll() is None
    parent.kill()
    assert child.wait(timeout=20) == 1
    parent.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the start of a process is no matter of the boot")
def test_a_process_lives_on_when_the_clock_is_set(monkeypatch):
    this, booted = Process.this(), psutil.boot_time()
    for step_s in (3600, -3600):
        monkeypatch.setattr(psutil._psplatform, "boot_time", lambda step_s=step_s: booted + step_s)
        assert psutil.Process().create_time() == pytest.approx(this.started + step_s, abs=1)
        assert this.is_alive()
    assert not replace(this, started=this.started - 10, since_boot=this.since_boot - 10).is_alive()
