"""Checkpoints: whole or absent, only data, and never of another model in silence."""

import pickle

import pytest
import torch
from torch import nn

from bakeoff.errors import CheckpointError
from bakeoff.training.checkpoints import AtomicCheckpointIO, load_weights, save_weights


def test_weights_come_back_exactly(tmp_path):
    net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(net.state_dict(), tmp_path / "weights.safetensors")
    load_weights(other, tmp_path / "weights.safetensors")
    assert torch.equal(net.weight, other.weight)
    assert torch.equal(net.bias, other.bias)


def test_weights_of_another_model_name_the_first_mismatches(tmp_path):
    save_weights(nn.Linear(3, 2).state_dict(), tmp_path / "weights.safetensors")
    with pytest.raises(CheckpointError, match=r"weight is \(2, 3\), the model's is \(2, 4\)"):
        load_weights(nn.Linear(4, 2), tmp_path / "weights.safetensors")


def test_truncated_weights_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(nn.Linear(3, 2).state_dict(), path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match=r"checkpoint\.unreadable"):
        load_weights(nn.Linear(3, 2), path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("ran",))

    path = tmp_path / "last.ckpt"
    torch.save({"state": Attack()}, path, pickle_module=pickle)
    with pytest.raises(CheckpointError):
        AtomicCheckpointIO().load_checkpoint(path)


@pytest.mark.parametrize("kept", [0, 10, 400])
def test_a_truncated_checkpoint_is_refused(tmp_path, kept):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"x": torch.ones(500)}, path)
    assert torch.equal(AtomicCheckpointIO().load_checkpoint(path)["x"], torch.ones(500))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError):
        AtomicCheckpointIO().load_checkpoint(path)
