"""Trials in processes of their own: whatever becomes of one, the others and the record stand."""

import os
import signal

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.executor import Job, LocalExecutor
from bakeoff.config.composition import Composer
from bakeoff.files import read_json
from bakeoff.training.assembly import trial_config
from bakeoff.training.trial import TrialLabel


def job(folder, *overrides, name="t0"):
    base = ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu", *overrides]
    config = trial_config(OmegaConf.to_container(Composer().compose("train", base).cfg, resolve=True))
    return Job(config, folder / name, TrialLabel(name, "linear", "contender", "b0"))


def run(jobs, **options):
    ended = []
    LocalExecutor(**options).run(jobs, on_end=lambda job, result: ended.append((job.label.trial_id, result["status"])))
    return ended


def test_every_trial_runs_once_and_finished_ones_not_again(tmp_path):
    jobs = [job(tmp_path, f"seed={seed}", name=f"t{seed}") for seed in range(3)]
    assert sorted(run(jobs, workers=2)) == [("t0", "finished"), ("t1", "finished"), ("t2", "finished")]
    times = [(one.folder / "result.json").stat().st_mtime_ns for one in jobs]
    assert run(jobs) == []
    assert [(one.folder / "result.json").stat().st_mtime_ns for one in jobs] == times


def test_a_failing_trial_becomes_a_result_and_takes_nobody_along(tmp_path):
    bad = job(tmp_path, "data=image_folder", f"data.path={tmp_path / 'nowhere'}", name="bad")
    assert sorted(run([bad, job(tmp_path)], workers=1)) == [("bad", "failed"), ("t0", "finished")]
    assert "data.not_found" in read_json(bad.folder / "result.json")["why"]
    assert "Traceback" in (bad.folder / "log.txt").read_text()


def test_a_trial_over_its_time_is_stopped_and_scored_as_failed(tmp_path):
    slow = job(tmp_path, "trainer.max_epochs=1000000")
    assert run([slow], timeout_s=3.0) == [("t0", "failed")]
    assert "stopped after 3 s" in read_json(slow.folder / "result.json")["why"]


@pytest.mark.parametrize(("kills", "status"), [(1, "finished"), (2, "failed")])
def test_a_killed_trial_is_started_once_more_with_its_seed_and_noted(tmp_path, monkeypatch, kills, status):
    executor = LocalExecutor(workers=1, retries=1)
    original, started = executor._start, []

    def start_and_kill(attempt, slot):
        running = original(attempt, slot)
        started.append(attempt.job.config["seed"])
        if len(started) <= kills:
            os.kill(running.process.pid, signal.SIGKILL)
        return running

    monkeypatch.setattr(executor, "_start", start_and_kill)
    ended = []
    trial = job(tmp_path, "seed=7")
    executor.run([trial], on_end=lambda _, result: ended.append(result))
    assert [result["status"] for result in ended] == [status]
    assert started == [7, 7]
    assert "ended with exit code -9 and no result\n" in (trial.folder / "log.txt").read_text()
