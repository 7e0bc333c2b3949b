"""Probes of regular languages, tested on sequences longer than any of training: parity and modular arithmetic.

Deletang et al. 2023, "Neural networks and the Chomsky hierarchy", arXiv:2207.02098.

N examples, T time steps, M numbers of an expression.
"""

from __future__ import annotations

import abc

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.probes.problem import Examples, Problem, padded, require_at_least
from bakeoff.data.splits.splitting import Rows
from bakeoff.ranges import Count

MODULUS = 5
OPERATORS = "+-*"


class RegularLanguage(Problem):
    """Trained on lengths of 1 to ``train_length``, each as likely, tested on all above it to ``test_length`` in turn.

    Args:
        train_length: steps of the longest training example; 40 in the paper.
        test_length: steps of the longest test example; 500 in the paper.

    Raises:
        ValueError: nothing to train on, or no longer length to test.
    """

    def __init__(self, *, train_length: Count = 40, test_length: Count = 500) -> None:
        require_at_least(1, train_length=train_length)
        require_at_least(train_length + 2, test_length=test_length)
        self.train_length = train_length
        self.test_length = test_length

    def training_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """Of random lengths."""
        lengths = np.arange(1, self.train_length + 1)
        return self.make(rng.choice(lengths[self.allowed(lengths)], count), rng)

    def test_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """Of every longer length equally often, as far as the count goes."""
        lengths = np.arange(self.train_length + 1, self.test_length + 1)
        lengths = lengths[self.allowed(lengths)]
        turns = np.linspace(0, len(lengths), count, endpoint=False).astype(np.int64)
        return self.make(lengths[turns], rng)

    def allowed(self, lengths: Rows) -> NDArray[np.bool_]:
        """Which lengths the language has."""
        return np.ones(len(lengths), dtype=bool)

    @abc.abstractmethod
    def make(self, lengths: Rows, rng: np.random.Generator) -> Examples:
        """An example of each length."""


class Parity(RegularLanguage):
    """Whether a string of a and b has an odd number of b: ``a b b a b`` has, its class is 1."""

    symbols = ("a", "b")
    num_classes = 2

    def make(self, lengths: Rows, rng: np.random.Generator) -> Examples:
        """Both symbols equally likely."""
        bits_NT = rng.integers(0, 2, (len(lengths), int(lengths.max(initial=1))), dtype=np.int64)
        tokens_NT = padded(bits_NT + 1, lengths)
        return Examples(tokens_NT, lengths, (tokens_NT == 2).sum(axis=1) % 2)


class ModularArithmetic(RegularLanguage):
    """The value of an expression modulo 5, products before sums: ``1 + 2 * 3`` is 2, and ``1 - 1 - 1`` is 4.

    Numbers of 0 to 4 and the operators ``+ - *`` take turns, so lengths are odd.
    """

    symbols = (*map(str, range(MODULUS)), *OPERATORS)
    num_classes = MODULUS

    def allowed(self, lengths: Rows) -> NDArray[np.bool_]:
        """The odd ones."""
        return lengths % 2 == 1

    def make(self, lengths: Rows, rng: np.random.Generator) -> Examples:
        """Numbers and operators drawn uniformly."""
        size = (len(lengths), int(lengths.max(initial=1)) // 2 + 1)
        numbers_NM = rng.integers(0, MODULUS, size)
        operators_NM = rng.integers(0, len(OPERATORS), size)
        tokens_NT = np.empty((size[0], 2 * size[1]), dtype=np.int64)
        tokens_NT[:, 0::2] = 1 + numbers_NM
        tokens_NT[:, 1::2] = 1 + MODULUS + operators_NM
        values_N = _evaluate(numbers_NM, operators_NM, counts_N=lengths // 2 + 1)
        return Examples(padded(tokens_NT[:, :-1], lengths), lengths, values_N)


def _evaluate(numbers_NM: NDArray[np.int64], operators_NM: NDArray[np.int64], *, counts_N: Rows) -> NDArray[np.int64]:
    """The value of each row's first ``counts_N`` numbers: terms are summed up, and each is a product with a sign."""
    minus, times = OPERATORS.index("-"), OPERATORS.index("*")
    sums_N, terms_N = np.zeros(len(counts_N), dtype=np.int64), numbers_NM[:, 0].copy()
    for index in range(1, numbers_NM.shape[1]):
        number_N, operator_N = numbers_NM[:, index], operators_NM[:, index - 1]
        inside_N = index < counts_N
        multiplied_N = inside_N & (operator_N == times)
        added_N = inside_N & ~multiplied_N
        sums_N = np.where(added_N, sums_N + terms_N, sums_N) % MODULUS
        signed_N = np.where(operator_N == minus, -number_N, number_N)
        terms_N = np.where(multiplied_N, terms_N * number_N % MODULUS, np.where(added_N, signed_N, terms_N))
    return (sums_N + terms_N) % MODULUS
