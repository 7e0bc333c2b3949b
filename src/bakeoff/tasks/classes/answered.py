"""Class probabilities beside what was said and what is true.

One label an example: probabilities ``(B, K)`` that sum to 1, labels ``(B,)``. Any number of labels an example: each
probability on its own, labels ``(B, K)`` of 0 and 1. Unless something else was decided, the most probable class is
said, or each one above a probability of a half.

B batch, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answered:
    """Some examples with their answers.

    Attributes:
        probabilities_BK: float64.
        said_BK: whether an example is given a class.
        true_BK: whether it has it.
        several: whether it may have several.
    """

    probabilities_BK: np.ndarray
    said_BK: np.ndarray
    true_BK: np.ndarray
    several: bool

    @classmethod
    def of(cls, probabilities_BK: np.ndarray, labels: np.ndarray, said: np.ndarray | None = None) -> Answered:
        """Answers and labels as they are stored.

        Args:
            probabilities_BK: of any type of float.
            labels: ``(B,)``, or ``(B, K)`` of 0 and 1.
            said: what was said, as the labels are; None leaves it to the probabilities.
        """
        several = labels.ndim == 2
        if said is None:
            said = most_probable(probabilities_BK, several=several)
        exact_BK = probabilities_BK.astype(np.float64)
        if several:
            return cls(exact_BK, said.astype(bool), labels.astype(bool), several=True)
        every_KK = np.eye(probabilities_BK.shape[1], dtype=bool)
        return cls(exact_BK, every_KK[said], every_KK[labels], several=False)

    @property
    def num_classes(self) -> int:
        """K."""
        return self.true_BK.shape[1]

    @property
    def said_B(self) -> np.ndarray:
        """The class that each is given, where it is given one."""
        return self.said_BK.argmax(axis=1)

    @property
    def true_B(self) -> np.ndarray:
        """The class that each has, where it has one."""
        return self.true_BK.argmax(axis=1)


def most_probable(probabilities_BK: np.ndarray, *, several: bool) -> np.ndarray:
    """The most probable class of each, ``(B,)``, or whether each class is above a half, ``(B, K)``."""
    return probabilities_BK > 0.5 if several else probabilities_BK.argmax(axis=1)
