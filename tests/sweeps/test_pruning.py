"""A trial reports each validation and ends when the pruner says so."""

from __future__ import annotations

from types import SimpleNamespace

import optuna
import pytest

from bakeoff.training.loop.pruning import Pruned, Pruning


def after_epoch(epoch, value, *, max_epochs=5, should_stop=False):
    return SimpleNamespace(
        sanity_checking=False,
        is_global_zero=True,
        current_epoch=epoch,
        max_epochs=max_epochs,
        should_stop=should_stop,
        callback_metrics={"val/accuracy": value},
    )


@pytest.fixture
def trial():
    """A trial whose five predecessors had 0.5 at each epoch."""
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner())
    for _ in range(5):
        before = study.ask()
        for epochs in range(1, 6):
            before.report(0.5, epochs)
        study.tell(before, 0.5)
    return study.ask()


def test_a_trial_below_the_median_ends(trial):
    with pytest.raises(Pruned, match=r"val/accuracy 0\.4000 after epoch 1"):
        Pruning(trial, "val/accuracy").on_validation_end(after_epoch(0, 0.4), None)


def test_a_trial_above_it_goes_on(trial):
    for epoch in range(5):
        Pruning(trial, "val/accuracy").on_validation_end(after_epoch(epoch, 0.6), None)
    assert trial.study.trials[-1].intermediate_values == dict.fromkeys(range(1, 6), 0.6)


def test_the_last_validation_ends_nothing(trial):
    Pruning(trial, "val/accuracy").on_validation_end(after_epoch(4, 0.1), None)
    assert trial.study.trials[-1].intermediate_values == {5: 0.1}


def test_the_check_before_training_is_not_reported(trial):
    trainer = after_epoch(0, 0.1)
    trainer.sanity_checking = True
    Pruning(trial, "val/accuracy").on_validation_end(trainer, None)
    assert trial.study.trials[-1].intermediate_values == {}
