"""MNIST-1D as its package makes it, in whole numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("mnist1d")

from bakeoff.data.sources.mnist1d import MNIST1D, quantised


@pytest.fixture(scope="module")
def published():
    from mnist1d.data import get_dataset_args, make_dataset

    def make(shuffle: bool):
        settings = get_dataset_args()
        settings.shuffle_seq = shuffle
        state = np.random.get_state(), random.getstate()
        made = make_dataset(settings)
        np.random.set_state(state[0])
        random.setstate(state[1])
        return made

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("shuffled", "more"), [(False, {"val": 20}), (True, {})])
def test_signals_are_those_of_the_package_to_within_half_a_step(published, shuffled, more) -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()
    loaded, made = MNIST1D(shuffled=shuffled, num_val=more.get("val", 0)).load(), published(shuffled)
    assert np.random.get_state()[1].tolist() == before
    assert {name: len(split) for name, split in loaded.items()} == {"train": 4000, "test": 1000} | more
    for split, signals, labels in (("train", "x", "y"), ("test", "x_test", "y_test")):
        pixels_NT = np.asarray(loaded[split]["image"], dtype=np.float64)[:, :, 0]
        assert np.abs(pixels_NT * (12 / 255) - 6 - made[signals]).max() <= 6 / 255 + 1e-9
        assert loaded[split]["label"] == made[labels].tolist()


def test_values_beyond_the_range_are_clipped() -> None:
    assert quantised(np.array([-9.0, -6.0, 0.0, 6.0, 9.0])).tolist() == [0, 0, 128, 255, 255]
