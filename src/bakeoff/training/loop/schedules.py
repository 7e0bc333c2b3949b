"""Learning-rate schedules as pure functions of progress: a resumed run needs no scheduler state to go on exactly.

Progress is the share of the training that is done with a step: of all optimizer steps, or of the seconds that a time
budget allows.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence

from bakeoff.ranges import Fraction, Positive, Probability, Rate


class Schedule(abc.ABC):
    """A linear warm-up to 1, then a decay that subclasses define on [0, 1]."""

    def __init__(self, *, warmup: Fraction = 0.0) -> None:
        if not 0.0 <= warmup < 1.0:
            raise ValueError(f"warmup is a fraction of the training, at least 0 and below 1; got {warmup}")
        self.warmup = warmup

    def __call__(self, progress: float) -> float:
        """The factor of the base rate for the step that brings training to ``progress``, in (0, 1]."""
        if progress < self.warmup:
            return progress / self.warmup
        return self.decay((progress - self.warmup) / (1.0 - self.warmup))

    @abc.abstractmethod
    def decay(self, progress: float) -> float:
        """The factor after warm-up; ``progress`` runs from 0 to 1."""


class Constant(Schedule):
    """The base rate throughout."""

    def decay(self, progress: float) -> float:
        """1 at any progress."""
        return 1.0


class Cosine(Schedule):
    """Half a cosine from 1 to ``final`` (Loshchilov and Hutter 2017, SGDR, without restarts; arXiv:1608.03983)."""

    def __init__(self, *, warmup: Fraction = 0.0, final: Probability = 0.0) -> None:
        super().__init__(warmup=warmup)
        self.final = final

    def decay(self, progress: float) -> float:
        """From 1 to ``final`` along half a cosine."""
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


class Linear(Schedule):
    """A straight line from 1 to ``final``."""

    def __init__(self, *, warmup: Fraction = 0.0, final: Probability = 0.0) -> None:
        super().__init__(warmup=warmup)
        self.final = final

    def decay(self, progress: float) -> float:
        """From 1 to ``final`` along a line."""
        return 1.0 + (self.final - 1.0) * min(progress, 1.0)


class Step(Schedule):
    """Multiplies the rate by ``factor`` at each milestone, given as a fraction of the training after warm-up."""

    def __init__(self, *, milestones: Sequence[Rate], factor: Positive = 0.1, warmup: Fraction = 0.0) -> None:
        super().__init__(warmup=warmup)
        if any(not 0.0 < milestone < 1.0 for milestone in milestones):
            raise ValueError(f"milestones are fractions of the training between 0 and 1; got {list(milestones)}")
        self.milestones = sorted(milestones)
        self.factor = factor

    def decay(self, progress: float) -> float:
        """``factor`` to the power of the milestones passed."""
        return self.factor ** sum(progress >= milestone for milestone in self.milestones)
