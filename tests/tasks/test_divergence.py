"""Steps without a finite loss change nothing and are counted; some in a row end the training."""

import math

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from bakeoff.files import read_json
from bakeoff.tasks.weighted_mean import WeightedMean
from bakeoff.training.loop.divergence import Diverged, LossGuard, tell_fused
from bakeoff.training.loop.interruption import Interrupted
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import run_trial
from tests.training.test_resume import LABEL, at_step, settings, signal_itself

FINE, BAD = torch.tensor(1.0), torch.tensor(math.nan)
OPTIMIZERS = {
    "adam": lambda net: torch.optim.Adam(net.parameters(), fused=True),
    "adamw": lambda net: torch.optim.AdamW(net.parameters(), fused=True),
    "sgd": lambda net: torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, fused=True),
}


def optimizer_of(net):
    return torch.optim.SGD(net.parameters(), lr=0.1)


def reviewed(guard, *losses, first_step=0):
    optimizer = optimizer_of(nn.Linear(1, 1))
    for loss in losses:
        guard.admits(loss, optimizer, agreed=None)
    return guard.review(torch.stack(losses), first_step=first_step)


def test_bad_steps_are_refused_and_counted():
    guard = LossGuard(limit=3)
    assert reviewed(guard, FINE, BAD, BAD, FINE, BAD) == [True, False, False, True, False]
    assert (guard.nonfinite_steps, guard.in_a_row) == (3, 1)


def test_the_limit_counts_over_calls_and_names_the_step():
    guard = LossGuard(limit=3)
    reviewed(guard, FINE, BAD, BAD)
    with pytest.raises(Diverged, match="training loss nan in step 9, as in the 2 before") as caught:
        reviewed(guard, BAD, first_step=9)
    assert caught.value.nonfinite_steps == 3


def test_processes_that_train_together_agree():
    guard, optimizer = LossGuard(), optimizer_of(nn.Linear(1, 1))
    assert not guard.admits(FINE, optimizer, agreed=lambda mine: False)
    assert guard.review(torch.stack([FINE]), first_step=0) == [False]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_fused_optimizer_that_is_told_leaves_weights_and_moments_alone(name):
    torch.manual_seed(0)
    net = nn.Linear(3, 2)
    optimizer = OPTIMIZERS[name](net)

    def step(factor):
        optimizer.zero_grad()
        loss = factor * net(torch.ones(4, 3)).square().mean()
        loss.backward()
        tell_fused(optimizer, loss)
        optimizer.step()

    def state():
        moments = [value for part in optimizer.state.values() for value in part.values() if value is not None]
        return [tensor.clone() for tensor in (*net.parameters(), *moments)]

    step(1.0)
    before = state()
    step(math.nan)
    assert all(torch.equal(now, then) for now, then in zip(state(), before, strict=True))
    step(1.0)
    assert not torch.equal(net.weight, before[0])


def bad_at(monkeypatch, *steps):
    """Makes the training loss of these steps not a number."""
    original = TrainingModule._step

    def spoiled(self, batch):
        loss = original(self, batch)
        if self.training and self.global_step in steps:
            *kept, _, weight = self._pending.pop()
            loss = loss * math.nan
            self._pending.append((*kept, loss.detach(), weight))
        return loss

    monkeypatch.setattr(TrainingModule, "_step", spoiled)


def test_a_trial_survives_a_few_bad_steps_as_if_they_were_not_taken(tmp_path, monkeypatch):
    bad_at(monkeypatch, 3, 4, 7)
    taken = []
    original = TrainingModule._optimize
    monkeypatch.setattr(
        TrainingModule, "_optimize", lambda self, *a: taken.append(self.global_step) or original(self, *a)
    )
    result = run_trial(Training(settings("cnn"), tmp_path), label=LABEL)
    records = read_log(tmp_path / "metrics.jsonl")
    assert (result["status"], result["nonfinite_steps"]) == ("finished", 3)
    assert taken == [step for step in range(records[-1]["step"]) if step not in (3, 4, 7)]
    assert all(math.isfinite(record["train/loss"]) for record in records if record["kind"] == "train")


def test_a_trial_whose_bad_steps_reach_the_limit_has_diverged(tmp_path, monkeypatch):
    bad_at(monkeypatch, 3, 4)
    result = run_trial(Training(settings("cnn", "trainer.max_nonfinite_steps=2"), tmp_path), label=LABEL)
    assert (result["status"], result["nonfinite_steps"]) == ("diverged", 2)
    assert read_json(tmp_path / "result.json")["why"] == "training loss nan in step 4, as in the 1 before"


def test_bad_steps_before_a_stop_count_after_it(tmp_path, monkeypatch):
    bad_at(monkeypatch, 4, 5, 6)
    with at_step(5, signal_itself), pytest.raises(Interrupted):
        run_trial(Training(settings("cnn"), tmp_path), label=LABEL)
    result = run_trial(Training(settings("cnn"), tmp_path), label=LABEL)
    assert (result["status"], result["nonfinite_steps"]) == ("diverged", 3)


def test_a_stream_starts_anew_after_a_bad_step(tmp_path, monkeypatch):
    """Else the state that the bad step left would spoil all that follow."""
    bad_at(monkeypatch, 3)
    original = TrainingModule.forward

    def spoiled(self, inputs):
        logits_BTV = original(self, inputs)
        if self.training and self.global_step == 3:
            state = tree_map_only(torch.Tensor, lambda part: part * math.nan, self._pass.state())
            self._pass.restore(state)
        return logits_BTV

    monkeypatch.setattr(TrainingModule, "forward", spoiled)
    result = run_trial(Training(settings("language model"), tmp_path), label=LABEL)
    assert (result["status"], result["nonfinite_steps"]) == ("finished", 1)


def spoilt_metrics(split):
    return {f"{split}/accuracy": math.nan, f"{split}/loss": 1.0}


def test_a_trial_without_a_finite_validation_has_diverged(tmp_path, monkeypatch):
    monkeypatch.setattr(TrainingModule, "take_metrics", lambda self, split: spoilt_metrics(split))
    result = run_trial(Training(settings("cnn", "trainer.select=best"), tmp_path), label=LABEL)
    assert result["status"] == "diverged"
    assert "val/accuracy" in result["why"]


def bad_in_validation(monkeypatch, *epochs):
    """Makes the loss of the first batch of these epochs' validations not a number."""
    original = TrainingModule.validation_step

    def spoiled(self, batch, batch_index):
        step = self._step
        if batch_index == 0 and self.trainer.state.fn == "fit" and self.current_epoch in epochs:
            self._step = lambda part: spoil(self, step(part))
        original(self, batch, batch_index)
        self._step = step

    monkeypatch.setattr(TrainingModule, "validation_step", spoiled)


def spoil(module, loss):
    observed, loss, weight = module._pending.pop()
    module._pending.append((observed, loss * math.nan, weight))


@pytest.mark.filterwarnings("error:Encountered")
def test_a_trial_whose_validation_losses_are_no_numbers_has_diverged(tmp_path, monkeypatch):
    """torchmetrics 1.9.0 leaves such a batch out of its mean with a warning."""
    bad_in_validation(monkeypatch, *range(10))
    result = run_trial(Training(settings("cnn", "data.batch_size=64", "trainer.select=best"), tmp_path), label=LABEL)
    assert result["status"] == "diverged"
    assert result["why"] == (
        "no validation found a finite val/accuracy with a finite loss; the last validation found val/loss nan"
    )
    records = [record for record in read_log(tmp_path / "metrics.jsonl") if record["kind"] == "val"]
    assert [record["val/loss"] for record in records] == [None] * len(records)
    assert all(math.isfinite(record["val/accuracy"]) for record in records)


def test_the_best_validation_is_one_of_a_finite_loss(tmp_path, monkeypatch):
    bad_in_validation(monkeypatch, 1)
    result = run_trial(Training(settings("cnn", "trainer.select=best"), tmp_path), label=LABEL)
    assert (result["status"], result["selected_epoch"]) == ("finished", 0)


def test_the_last_weights_need_a_finite_loss_where_they_are_kept(tmp_path, monkeypatch):
    bad_in_validation(monkeypatch, 1)
    result = run_trial(Training(settings("cnn", "trainer.select=last"), tmp_path), label=LABEL)
    assert (result["status"], result["why"]) == ("diverged", "the last validation found val/loss nan")


def test_a_mean_of_what_is_no_number_is_none_and_weighs_the_others():
    mean = WeightedMean()
    mean.update(torch.tensor([1.0, 4.0, math.nan]), torch.tensor([3, 1, 0]))
    assert float(mean.compute()) == 1.75
    mean.update(torch.tensor([math.nan]), torch.tensor([2]))
    assert math.isnan(mean.compute())
