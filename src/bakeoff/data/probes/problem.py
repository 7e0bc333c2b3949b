"""What makes the examples of a probe.

N examples, T time steps of the longest, C channels.
"""

from __future__ import annotations

import abc
import dataclasses

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Rows


@dataclasses.dataclass(frozen=True)
class Examples:
    """Sequences and their answers.

    ``inputs`` are tokens, uint8 ``(N, T)`` with padding (0) after the end, or numbers, float32 ``(N, T, C)``.
    ``targets`` are numbers, float32 ``(N,)``, classes, int64 ``(N,)``, or a class a step, int64 ``(N, T)``.
    """

    inputs: NDArray[np.uint8] | NDArray[np.float32]
    lengths: Rows
    targets: NDArray[np.float32] | NDArray[np.int64]

    def select(self, rows: Rows) -> Examples:
        """Some of them, in this order."""
        return Examples(self.inputs[rows], self.lengths[rows], self.targets[rows])


class Problem(abc.ABC):
    """A rule that makes sequences and their answers; an instance is a function of its settings alone."""

    channels: int = 0
    """Numbers a step; 0 where a step is a token."""
    symbols: tuple[str, ...] = ()
    """What the tokens 1, 2, ... stand for; empty where a step is numbers."""
    num_classes: int = 0
    """Answers to choose from; 0 where the answer is a number."""
    every_step: bool = False
    """Whether each step has an answer, or the last one alone."""

    @abc.abstractmethod
    def training_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """As many examples, drawn independently."""

    def test_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """As in training, unless the rule tests on longer sequences."""
        return self.training_examples(count, rng)


def require_at_least(least: int, **settings: int) -> None:
    """Sizes of a problem are not below what it needs.

    Raises:
        ValueError: one is.
    """
    for name, value in settings.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}; got {value}")


def padded(tokens_NT: NDArray[np.integer], lengths: Rows) -> NDArray[np.uint8]:
    """The tokens, with padding from each row's length on."""
    real_NT = np.arange(tokens_NT.shape[1]) < lengths[:, None]
    return np.where(real_NT, tokens_NT, 0).astype(np.uint8)
