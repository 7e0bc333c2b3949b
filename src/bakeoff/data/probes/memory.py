"""Probes of memory: the adding problem, copy memory and associative recall.

N examples, T time steps, P pairs of key and value, K keys.
"""

from __future__ import annotations

import numpy as np

from bakeoff.data.probes.problem import Examples, Problem, require_at_least
from bakeoff.ranges import Count

MARKED = 2
NUM_COPIED, NUM_COPY_SYMBOLS = 10, 8


class AddingProblem(Problem):
    """The sum of the two marked numbers of a sequence (Hochreiter and Schmidhuber 1997, section 5.4).

    As in Bai et al. 2018, arXiv:1803.01271::

        number  0.31 0.72 0.05 0.88      marks stand at two places, anywhere
        mark    0    1    0    1         answer: 0.72 + 0.88 = 1.60

    Always answering 1 has a mean squared error of 1/6, the variance of a sum of two uniform numbers.

    Args:
        length: T.

    Raises:
        ValueError: fewer than two steps.
    """

    channels = 2

    def __init__(self, *, length: Count = 200) -> None:
        require_at_least(MARKED, length=length)
        self.length = length

    def training_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """Numbers uniform in [0, 1), two different places each."""
        numbers_NT = rng.random((count, self.length), dtype=np.float32)
        first_N = rng.integers(0, self.length, count)
        second_N = (first_N + rng.integers(1, self.length, count)) % self.length
        rows = np.arange(count)
        marks_NT = np.zeros_like(numbers_NT)
        marks_NT[rows, first_N] = marks_NT[rows, second_N] = 1.0
        sums_N = numbers_NT[rows, first_N] + numbers_NT[rows, second_N]
        return Examples(np.stack([numbers_NT, marks_NT], axis=-1), np.full(count, self.length), sums_N)


class CopyMemory(Problem):
    """Ten symbols, a long blank, and then the ten symbols again (Hochreiter and Schmidhuber 1997).

    As in Bai et al. 2018, arXiv:1803.01271, with a blank of T = 5 and three symbols to copy instead of ten::

        input    3 7 1 . . . . > > > >       answer  . . . . . . . . 3 7 1

    There is an answer at every step, and the loss is the mean over all of them: a model that forgets the symbols but
    knows when they are due has a loss of ``10 ln 8 / (T + 20)``.

    Args:
        blank: T; a sequence has ``T + 20`` steps.

    Raises:
        ValueError: no blank.
    """

    symbols = (".", *map(str, range(1, NUM_COPY_SYMBOLS + 1)), ">")
    num_classes = NUM_COPY_SYMBOLS + 2
    every_step = True

    def __init__(self, *, blank: Count = 200) -> None:
        require_at_least(1, blank=blank)
        self.blank = blank

    def training_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """Symbols drawn uniformly from eight."""
        length = self.blank + 2 * NUM_COPIED
        copied_NT = rng.integers(1, NUM_COPY_SYMBOLS + 1, (count, NUM_COPIED))
        shown_NT = np.zeros((count, length), dtype=np.int64)
        shown_NT[:, :NUM_COPIED] = copied_NT
        shown_NT[:, -NUM_COPIED - 1 :] = NUM_COPY_SYMBOLS + 1
        due_NT = np.zeros_like(shown_NT)
        due_NT[:, -NUM_COPIED:] = copied_NT
        return Examples((shown_NT + 1).astype(np.uint8), np.full(count, length), due_NT)


class AssociativeRecall(Problem):
    """The value that went with a key (Ba et al. 2016, arXiv:1610.06258; as in Fu et al. 2023, arXiv:2212.14052).

    Each sequence has a value for each key of its own, shows some pairs, and asks for one that was shown::

        c 8 a 3 c 8 f 6 => a       answer: 3

    As in the authors' code, half of the vocabulary without its two special symbols are keys, the others values. The
    answer follows the last step. Departure from that code: in training too, the last step alone has an answer.

    Args:
        vocab_size: symbols, two special ones counted.
        length: steps of keys and values, before the question.

    Raises:
        ValueError: no two keys, or no pair.
    """

    def __init__(self, *, vocab_size: Count = 20, length: Count = 40) -> None:
        require_at_least(6, vocab_size=vocab_size)
        require_at_least(2, length=length)
        self.length = length
        self.num_keys = (vocab_size - 2) // 2
        self.num_classes = vocab_size - 2 - self.num_keys
        keys = tuple(f"k{key}" for key in range(self.num_keys))
        self.symbols = (*keys, *(f"v{value}" for value in range(self.num_classes)), "=>", ".")

    def training_examples(self, count: int, rng: np.random.Generator) -> Examples:
        """Values and keys drawn uniformly; the question among the keys that were shown."""
        values_NK = rng.integers(0, self.num_classes, (count, self.num_keys))
        num_pairs = self.length // 2
        keys_NP = rng.integers(0, self.num_keys, (count, num_pairs))
        asked_N = self._asked(keys_NP, rng)
        tokens_NT = np.empty((count, 2 * num_pairs + 2), dtype=np.uint8)
        tokens_NT[:, 0:-2:2] = 1 + keys_NP
        tokens_NT[:, 1:-2:2] = 1 + self.num_keys + np.take_along_axis(values_NK, keys_NP, axis=1)
        tokens_NT[:, -2] = 1 + self.symbols.index("=>")
        tokens_NT[:, -1] = 1 + asked_N
        return Examples(tokens_NT, np.full(count, tokens_NT.shape[1]), values_NK[np.arange(count), asked_N])

    def _asked(self, keys_NP: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A key of each row, each that was shown equally likely."""
        shown_NK = (keys_NP[:, :, None] == np.arange(self.num_keys)).any(axis=1)
        return np.where(shown_NK, rng.random(shown_NK.shape), -1.0).argmax(axis=1)
