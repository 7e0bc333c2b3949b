"""What is shown while trials run."""

import json
from types import SimpleNamespace

import pytest

from bakeoff.comparison.running.job import Job
from bakeoff.comparison.running.progress import BakeoffProgress
from bakeoff.training.trial.run import TrialLabel


def job(folder, seed, contender="lstm", part=1.0):
    limits = {"max_epochs": 4, "max_examples": None, "max_seconds": None}
    config = {"seed": seed, "trainer": limits, "train_fraction": part}
    return Job(config, folder / str(seed), TrialLabel("t0", contender))


def log(job, epochs):
    job.folder.mkdir()
    records = [
        {"kind": kind, "epoch": epoch, "examples_seen": 9, "seconds": 1} for epoch in range(epochs) for kind in "tv"
    ]
    (job.folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


def result(job, seconds):
    return {
        "seed": job.config["seed"],
        "status": "finished",
        "validation": {"accuracy": 0.5},
        "wall_seconds": seconds,
    }


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    return clock


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_the_time_left_counts_what_running_trials_have_done(part, tmp_path, clock):
    """Of 10 trials 2 ended before, 1 now in 59 s, and 1 is half done: 6.5 are left, two at a time."""
    lines = []
    jobs = [job(tmp_path, seed, part=part) for seed in range(10)]
    for early in jobs[8:]:
        log(early, 1)
        (early.folder / "result.json").write_text("{}")
    first, second, *_ = jobs
    shown = BakeoffProgress(jobs, metric="accuracy", say=lines.append)
    log(second, int(2 / part))
    shown.waits([first, second])
    clock.now = 59.0
    shown.ended(first, result(first, 59.0))
    clock.now = 60.0
    shown.waits([second])  # too early for another line
    assert lines == [
        "2 of 10 trials have finished before and are not run again",
        "[ 3/10] lstm seed 0            val/accuracy 0.5000  59.0 s  3:12 left",
    ]
    clock.now = 120.0
    shown.waits([second])
    assert lines[2:] == ["3 of 10 trials, 1 running: lstm seed 1 50%  3:12 left"]


def test_a_contender_is_as_slow_as_its_trials_have_been(tmp_path, clock):
    """Of a slow one, the running trial is known to have three quarters of 1,000 s to go, whatever others took."""
    lines = []
    slow, fast = ([job(tmp_path, f"{name}{seed}", name) for seed in range(2)] for name in ("rcnn", "mlp"))
    shown = BakeoffProgress([*slow, *fast], metric="accuracy", say=lines.append)
    log(slow[1], 1)
    for ended, seconds in ((slow[0], 1000.0), (fast[0], 10.0), (fast[1], 10.0)):
        shown.waits([ended, slow[1]])
        shown.ended(ended, result(ended, seconds))
    assert [line.split("  ")[-1] for line in lines] == ["22:55 left", "12:30 left", "12:30 left"]


def test_a_trial_that_runs_tells_the_pace_of_a_contender_without_one_that_ended(tmp_path, clock):
    lines = []
    jobs = [job(tmp_path, seed) for seed in range(2)]
    shown = BakeoffProgress(jobs, metric="accuracy", say=lines.append)
    shown.waits(jobs[:1])
    log(jobs[0], 1)
    clock.now = 100.0
    shown.waits(jobs[:1])
    assert lines == ["0 of 2 trials, 1 running: lstm seed 0 25%  11:40 left"]
