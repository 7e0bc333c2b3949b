"""The probe task: its answers, metrics and trivial predictor, and runs from the configuration to the scores."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from bakeoff.config.composition import Composer
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.tasks.sequence_probe.task import SequenceProbe
from bakeoff.training.trial.assembly import trial_config
from bakeoff.training.trial.predictions import read_predictions
from bakeoff.training.trial.run import TrialLabel, run_trial

TINY = ["data.num_train=64", "data.num_val=16", "data.num_test=20", "trainer.max_epochs=1", "trainer.accelerator=cpu"]
PROBES = {
    "adding": ["data.problem.length=9", "task.metric=mse", "task.direction=minimize"],
    "copy_memory": ["data.problem.blank=5", "task.metric=loss", "task.direction=minimize"],
    "recall": [],
    "parity": [],
    "modular": ["task.network.causal=false"],
}


def config(probe: str, *overrides: str) -> dict[str, Any]:
    chosen = ["task=sequence_probe", f"data={probe}", "model=lstm", "model.net.width=8", *TINY, *PROBES[probe]]
    return trial_config(OmegaConf.to_container(Composer().compose("train", [*chosen, *overrides]).cfg, resolve=True))


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_trained_and_predicts_each_test_example(tmp_path, probe) -> None:
    result = run_trial(config(probe), tmp_path, label=TrialLabel("t", "lstm"))
    assert result["status"] == "finished"
    assert {"accuracy", "loss"} <= set(result["validation"])
    predictions = read_predictions(tmp_path, result)
    assert all(len(values) == 20 for values in predictions.values())
    if probe in ("parity", "modular"):
        assert predictions["lengths"].min() > 40
        assert predictions["lengths"].max() > 400


@pytest.mark.parametrize(
    ("channels", "num_classes", "every_step", "shape"),
    [(2, 0, False, (3,)), (0, 4, False, (3, 4)), (0, 4, True, (3, 5, 4))],
)
def test_outputs_have_the_form_of_the_answer(channels, num_classes, every_step, shape) -> None:
    spec = SimpleNamespace(channels=channels, vocab_size=7, num_classes=num_classes, every_step=every_step)
    net = SequenceProbe.network(lambda **form: Recurrent(width=6, cell="gru", depth=1, **form), spec)
    inputs = torch.randn(3, 5, 2) if channels else torch.randint(1, 7, (3, 5))
    assert net(inputs).shape == shape


def test_the_answer_is_read_at_the_last_real_step() -> None:
    spec = SimpleNamespace(channels=0, vocab_size=7, num_classes=4, every_step=False)
    net = SequenceProbe.network(lambda **form: Recurrent(width=6, cell="gru", depth=1, **form), spec)
    padded, whole = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 1, 2]]), torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(net(padded)[:1], net(whole))


def test_scores_of_numbers() -> None:
    predictions, labels = {"numbers": np.array([1.0, 0.5, 2.0])}, np.array([1.03, 1.0, 2.05])
    assert SequenceProbe.score_examples(predictions, labels, "accuracy").tolist() == [1.0, 0.0, 0.0]
    assert SequenceProbe.score_examples(predictions, labels, "mse") == pytest.approx([0.0009, 0.25, 0.0025])
    assert SequenceProbe.summarise(predictions, labels)["mse"] == pytest.approx(0.2534 / 3)


def test_scores_of_steps_count_only_what_is_due_in_accuracy_and_all_in_the_loss() -> None:
    probabilities = np.array([[[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]])
    labels = np.array([[0, 1, 2]])
    accuracy = SequenceProbe.score_examples({"probabilities": probabilities}, labels, "accuracy")
    loss = SequenceProbe.score_examples({"probabilities": probabilities}, labels, "loss")
    assert accuracy.tolist() == [0.5]
    assert loss == pytest.approx([-(np.log(0.8) + np.log(0.5) + np.log(0.2)) / 3])


def test_accuracy_is_told_by_range_of_lengths() -> None:
    probabilities = np.eye(2)[[0, 0, 1, 1]]
    predictions = {"probabilities": probabilities, "lengths": np.array([41, 100, 101, 350])}
    found = SequenceProbe.summarise(predictions, np.array([0, 1, 1, 1]))
    ranges = {name: value for name, value in found.items() if name.startswith("accuracy_")}
    assert found["accuracy"] == 0.75
    assert ranges == {"accuracy_41_100": 0.5, "accuracy_101_200": 1.0, "accuracy_301_400": 1.0}


def test_unknown_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="mse"):
        SequenceProbe.score_examples({"probabilities": np.eye(2)}, np.array([0, 1]), "mse")


def test_trivial_predictions_are_the_mean_or_the_shares_of_training() -> None:
    trivial = SequenceProbe.trivial_predictions
    assert trivial(np.array([0.5, 1.5]), 3, SimpleNamespace(num_classes=0))["numbers"].tolist() == [1.0, 1.0, 1.0]
    classes = trivial(np.array([0, 1, 1, 1]), 2, SimpleNamespace(num_classes=2))["probabilities"]
    assert classes.tolist() == [[0.25, 0.75], [0.25, 0.75]]
    steps = trivial(np.array([[0, 1], [0, 2]]), 1, SimpleNamespace(num_classes=3))["probabilities"]
    assert steps.tolist() == [[[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]]
