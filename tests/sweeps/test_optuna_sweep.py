"""`-m hydra/sweeper=optuna` from the command line to its results, with a function in place of training."""

from __future__ import annotations

import math
from pathlib import Path

import optuna
import pytest
import yaml

from bakeoff.config.running import run_pipeline
from bakeoff.errors import DataError, TrialsFailed

LR_ONLY = ("model=lenet", "sweep=lr", "hydra/sweeper=optuna", "output_dir=out", "hydra.sweeper.study_name=s")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Objective:
    """Counts its calls, and does something else at some of them."""

    def __init__(self, **special):
        self.special = {int(name.removeprefix("at")): what for name, what in special.items()}
        self.configs = []

    def __call__(self, config):
        self.configs.append(config)
        value = self.special.get(len(self.configs) - 1, 1 / (1 + abs(math.log(config["optimizer"]["lr"] / 1e-3))))
        if isinstance(value, BaseException):
            raise value
        if isinstance(value, dict):
            return value
        return {"status": "finished", "trial_id": f"{len(self.configs):012}", "validation": {"accuracy": value}}


def run(main, *words):
    try:
        run_pipeline("train", main, argv=["-m", *LR_ONLY, *words])
    except SystemExit as stop:
        return stop.code
    return 0


def results():
    return yaml.safe_load(Path("out/s/optimization_results.yaml").read_text())


def test_the_best_trial_is_told_with_the_command_that_trains_it(capsys):
    main = Objective()
    assert run(main, "hydra.sweeper.n_trials=6", "seed=3") == 0
    lrs = [config["optimizer"]["lr"] for config in main.configs]
    assert len(set(lrs)) == 6 and all(1e-4 <= lr <= 3e-2 for lr in lrs)
    found, best = results(), min(lrs, key=lambda lr: abs(math.log(lr / 1e-3)))
    assert found["trials"] == {"total": 6, "finished": 6, "pruned": 0, "failed": 0}
    assert found["best"]["params"] == {"optimizer.lr": best}
    assert found["best"]["trial_id"] == f"{lrs.index(best) + 1:012}"
    assert (found["metric"], found["direction"]) == ("val/accuracy", "maximize")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(f"train it: bakeoff train model=lenet seed=3 optimizer.lr={best!r}")


def test_failing_and_diverging_trials_do_not_end_the_study(capsys):
    diverged = TrialsFailed("trials.diverged", "train", "lenet", "training loss nan")
    lost = DataError("data.not_found", "data.path", "x", "there is no such folder")
    main = Objective(at0=diverged, at1=lost, at2=RuntimeError("boom"), at3=math.nan)
    assert run(main, "hydra.sweeper.n_trials=6") == 6
    assert results()["trials"] == {"total": 6, "finished": 2, "pruned": 0, "failed": 4}
    assert capsys.readouterr().err.splitlines()[-1].startswith("error[trials.failed] -m: 3 of 6 jobs failed")


def test_an_interrupted_study_is_completed_by_the_same_command():
    assert run(Objective(at3=KeyboardInterrupt()), "hydra.sweeper.n_trials=5") == 130
    main = Objective()
    assert run(main, "hydra.sweeper.n_trials=5") == 0
    assert results()["trials"]["total"] == 5
    assert len(main.configs) == 2
    again = Objective()
    assert run(again, "hydra.sweeper.n_trials=5") == 0
    assert again.configs == []


def test_a_pruned_trial_is_neither_finished_nor_failed():
    pruned = {"status": "pruned", "why": "pruned at val/accuracy 0.1 after epoch 1"}
    main = Objective(at1=pruned)
    assert run(main, "hydra.sweeper.n_trials=3", "hydra.sweeper.pruner=median") == 0
    assert results()["trials"] == {"total": 3, "finished": 2, "pruned": 1, "failed": 0}
    where = [config["sweep"]["trial"] for config in main.configs]
    assert [trial["number"] for trial in where] == [0, 1, 2]
    assert {(trial["study"], trial["pruner"]) for trial in where} == {("s", "median")}
    assert where[0]["storage"] == f"sqlite:///{Path('out/s/optuna.db').resolve()}"


def test_a_batch_asks_for_several_trials_before_the_first_ends():
    assert run(Objective(), "hydra.sweeper.n_trials=5", "hydra.sweeper.n_jobs=2") == 0
    trials = optuna.load_study(study_name="s", storage="sqlite:///out/s/optuna.db").trials
    assert trials[1].datetime_start < trials[0].datetime_complete < trials[2].datetime_start


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["hydra.sweeper.sampler=grid"], 2),
        (["hydra.sweeper.trials=3"], 2),
        (["model=lenet,vit"], 2),
        (["sweep=learning_rate"], 2),
    ],
)
def test_mistakes_are_told_before_anything_runs(words, code):
    main = Objective()
    assert run(main, *words) == code
    assert main.configs == []
