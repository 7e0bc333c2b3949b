"""Vanishing and exploding gradients are flagged, logged, and kept over an interruption."""

import pytest
import torch
from pytorch_lightning import Trainer
from torch import nn

from bakeoff.files import read_json
from bakeoff.training.loop.gradient_watch import GradientWatch
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import run_trial
from tests.training.test_trial import LABEL, config


class TwoLayers(TrainingModule):
    """A module of two layers whose gradients a test sets."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        self.norm_before_clipping = None


def looked(*gradients: tuple[float, float]) -> GradientWatch:
    watch, task, trainer = GradientWatch(), TwoLayers(), Trainer(logger=False, enable_checkpointing=False)
    for pair in gradients:
        for layer, value in zip(task.net, pair, strict=True):
            layer.weight.grad = torch.full((2, 2), value)
        watch.on_validation_start(trainer, task)
    return watch


def test_norm_and_ratio_are_those_of_the_last_look():
    watch = looked((1.0, 1.0), (3.0, 4.0))
    assert watch.latest == pytest.approx({"train/gradient_norm": 10.0, "train/gradient_ratio": 0.75})
    assert watch.flag is None


def test_vanishing_needs_more_than_half_of_the_looks():
    assert looked((1e-6, 1.0), (1.0, 1.0)).flag is None
    assert looked((1e-6, 1.0), (1e-6, 1.0), (1.0, 1.0)).flag == "vanishing"
    assert looked((0.0, 1.0)).flag == "vanishing"


@pytest.mark.parametrize("value", [1e3, float("nan"), float("inf")])
def test_exploding_needs_one_look(value):
    assert looked((1.0, 1.0), (value, 1.0), (1.0, 1.0)).flag == "exploding"


def test_gradients_that_are_all_zero_are_not_uneven():
    assert looked((0.0, 0.0)).flag is None


def test_the_norm_is_that_before_clipping():
    watch, task = GradientWatch(), TwoLayers()
    for layer in task.net:
        layer.weight.grad = torch.ones(2, 2)
    task.norm_before_clipping = torch.tensor(5e3)
    watch.on_validation_start(Trainer(logger=False, enable_checkpointing=False), task)
    assert watch.latest["train/gradient_norm"] == 5e3
    assert watch.flag == "exploding"


def test_counts_survive_an_interruption():
    watch = GradientWatch()
    watch.load_state_dict(looked((1e-6, 1.0)).state_dict())
    assert watch.flag == "vanishing"


def test_a_trial_logs_its_gradients_and_says_that_nothing_is_wrong(tmp_path):
    result = run_trial(Training(config("mlp", "trainer.max_epochs=2"), tmp_path), label=LABEL)
    records = [record for record in read_log(tmp_path / "metrics.jsonl") if record["kind"] == "train"]
    assert all(record["train/gradient_norm"] > 0 and 0 < record["train/gradient_ratio"] <= 1 for record in records)
    assert result["gradients"] is None


def test_a_deep_network_of_sigmoids_at_torchs_own_start_is_flagged():
    torch.manual_seed(0)
    watch, task = GradientWatch(), TwoLayers()
    task.net = nn.Sequential(*(part for _ in range(12) for part in (nn.Linear(16, 16), nn.Sigmoid())))
    task.net(torch.randn(8, 16)).square().mean().backward()
    watch.on_validation_start(Trainer(logger=False, enable_checkpointing=False), task)
    assert watch.flag == "vanishing"


def test_a_diverged_trial_has_exploded(tmp_path):
    run_trial(Training(config("mlp", "optimizer.lr=1e20", "trainer.gradient_clip_norm=null"), tmp_path), label=LABEL)
    assert read_json(tmp_path / "result.json")["gradients"] == "exploding"
