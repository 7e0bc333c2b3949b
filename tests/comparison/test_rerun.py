"""Trials that were killed from outside are run again where that was declared, and only while the test is sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.comparison.running.attempts import Attempt, following
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.order import Ending
from bakeoff.config.running import run_pipeline
from bakeoff.files import read_json
from tests.comparison.finished_bakeoffs import InThisProcess

WORDS = [
    *("contenders=[lenet,{model: mlp, name: dense}]", "baselines=[]", "seeds=3", "budget=none", "output_dir=out"),
    *("trainer.max_epochs=1", "trainer.accelerator=cpu", "tracking=none"),
]


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trials_in_this_process: None) -> list[str]:
    """The next commands' first trials of these names are killed."""
    monkeypatch.chdir(tmp_path)
    left: list[str] = []

    def run(executor, jobs, *, on_end, on_wait=None):
        for job in jobs:
            if job.label.contender in left and not job.finished:
                left.remove(job.label.contender)
                assert following(Attempt(job), Ending("exit code -9"), retries=0) is None
                on_end(job, read_json(job.folder / "result.json"))
        InThisProcess.run(executor, jobs, on_end=on_end, on_wait=on_wait)

    monkeypatch.setattr(LocalExecutor, "run", run)
    return left


def compare(*more: str) -> int | str | None:
    try:
        run_pipeline("compare", argv=[*WORDS, *more])
    except SystemExit as stop:
        return stop.code
    return 0


def test_the_test_stays_sealed_until_killed_trials_have_been_run_again(kills, capsys) -> None:
    kills += ["lenet", "dense"]
    assert compare("rerun=killed") == 6
    assert "2 of 6 trials were killed from outside, so the test stays sealed" in capsys.readouterr().err
    assert not Path("out/openings.jsonl").exists()
    kills.append("dense")
    assert compare("rerun=killed") == 6
    assert compare("rerun=killed") == 0
    verdict = read_json(Path("out/verdict.json"))
    assert verdict["failures"] == []
    said = [warning for warning in verdict["warnings"] if warning.startswith("Killed from outside")]
    assert [warning.split(" of the trials of ")[0][-1] for warning in said] == ["1", "1"]


def test_undeclared_they_are_part_of_the_verdict_and_stay_so(kills, capsys) -> None:
    kills.append("lenet")
    assert compare() == 6
    (failure,) = read_json(Path("out/verdict.json"))["failures"]
    assert failure["why"] == "killed once (exit code -9)"
    assert compare("rerun=killed") == 2
    assert "error[config.contradiction] rerun=killed: the test has been opened" in capsys.readouterr().err
