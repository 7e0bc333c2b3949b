"""A batch gone through in parts: the same optimizer steps, with the memory of a part."""

import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from torch import nn

from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import in_parts
from bakeoff.models.contracts import joined, select_rows
from bakeoff.training.loop.accumulation import GradientSum
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bakeoff.training.trial.settings import TrainerSettings

PAD = 0


def test_parts_are_of_nearly_equal_size_and_never_of_one_row():
    assert [len(part) for part in in_parts(torch.arange(10), 4)] == [3, 3, 2, 2]
    assert [len(part) for part in in_parts(torch.arange(5), 4)] == [3, 2]
    assert [len(part) for part in in_parts(torch.arange(1), 2)] == [1]
    pairs = in_parts((torch.arange(4), torch.arange(8).view(4, 2)), 2)
    assert [[part.tolist() for part in pair] for pair in pairs] == [
        [[0, 1], [[0, 1], [2, 3]]],
        [[2, 3], [[4, 5], [6, 7]]],
    ]


def test_the_gathered_gradient_is_that_of_the_mean_over_all_tokens():
    torch.manual_seed(0)
    net, unused = nn.Linear(5, 7).double(), nn.Linear(2, 2).double()
    inputs_BTD = torch.randn(6, 4, 5, dtype=torch.float64)
    targets_BT = torch.randint(1, 7, (6, 4))
    targets_BT[0, 1:], targets_BT[2:4] = PAD, PAD  # parts of 5, 0 and 8 tokens

    def loss(inputs, targets):
        return F.cross_entropy(net(inputs).flatten(0, 1), targets.flatten(), ignore_index=PAD)

    whole = loss(inputs_BTD, targets_BT)
    expected = torch.autograd.grad(whole, list(net.parameters()))
    parameters = [*net.parameters(), *unused.parameters()]
    gathered = GradientSum(parameters, num_terms=int((targets_BT != PAD).sum()), scale=1024.0)
    for inputs, targets in zip(in_parts(inputs_BTD, 3), in_parts(targets_BT, 3), strict=True):
        gathered.add(loss(inputs, targets), int((targets != PAD).sum()))
    mean = gathered.mean_loss()
    (3 * mean).backward()
    assert mean.item() == pytest.approx(whole.item(), rel=1e-12)
    for parameter, gradient in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, 3 * gradient)
    assert all(parameter.grad is None for parameter in unused.parameters())


def test_states_of_parts_join_to_that_of_the_batch():
    state = (torch.arange(6).view(3, 2), (torch.arange(3), 7))
    parts = [select_rows(state, torch.tensor(rows)) for rows in ([0], [1, 2])]
    whole = joined(parts)
    assert torch.equal(whole[0], state[0]) and torch.equal(whole[1][0], state[1][0]) and whole[1][1] == 7


IMAGES = ["data=digits", "model=lenet", "optimizer.lr=0.01"]
STREAMS = [
    "task=language_modeling",
    "data=stdlib",
    "data.max_bytes=40_000",
    "data.sequence_length=32",
    "model=lstm",
    "model.net.dropout=0",
]


@pytest.mark.parametrize("words", [IMAGES, STREAMS], ids=["images", "streams"])
def test_a_trial_in_parts_takes_the_same_steps(tmp_path, words):
    base = [*words, "trainer.max_epochs=1", "trainer.max_examples=700", "trainer.accelerator=cpu"]
    logs = []
    for accumulate in (1, 4):
        found = Composer().compose("train", [*base, f"trainer.accumulate={accumulate}"]).cfg
        config = TrialConfig.of(OmegaConf.to_container(found, resolve=True))
        folder = tmp_path / str(accumulate)
        result = run_trial(Training(config, folder), label=TrialLabel("t", "m"))
        assert (result["accumulate"], result["out_of_memory"]) == (accumulate, 0)
        logs.append([record for record in read_log(folder / "metrics.jsonl") if record["kind"] == "val"])
    whole, parts = logs
    assert len(whole) == len(parts) > 0
    for record, same in zip(whole, parts, strict=True):
        assert (record["step"], record["examples_seen"]) == (same["step"], same["examples_seen"])
        assert same["val/loss"] == pytest.approx(record["val/loss"], rel=1e-4)


def test_several_devices_go_through_their_batches_whole():
    with pytest.raises(ValueError, match="accumulate is for runs on one device"):
        TrainerSettings(accumulate=2, devices=2)
