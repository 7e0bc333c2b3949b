"""The probe task: its answers, metrics and trivial predictor, and runs from the configuration to the scores."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from bakeoff.config.composition import Composer
from bakeoff.data.contract import Cases
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.tables import column, table_of
from bakeoff.tasks.sequence_probe import scores
from bakeoff.tasks.sequence_probe.task import SequenceProbe
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.predictions import sealed_answers
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
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", [*chosen, *overrides]).cfg, resolve=True))


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_trained_and_predicts_each_test_example(tmp_path, probe) -> None:
    result = run_trial(Training(config(probe), tmp_path), label=TrialLabel("t", "lstm"))
    assert result["status"] == "finished"
    assert {"accuracy", "loss"} <= set(result["validation"])
    answers = sealed_answers(tmp_path, result)
    assert len(answers) == 20
    if probe in ("parity", "modular"):
        assert column(answers, "lengths").min() > 40
        assert column(answers, "lengths").max() > 400


@pytest.mark.parametrize(
    ("channels", "num_classes", "every_step", "shape"),
    [(2, 0, False, (3,)), (0, 4, False, (3, 4)), (0, 4, True, (3, 5, 4))],
)
def test_outputs_have_the_form_of_the_answer(channels, num_classes, every_step, shape) -> None:
    spec = SimpleNamespace(channels=channels, vocab_size=7, num_classes=num_classes, every_step=every_step)
    net = SequenceProbe(spec=spec).network(lambda **form: Recurrent(width=6, cell="gru", depth=1, **form))
    inputs = torch.randn(3, 5, 2) if channels else torch.randint(1, 7, (3, 5))
    assert net(inputs).shape == shape


def test_the_answer_is_read_at_the_last_real_step() -> None:
    spec = SimpleNamespace(channels=0, vocab_size=7, num_classes=4, every_step=False)
    net = SequenceProbe(spec=spec).network(lambda **form: Recurrent(width=6, cell="gru", depth=1, **form))
    padded, whole = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 1, 2]]), torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(net(padded)[:1], net(whole))


def test_scores_of_numbers() -> None:
    answers, labels = table_of(numbers=np.array([1.0, 0.5, 2.0])), table_of(target=np.array([1.03, 1.0, 2.05]))
    assert scores.score_examples(answers, labels, "accuracy").tolist() == [1.0, 0.0, 0.0]
    assert scores.score_examples(answers, labels, "mse") == pytest.approx([0.0009, 0.25, 0.0025])
    assert scores.summarise(answers, labels)["mse"] == pytest.approx(0.2534 / 3)


def test_scores_of_steps_count_only_what_is_due_in_accuracy_and_all_in_the_loss() -> None:
    answers = table_of(probabilities=np.array([[[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.6, 0.2, 0.2]]]))
    labels = table_of(target=np.array([[0, 1, 2]]))
    assert scores.score_examples(answers, labels, "accuracy").tolist() == [0.5]
    loss = scores.score_examples(answers, labels, "loss")
    assert loss == pytest.approx([-(np.log(0.8) + np.log(0.5) + np.log(0.2)) / 3])


def test_accuracy_is_told_by_range_of_lengths() -> None:
    answers = table_of(probabilities=np.eye(2)[[0, 0, 1, 1]], lengths=np.array([41, 100, 101, 350]))
    found = scores.summarise(answers, table_of(target=np.array([0, 1, 1, 1])))
    ranges = {name: value for name, value in found.items() if name.startswith("accuracy_")}
    assert found["accuracy"] == 0.75
    assert ranges == {"accuracy_41_100": 0.5, "accuracy_101_200": 1.0, "accuracy_301_400": 1.0}


def test_unknown_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="mse"):
        scores.score_examples(table_of(probabilities=np.eye(2)), table_of(target=np.array([0, 1])), "mse")


def test_trivial_answers_are_the_mean_or_the_shares_of_training() -> None:
    def trivial(targets: list[Any], count: int, num_classes: int, name: str) -> list[Any]:
        train = Cases(["x"] * len(targets), table_of(target=np.array(targets)), [""] * len(targets))
        task = SequenceProbe(spec=SimpleNamespace(num_classes=num_classes))
        return column(task.trivial(train, [""] * count), name).tolist()

    assert trivial([0.5, 1.5], 3, 0, "numbers") == [1.0, 1.0, 1.0]
    assert trivial([0, 1, 1, 1], 2, 2, "probabilities") == [[0.25, 0.75], [0.25, 0.75]]
    assert trivial([[0, 1], [0, 2]], 1, 3, "probabilities") == [[[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]]
