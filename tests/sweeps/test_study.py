"""A study on a real database: exact totals after kills, failures that end nothing, draws that kills don't change."""

from __future__ import annotations

import math
import random
from collections import Counter

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from bakeoff.errors import ConfigError
from bakeoff.sweep.settings import StudySettings
from bakeoff.sweep.study import MAX_ATTEMPTS, Hyperband, open_study, pruner, running_trial, url

SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.1, 10.0, log=True)}


def opened(folder, *, identity="one", direction="maximize", **settings):
    return open_study(folder, "study", StudySettings(**settings), SPACE, direction=direction, identity=identity)


def run(folder, *, stop_after=None, value=lambda trial: -((trial.params["x"] - 0.3) ** 2), count=2, **settings):
    """Runs a study; after ``stop_after`` trials the program is gone, with a batch asked and not told."""
    done = 0
    with opened(folder, **settings) as study:
        while trials := study.next_trials(count):
            if stop_after is not None and done >= stop_after:
                return [trial.number for trial in trials]
            for trial in trials:
                study.tell(trial, value=value(trial), state=TrialState.COMPLETE)
            done += len(trials)
    return []


def trials_of(folder):
    return optuna.load_study(study_name="study", storage=url(folder)).trials


@pytest.mark.parametrize("sampler", ["tpe", pytest.param("random", marks=pytest.mark.slow)])
def test_a_killed_study_ends_with_exactly_its_trials_and_draws_what_an_undisturbed_one_draws(tmp_path, sampler):
    run(tmp_path / "whole", n_trials=15, sampler=sampler)
    assert run(tmp_path / "killed", n_trials=15, sampler=sampler, stop_after=4) == [4, 5]
    assert run(tmp_path / "killed", n_trials=15, sampler=sampler, stop_after=8) == [12, 13]
    assert run(tmp_path / "killed", n_trials=15, sampler=sampler) == []
    whole, killed = trials_of(tmp_path / "whole"), trials_of(tmp_path / "killed")
    assert [trial.state for trial in killed] == [TrialState.COMPLETE] * 15
    assert [trial.params for trial in killed] == [trial.params for trial in whole]
    assert len({tuple(trial.params.values()) for trial in whole}) == 15


def test_the_number_of_trials_is_a_total(tmp_path):
    run(tmp_path, n_trials=4)
    run(tmp_path, n_trials=4)
    assert len(trials_of(tmp_path)) == 4
    run(tmp_path, n_trials=7)
    run(tmp_path, n_trials=2)
    assert len(trials_of(tmp_path)) == 7


def test_values_that_are_no_numbers_fail_their_trial_only(tmp_path):
    values = iter([math.nan, 0.5, math.inf, None, 0.25])
    run(tmp_path, n_trials=5, value=lambda trial: next(values), count=1)
    with opened(tmp_path, n_trials=5) as study:
        assert study.counts() == {"total": 5, "finished": 2, "pruned": 0, "failed": 3}
        assert study.best().number == 1
    assert trials_of(tmp_path)[0].user_attrs["why"] == "its metric is nan"


def test_the_direction_decides_which_trial_is_best(tmp_path):
    values = iter([0.5, 0.25, 0.75])
    run(tmp_path, n_trials=3, value=lambda trial: next(values), count=1, direction="minimize")
    with opened(tmp_path, n_trials=3, direction="minimize") as study:
        assert study.best().number == 1


def test_a_trial_that_kills_its_program_is_given_up(tmp_path):
    for _ in range(MAX_ATTEMPTS):
        assert run(tmp_path, n_trials=2, stop_after=0, count=1) == [0]
    run(tmp_path, n_trials=2)
    first, second = trials_of(tmp_path)
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert first.user_attrs["why"] == "killed 3 times"


def test_one_program_at_a_time_runs_a_study(tmp_path):
    with opened(tmp_path), pytest.raises(ConfigError, match="another program"), opened(tmp_path):
        pass


def test_trials_of_other_settings_are_refused(tmp_path):
    run(tmp_path, n_trials=1)
    with pytest.raises(ConfigError, match="other settings"), opened(tmp_path, identity="two"):
        pass


@pytest.mark.parametrize("wrong", [{"n_trials": 0}, {"n_jobs": 0}, {"sampler": "grid"}, {"pruner": "none"}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match=rf"hydra\.sweeper\.{next(iter(wrong))}"):
        StudySettings(**wrong)


@pytest.mark.parametrize("name", ["../other", "/elsewhere", "a/../../b", "", ".", 2024, math.nan])
def test_a_study_stays_in_its_folder(name):
    with pytest.raises(ConfigError, match=r"hydra\.sweeper\.study_name"):
        StudySettings(study_name=name)
    assert StudySettings(study_name="it's a/study #1").study_name == "it's a/study #1"


def test_a_job_reports_to_its_trial_through_the_database(tmp_path):
    with opened(tmp_path, pruner="median") as study:
        (trial,) = study.next_trials(1)
        where = {"storage": url(tmp_path), "study": "study", "number": trial.number, "pruner": "median"}
        running_trial(where).report(0.5, 1)
        assert trials_of(tmp_path)[0].intermediate_values == {1: 0.5}


def epochs_of(name):
    """How many of nine epochs each of 30 trials trains, the values the same whatever the study's name."""
    study = optuna.create_study(study_name=name, direction="maximize", pruner=pruner("hyperband"))
    values, found = random.Random(0), []
    for _ in range(30):
        trial, value, epoch = study.ask(), values.random(), 0
        for epoch in range(1, 10):
            trial.report(value, epoch)
            if trial.should_prune():
                break
        study.tell(trial, value)
        found.append(epoch)
    return found


def test_hyperband_spends_alike_on_studies_of_two_names():
    """Optuna 5.0.0 draws a trial's bracket from its number and the study's name, which differs by model."""
    lenet, resnet = epochs_of("image-digits-lenet-1f0c"), epochs_of("image-digits-resnet-9a2b")
    assert lenet == resnet
    assert len(set(lenet)) > 1


def test_hyperband_uses_every_bracket_as_often_as_optuna_means_to():
    """Of nine epochs: three brackets, of 9, 5 and 3 trials in 17, whose trials can end after 1, 3 and 9 epochs."""
    study = optuna.create_study(pruner=optuna.pruners.HyperbandPruner(max_resource=9))
    hyperband = Hyperband(max_resource=9)
    hyperband._try_initialization(study)
    trials = [optuna.trial.create_trial(value=0.0) for _ in range(1700)]
    for number, trial in enumerate(trials):
        trial.number = number
    counts = Counter(hyperband._get_bracket_id(study, trial) for trial in trials)
    assert [counts[bracket] for bracket in range(3)] == pytest.approx([900, 500, 300], rel=0.15)
