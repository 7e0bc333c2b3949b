"""MNIST-1D: 5,000 made signals of 40 steps in the shape of ten digits, from the package `mnist1d`.

Source: Greydanus 2020, "Scaling down deep learning", arXiv:2011.14439.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from datasets import Array2D, ClassLabel, Dataset, DatasetDict, Features
from numpy.typing import NDArray

from bakeoff.data.image.records import Pixels
from bakeoff.data.sources.packages import package_version, sample_package
from bakeoff.data.sources.source import Source
from bakeoff.ranges import Count, WholeNumber

_STEPS = 40
_RANGE = 6.0  # signals have a deviation of 1 over all of them; the largest values of 5,000 are -5.5 and 4.5
_PUBLISHED_TEST = 1_000
_VAL_SEED, _TEST_SEED = 43, 44


class MNIST1D(Source):
    """The published 4,000 train and 1,000 test signals, as gray images of 40 rows and one column.

    The signal's range of -6 to 6 becomes 0 to 255, since images here are whole numbers: steps of 0.047 where the
    signal's own noise has a deviation of about 0.06.

    Args:
        shuffled: all signals in one other order of steps, the package's own.
        num_val: validation signals, which are made from another seed so that train keeps its 4,000; 0 gives none, and
            they are taken from train.
        num_test: test signals: the published 1,000, and the rest from a third seed.

    Raises:
        ValueError: ``num_test`` is below 1,000.
    """

    def __init__(self, *, shuffled: bool, num_val: WholeNumber, num_test: Count = _PUBLISHED_TEST) -> None:
        if num_test < _PUBLISHED_TEST:
            raise ValueError(f"num_test is the published {_PUBLISHED_TEST:,} or more, not {num_test:,}")
        self._shuffled = shuffled
        self._num_val = num_val
        self._num_test = num_test

    def identity(self) -> dict[str, Any]:
        """The generator's version and settings.

        Raises:
            EnvironmentFault: it is not installed.
        """
        version = package_version("mnist1d")
        made = {"source": "mnist1d", "mnist1d": version, "shuffled": self._shuffled, "num_val": self._num_val}
        # Named where it is not the published one, so that data prepared before there was a choice keep their name.
        return made | ({"num_test": self._num_test} if self._num_test != _PUBLISHED_TEST else {})

    def load(self) -> DatasetDict:
        """Splits ``train``, ``test`` and, unless ``num_val`` is 0, ``val``."""
        made, order_T = _generate()
        signals = {"train": (made["x"], made["y"]), "test": (made["x_test"], made["y_test"])}
        if self._num_val:
            more, _ = _generate(_VAL_SEED)
            signals["val"] = (more["x"][: self._num_val], more["y"][: self._num_val])
        if (num_more := self._num_test - _PUBLISHED_TEST) > 0:
            more, _ = _generate(_TEST_SEED, num_more)
            more_x_NT, more_y_N = (np.concatenate((more[part], more[f"{part}_test"])) for part in "xy")
            signals["test"] = (np.concatenate((made["x_test"], more_x_NT)), np.concatenate((made["y_test"], more_y_N)))
        if self._shuffled:
            signals = {split: (x_NT[:, order_T], labels_N) for split, (x_NT, labels_N) in signals.items()}
        return DatasetDict({split: _images(x_NT, labels_N) for split, (x_NT, labels_N) in signals.items()})


def _generate(seed: int = 42, num_signals: int = 5_000) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """The package's data set from a seed (its own: 42), and the order that it would shuffle the steps into."""
    generator = sample_package("mnist1d").data
    settings = generator.get_dataset_args()
    settings.seed = seed
    settings.num_samples = num_signals
    with _random_state_kept():
        made = generator.make_dataset(settings)
        # What the generator draws next where `shuffle_seq` is on.
        order_T = np.random.permutation(_STEPS)
    return made, order_T


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """The generator seeds and draws from the global random states."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _images(signals_NT: NDArray[np.float64], labels_N: NDArray[np.int64]) -> Dataset:
    features = Features(image=Array2D((_STEPS, 1), "uint8"), label=ClassLabel(names=list("0123456789")))
    return Dataset.from_dict({"image": quantised(signals_NT)[:, :, None], "label": labels_N}, features=features)


def quantised(signals: NDArray[np.float64]) -> Pixels:
    """Whole numbers from 0 to 255 for values from -6 to 6, clipped outside."""
    return np.round((np.clip(signals, -_RANGE, _RANGE) + _RANGE) * (255 / (2 * _RANGE))).astype(np.uint8)
