"""Real training through each launcher, and studies killed in their middle."""

from __future__ import annotations

import optuna
import pytest
import yaml

from tests.sweeps import real_sweeps as real

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TRIALS = 12


@pytest.fixture(scope="module")
def one_after_the_other(tmp_path_factory):
    """The results of the basic launcher."""
    folder = tmp_path_factory.mktemp("basic")
    real.run_grid("basic", folder)
    return {trial: metrics for trial, (metrics, _) in real.grid_results(folder).items()}


@pytest.mark.parametrize("launcher", real.LAUNCHERS)
def test_twenty_jobs_give_the_same_through_each_launcher_and_run_once(launcher, tmp_path, one_after_the_other):
    first = real.run_grid(launcher, tmp_path)
    results = real.grid_results(tmp_path)
    assert first.code == 6, first.stderr
    # Ray may hand over what its workers have said after the command's own last line.
    assert any("10 of 20 jobs failed" in line for line in first.stderr.splitlines()[-5:]), first.stderr
    assert {trial: metrics for trial, (metrics, _) in results.items()} == one_after_the_other
    assert len(results) == 20
    assert real.mlflow_statuses(tmp_path)["FINISHED"] == 10
    assert real.run_grid(launcher, tmp_path).code == 6
    assert real.grid_results(tmp_path) == results
    assert not list(tmp_path.glob("out/.sweep-*"))


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_study_killed_twice_ends_as_an_undisturbed_one(launcher, tmp_path):
    words = real.study_words(launcher, TRIALS)
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    assert real.run(words, tmp_path / "whole").code == 0
    for after in (2, 6):
        assert real.kill_study(words, tmp_path / "killed", after=after)["RUNNING"] >= 1
    assert real.run(words, tmp_path / "killed").code == 0
    whole, killed = real.study_trials(tmp_path / "whole"), real.study_trials(tmp_path / "killed")
    assert [trial.state for trial in killed] == [optuna.trial.TrialState.COMPLETE] * TRIALS
    assert [(trial.params, trial.value) for trial in killed] == [(trial.params, trial.value) for trial in whole]
    found = yaml.safe_load((tmp_path / "killed/out/study/optimization_results.yaml").read_text())
    assert found["trials"] == {"total": TRIALS, "finished": TRIALS, "pruned": 0, "failed": 0}
