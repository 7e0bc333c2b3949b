"""Learning-rate schedules as pure functions of progress: a resumed run needs no scheduler state to go on exactly.

A schedule maps the fraction of all optimizer steps done, in [0, 1), to a factor of the base learning rate.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence


class Schedule(abc.ABC):
    """A linear warm-up from near 0 to 1, then a decay that subclasses define on [0, 1]."""

    def __init__(self, *, warmup: float = 0.0) -> None:
        if not 0.0 <= warmup < 1.0:
            raise ValueError(f"warmup is a fraction of all steps, at least 0 and below 1; got {warmup}")
        self.warmup = warmup

    def __call__(self, step: int, total_steps: int) -> float:
        """The factor of the base rate for optimizer step ``step`` (from 0) of ``total_steps``."""
        warmup_steps = round(self.warmup * total_steps)
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return self.decay((step - warmup_steps) / max(total_steps - warmup_steps, 1))

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

    def __init__(self, *, warmup: float = 0.0, final: float = 0.0) -> None:
        super().__init__(warmup=warmup)
        self.final = final

    def decay(self, progress: float) -> float:
        """From 1 to ``final`` along half a cosine."""
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


class Linear(Schedule):
    """A straight line from 1 to ``final``."""

    def __init__(self, *, warmup: float = 0.0, final: float = 0.0) -> None:
        super().__init__(warmup=warmup)
        self.final = final

    def decay(self, progress: float) -> float:
        """From 1 to ``final`` along a line."""
        return 1.0 + (self.final - 1.0) * min(progress, 1.0)


class Step(Schedule):
    """Multiplies the rate by ``factor`` at each milestone, given as a fraction of all steps after warm-up."""

    def __init__(self, *, milestones: Sequence[float], factor: float = 0.1, warmup: float = 0.0) -> None:
        super().__init__(warmup=warmup)
        if any(not 0.0 < milestone < 1.0 for milestone in milestones):
            raise ValueError(f"milestones are fractions of all steps between 0 and 1; got {list(milestones)}")
        self.milestones = sorted(milestones)
        self.factor = factor

    def decay(self, progress: float) -> float:
        """``factor`` to the power of the milestones passed."""
        return self.factor ** sum(progress >= milestone for milestone in self.milestones)
