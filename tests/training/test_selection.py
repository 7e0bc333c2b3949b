"""Which weights are kept, and when no better ones are to be expected."""

import math
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from torch import nn

from bakeoff.errors import ConfigError
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.selection import Selection
from bakeoff.training.trial.settings import TrainerSettings


@pytest.mark.parametrize(("select", "kept"), [("best", 1), ("last", 3)])
def test_patience_counts_from_the_best_validation_whichever_weights_are_kept(tmp_path, select, kept):
    settings = TrainerSettings(select=select, patience=2)
    selection = Selection(tmp_path / "weights.safetensors", settings=settings, metric="val/accuracy", sign=1.0)
    module = Mock(spec=TrainingModule, net=nn.Linear(1, 1))
    stops = []
    for epoch, accuracy in enumerate([0.5, 0.9, 0.1, 0.2]):
        trainer = SimpleNamespace(sanity_checking=False, is_global_zero=True, should_stop=False, current_epoch=epoch)
        trainer.callback_metrics = {"val/accuracy": accuracy, "val/loss": 1.0}
        selection.on_validation_end(trainer, module)
        stops.append(trainer.should_stop)
    assert stops == [False, False, False, True]
    assert selection.best_epoch == kept


def test_the_last_weights_are_kept_and_no_finite_validation_is_no_score(tmp_path):
    selection = Selection(
        tmp_path / "weights.safetensors", settings=TrainerSettings(select="last"), metric="val/loss", sign=-1.0
    )
    trainer = SimpleNamespace(sanity_checking=False, is_global_zero=True, should_stop=False, current_epoch=0)
    trainer.callback_metrics = {"val/loss": float("nan")}
    selection.on_validation_end(trainer, Mock(spec=TrainingModule, net=nn.Linear(1, 1)))
    assert selection.path.exists()
    assert selection.best_score == -math.inf


def test_a_metric_that_this_data_lacks_is_told_with_those_that_it_has(tmp_path):
    selection = Selection(tmp_path / "weights.safetensors", settings=TrainerSettings(), metric="val/f1", sign=1.0)
    trainer = SimpleNamespace(sanity_checking=False, is_global_zero=True, should_stop=False, current_epoch=0)
    trainer.callback_metrics = {"val/accuracy": 0.5, "val/loss": 1.0}
    with pytest.raises(ConfigError, match=r"task\.metric=f1: it is not measured of this data; allowed: accuracy, loss"):
        selection.on_validation_end(trainer, Mock(spec=TrainingModule, net=nn.Linear(1, 1)))
