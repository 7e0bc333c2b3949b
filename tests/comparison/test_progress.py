"""What is shown while trials run."""

import json
from types import SimpleNamespace

import pytest

from bakeoff.comparison.running.job import Job
from bakeoff.comparison.running.progress import BakeoffProgress
from bakeoff.training.trial.run import TrialLabel


def job(folder, seed, part=1.0):
    limits = {"max_epochs": 4, "max_examples": None, "max_seconds": None}
    return Job({"seed": seed, "trainer": limits, "train_fraction": part}, folder / str(seed), TrialLabel("t0", "lstm"))


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_the_time_left_counts_what_running_trials_have_done(part, tmp_path, monkeypatch):
    """Of 10 trials 2 ended before, 1 in the last two minutes, and 1 is half done: 6.5 are left, at 80 s each."""
    time, lines = SimpleNamespace(now=0.0), []
    monkeypatch.setattr("time.monotonic", lambda: time.now)
    shown = BakeoffProgress(total=10, done=2, metric="accuracy", say=lines.append)
    first, second = job(tmp_path, 0, part), job(tmp_path, 1, part)
    second.folder.mkdir()
    records = [
        {"kind": kind, "epoch": epoch, "examples_seen": 9, "seconds": 1}
        for epoch in range(int(2 / part))
        for kind in "tv"
    ]
    (second.folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    shown.waits([first, second])
    time.now = 59.0
    shown.ended(first, {"seed": 0, "status": "finished", "validation": {"accuracy": 0.5}, "wall_seconds": 59.0})
    time.now = 60.0
    shown.waits([second])  # too early for another line
    assert lines == [
        "2 of 10 trials have finished before and are not run again",
        "[ 3/10] lstm seed 0            val/accuracy 0.5000  59.0 s  6:53 left",
    ]
    time.now = 120.0
    shown.waits([second])
    assert lines[2:] == ["3 of 10 trials, 1 running: lstm seed 1 50%  8:40 left"]
