"""A trial is a pure function of configuration and seed: twice the same, and the same when it was interrupted."""

import json

import numpy as np
import pytest
from omegaconf import OmegaConf

from bakeoff.config.composition import Composer
from bakeoff.files import read_json
from bakeoff.tables import column
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig, trial_id
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.predictions import sealed_answers
from bakeoff.training.trial.run import TrialLabel, run_trial

LABEL = TrialLabel("t0", "m")


def config(model, *overrides):
    small = ["trainer.max_epochs=4", "trainer.accelerator=cpu", "augment.rotation=10", f"model={model}", *overrides]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", small).cfg, resolve=True))


def outcome(folder):
    result = read_json(folder / "result.json")
    return result["validation"], column(sealed_answers(folder, result), "probabilities")


class Interrupted(Exception):
    """Stands for a kill: nothing after it runs."""


def test_a_trial_resumed_in_its_middle_ends_bit_for_bit_like_an_undisturbed_one(tmp_path, monkeypatch):
    """Of all families, at many steps, in `tests.training.test_resume`."""
    tiny = ["model.net.dropout=0.1", "model.net.width=16", "model.net.depth=1", "trainer.max_epochs=3"]
    settings = config("vit", "trainer.checkpoint_every_s=0", *tiny)
    run_trial(Training(settings, tmp_path / "whole"), label=LABEL)
    original = TrainingModule.training_step
    calls = []

    def stops_in_second_epoch(self, batches, batch_index):
        if self.trainer.current_epoch == 1 and batch_index == 1 and not calls:
            calls.append(1)
            raise Interrupted
        original(self, batches, batch_index)

    monkeypatch.setattr(TrainingModule, "training_step", stops_in_second_epoch)
    with pytest.raises(Interrupted):
        run_trial(Training(settings, tmp_path / "broken"), label=LABEL)
    assert (tmp_path / "broken" / "last.ckpt").exists()
    run_trial(Training(settings, tmp_path / "broken"), label=LABEL)
    (values, probabilities), (again, resumed) = outcome(tmp_path / "whole"), outcome(tmp_path / "broken")
    assert again == values
    assert np.array_equal(resumed, probabilities)
    logs = [
        [
            {k: v for k, v in record.items() if k not in ("time", "seconds")}
            for record in read_log(tmp_path / name / "metrics.jsonl")
        ]
        for name in ("whole", "broken")
    ]
    assert logs[0] == logs[1]


def test_a_finished_trial_is_not_run_again(tmp_path, monkeypatch):
    settings = config("linear", "trainer.max_epochs=1")
    first = run_trial(Training(settings, tmp_path), label=LABEL)
    monkeypatch.setattr(TrainingModule, "training_step", None)
    assert run_trial(Training(settings, tmp_path), label=LABEL)["validation"] == pytest.approx(first["validation"])


def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged(tmp_path):
    result = run_trial(
        Training(config("mlp", "optimizer.lr=1e20", "trainer.gradient_clip_norm=null"), tmp_path), label=LABEL
    )
    assert result["status"] == "diverged"
    assert "training loss" in result["why"]
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "diverged"


def test_training_never_touches_a_test_label(tmp_path, monkeypatch):
    from bakeoff.data.image.classified import ClassifiedImages

    asked = []
    original = ClassifiedImages.labels
    monkeypatch.setattr(ClassifiedImages, "labels", lambda self, split: asked.append(split) or original(self, split))
    run_trial(Training(config("linear", "trainer.max_epochs=1"), tmp_path), label=LABEL)
    assert "test" not in asked


def test_the_id_depends_on_settings_seed_and_data_and_on_nothing_else():
    base = config("linear").raw
    assert trial_id(base, "f") == trial_id({**base, "output_dir": "elsewhere"}, "f")
    others = [
        trial_id(config("linear", "seed=1").raw, "f"),
        trial_id(config("linear", "optimizer.lr=1").raw, "f"),
        trial_id(base, "g"),
    ]
    assert len({trial_id(base, "f"), *others}) == 4


def test_patience_stops_early_and_the_best_weights_are_kept(tmp_path):
    settings = config(
        "linear", "trainer.max_epochs=40", "optimizer.lr=1e-9", "trainer.patience=2", "scheduler=constant"
    )
    result = run_trial(Training(settings, tmp_path), label=LABEL)
    assert result["epochs"] < 40


def test_a_limit_of_examples_stops_within_an_epoch_and_the_schedule_ends_with_it(tmp_path):
    settings = config("linear", "trainer.max_examples=1500", "data.batch_size=50", "trainer.steps_per_call=4")
    result = run_trial(Training(settings, tmp_path), label=LABEL)
    assert result["examples_seen"] == pytest.approx(1500, abs=50)
    last = read_log(tmp_path / "metrics.jsonl")[-2]
    assert last["lr"] == pytest.approx(settings.raw["optimizer"]["lr"] * settings.raw["scheduler"]["final"])


def test_a_limit_of_seconds_stops_long_before_the_epochs_do(tmp_path):
    settings = config("linear", "trainer.max_epochs=100000", "trainer.max_seconds=0.3")
    result = run_trial(Training(settings, tmp_path), label=LABEL)
    assert 0.3 <= result["train_seconds"] < 5
