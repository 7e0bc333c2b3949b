"""Checkpoints: whole or absent, only data, and never of another model in silence."""

import pickle
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bakeoff.errors import CheckpointError
from bakeoff.training.loop.checkpoints import AtomicCheckpointIO, load_weights, newest_whole, previous_of, save_weights
from bakeoff.training.loop.random_state import random_state, set_random_state
from tests.killed_writer import left_by_a_killed_writer


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


class Attack:
    """Runs code where it is unpickled without care."""

    def __reduce__(self):
        return (print, ("ran",))


def saved(path, *numbers):
    """Checkpoints of these numbers, one after the other, at the same path."""
    for number in numbers:
        AtomicCheckpointIO().save_checkpoint({"number": number, "x": torch.full((500,), float(number))}, path)
    return path


def number_at(path):
    return AtomicCheckpointIO().load_checkpoint(path)["number"]


def test_a_checkpoint_is_also_an_archive_that_torch_reads(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1)
    assert torch.load(path, weights_only=True)["number"] == 1


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, capsys):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state": Attack()}, path)
    with pytest.raises(CheckpointError, match="UnpicklingError"):
        number_at(path)
    assert "ran" not in capsys.readouterr().out


def whole_but_for_the_last_bytes(content):
    return content[:-4]


def half(content):
    return content[: len(content) // 2]


def empty(content):
    return b""


def one_bit_flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def plain_pickle(content):
    return pickle.dumps({"number": 7})


def attack(content):
    with tempfile.TemporaryDirectory() as folder:
        AtomicCheckpointIO().save_checkpoint({"state": Attack()}, Path(folder) / "a.ckpt")
        return (Path(folder) / "a.ckpt").read_bytes()


DAMAGES = [whole_but_for_the_last_bytes, half, empty, one_bit_flipped, plain_pickle, attack]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_told_of_and_gives_way_to_the_one_before(tmp_path, damage):
    path = saved(tmp_path / "last.ckpt", 1, 2)
    path.write_bytes(damage(path.read_bytes()))
    said = []
    found = newest_whole(path, said.append)
    assert found == previous_of(path)
    assert number_at(found) == 1
    assert len(said) == 1
    assert "last.ckpt" in said[0]
    saved(path, 3)
    assert (number_at(path), number_at(previous_of(path))) == (3, 1)


def test_two_generations_are_kept(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1, 2, 3)
    assert newest_whole(path, pytest.fail) == path
    assert (number_at(path), number_at(previous_of(path))) == (3, 2)
    assert len(list(tmp_path.iterdir())) == 2
    AtomicCheckpointIO().remove_checkpoint(path)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_between_the_two_moves_leaves_the_one_before(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1, 2)
    path.replace(previous_of(path))
    assert number_at(newest_whole(path, pytest.fail)) == 2


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1)
    left_by_a_killed_writer(tmp_path / "last.ckpt")
    assert len(list(tmp_path.iterdir())) == 2
    assert newest_whole(path, pytest.fail) == path
    assert list(tmp_path.iterdir()) == [path]


def test_where_both_are_damaged_there_is_none(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1, 2)
    for each in (path, previous_of(path)):
        each.write_bytes(b"")
    said = []
    assert newest_whole(path, said.append) is None
    assert len(said) == 2
    assert list(tmp_path.iterdir()) == []


def test_without_checkpoints_there_is_none_and_nothing_is_said(tmp_path):
    assert newest_whole(tmp_path / "last.ckpt", pytest.fail) is None


def test_a_save_that_fails_leaves_both_alone(tmp_path):
    path = saved(tmp_path / "last.ckpt", 1, 2)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        AtomicCheckpointIO().save_checkpoint({"number": 3, "f": lambda: 0}, path)
    assert (number_at(path), number_at(previous_of(path))) == (2, 1)
    assert len(list(tmp_path.iterdir())) == 2


def test_random_generators_go_on_from_where_they_were(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(random_state(), path)

    def drawn():
        return random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), torch.rand(()).item()

    first = drawn()
    set_random_state(AtomicCheckpointIO().load_checkpoint(path))
    assert drawn() == first
