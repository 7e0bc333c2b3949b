"""Seeds that are trained as one: each learns what it learns alone, whatever becomes of the others."""

from collections import defaultdict

import pytest
import torch
from omegaconf import OmegaConf

from bakeoff.comparison.running.order import Order
from bakeoff.comparison.running.worker import train_together, train_trial
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import Batch
from bakeoff.files import read_json
from bakeoff.training.loop.checkpoints import AtomicCheckpointIO
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig, trial_id, without_usual

DIGITS = ("data=digits", "data.batch_size=500")
"""An epoch of two batches and one that is short."""
PROBE = (
    *("task=sequence_probe", "data=adding", "task.metric=mse", "task.direction=minimize", "data.problem.length=12"),
    *("data.num_train=72", "data.num_val=16", "data.num_test=8", "task.network.embedding_width=8"),
)
CASES = {
    "dense, batch norm": (*DIGITS, "model=mlp", "optimizer=sgd"),
    "lenet, dropout, mirrored": (*DIGITS, "model=lenet", "model.net.dropout=0.3", "augment=light"),
    "tcn, dropout of channels": (*PROBE, "model=tcn", "model.net.width=8", "model.net.levels=2"),
    "gated_conv, dropout": (*PROBE, "model=gated_conv", "model.net.width=8", "model.net.depth=2"),
    "transformer, dropout": (*PROBE, "model=transformer", "model.net.width=8", "model.net.depth=1"),
}
UNSTACKED = (*PROBE, "model=gru", "model.net.width=8")


def orders(folder, overrides, *, seeds=2):
    """Trials of one configuration and several seeds."""
    common = ["trainer.accelerator=cpu", "trainer.max_epochs=3", "trainer.steps_per_call=2", *overrides]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", common).cfg, resolve=True)).raw
    label = {"trial_id": "t", "contender": config["model"]["name"], "role": "contender", "bakeoff_id": "b"}
    return [Order({**config, "seed": seed}, folder / str(seed), label, []) for seed in range(seeds)]


@pytest.fixture
def losses(monkeypatch):
    """Of every training step, by seed, until they are asked for."""
    found, note = defaultdict(list), TrainingModule.note

    def noted(module, outputs, batch, loss):
        if module.training:
            found[module.seed].append(float(loss))
        note(module, outputs, batch, loss)

    def taken():
        now = dict(found)
        found.clear()
        return now

    monkeypatch.setattr(TrainingModule, "note", noted)
    return taken


def results(orders):
    return [read_json(order.folder / "result.json") for order in orders]


@pytest.mark.parametrize("case", CASES)
def test_losses_of_stacked_seeds_are_those_of_single_ones(case, tmp_path, losses):
    alone, together = orders(tmp_path / "alone", CASES[case]), orders(tmp_path / "together", CASES[case])
    for order in alone:
        train_trial(order)
    single = losses()
    train_together(together)
    stacked = losses()
    assert single.keys() == stacked.keys() == {0, 1}
    for seed in single:
        assert len(single[seed]) == 9
        assert stacked[seed] == pytest.approx(single[seed], abs=1e-5)
    for one, other in zip(results(alone), results(together), strict=True):
        assert other["status"] == "finished"
        assert "apart" not in other
        assert other["stacked"] == 2
        assert [one[name] for name in ("params", "epochs", "examples_seen", "data_fingerprint")] == [
            other[name] for name in ("params", "epochs", "examples_seen", "data_fingerprint")
        ]
    for one, other in zip(alone, together, strict=True):
        assert {path.name for path in one.folder.iterdir()} <= {path.name for path in other.folder.iterdir()}


def test_a_seed_that_diverges_leaves_the_others_as_they_are(tmp_path, losses, monkeypatch):
    case = CASES["lenet, dropout, mirrored"]
    augmented = TrainingModule._augmented

    def spoilt(module, batch):
        batch = augmented(module, batch)
        return Batch(batch.inputs * torch.nan, *batch[1:]) if module.seed == 1 and module.global_step >= 2 else batch

    alone = orders(tmp_path / "alone", case, seeds=3)
    for order in (alone[0], alone[2]):
        train_trial(order)
    single = losses()
    monkeypatch.setattr(TrainingModule, "_augmented", spoilt)
    together = orders(tmp_path / "together", case, seeds=3)
    train_together(together)
    stacked = losses()
    assert [result["status"] for result in results(together)] == ["finished", "diverged", "finished"]
    assert results(together)[1]["nonfinite_steps"] == 3
    for seed in (0, 2):
        assert stacked[seed] == pytest.approx(single[seed], abs=1e-5)


def test_what_torch_cannot_stack_is_left_to_processes_of_its_own(tmp_path):
    together = orders(tmp_path, UNSTACKED)
    with pytest.raises(SystemExit) as end:
        train_together(together)
    assert end.value.code == 80
    assert not any((order.folder / "result.json").exists() for order in together)
    assert all("aten::gru" in read_json(order.folder / "apart.json")["why"] for order in together)


def test_a_resumed_group_goes_on_together(tmp_path, losses):
    """As after an end by a signal: each seed has a resume point of its own, with its own part of the moments."""
    case = (*CASES["gated_conv, dropout"], "trainer.checkpoint_every_s=0")
    whole, cut = orders(tmp_path / "whole", case), orders(tmp_path / "cut", case)
    train_together(whole)
    undisturbed = losses()
    steps = 0

    def interrupted(module, batch):
        nonlocal steps
        steps += 1
        if steps > 10:  # the sixth step of both
            raise SystemExit(143)
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingModule, "_augmented", interrupted)
        with pytest.raises(SystemExit):
            train_together(cut)
    before = losses()
    train_together(cut)
    after = losses()
    assert [result["status"] for result in results(cut)] == ["finished", "finished"]
    for seed, expected in undisturbed.items():
        assert 0 < len(after[seed]) < 9
        assert len(before[seed]) + len(after[seed]) >= 9
        assert after[seed] == pytest.approx(expected[-len(after[seed]) :], abs=1e-5)


def test_a_checkpoint_of_one_seed_holds_nothing_of_the_others(tmp_path):
    stacked = torch.zeros(100, 1000)
    state = {"state_dict": {"w": stacked[3]}, "optimizer_states": [{"state": {0: {"m": stacked[4]}}}], "step": 7}
    AtomicCheckpointIO().save_checkpoint(state, tmp_path / "point.ckpt")
    assert (tmp_path / "point.ckpt").stat().st_size < 20_000
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "point.ckpt")["step"] == 7


def test_a_trial_that_is_not_stacked_has_the_id_that_it_had_before_there_was_such_a_thing():
    config = OmegaConf.to_container(Composer().compose("train", []).cfg, resolve=True)
    before = {**config, "trainer": {name: v for name, v in config["trainer"].items() if name != "stack_seeds"}}
    stacked = {**config, "trainer": {**config["trainer"], "stack_seeds": 5}}
    assert without_usual(config)["trainer"] == before["trainer"]
    assert trial_id(config, "data") == trial_id(before, "data") != trial_id(stacked, "data")
