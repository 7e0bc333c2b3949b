"""Trainings of several seeds in one process that take each optimizer step together.

Each is a whole training in a thread of its own, with its loop, its data and its files; one thread runs at a time. Where
a training is about to take a step it waits for the others, and the last to arrive takes the step for all of them as one
network (`bakeoff.training.loop.stack`). One that ends leaves; the others go on without it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bakeoff.data.batches.batch import Batch
from bakeoff.errors import one_line
from bakeoff.training.loop.interruption import Interruption
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.random_state import generator_now
from bakeoff.training.loop.stack import NotStackable, Stack, Turn


class Apart(SystemExit):
    """Trainings can't be one: each has to be done alone, from where it is."""


class Table:
    """Where the trainings meet.

    Args:
        count: how many there are.
        interruption: what signals ask of all of them.

    Attributes:
        why_apart: why they can't be one, once that is known.
    """

    def __init__(self, count: int, interruption: Interruption) -> None:
        self.interruption = interruption
        self.why_apart: str | None = None
        self._seated = list(range(count))
        self._waiting: dict[int, Turn] = {}
        self._may_go = [threading.Semaphore(0) for _ in range(count)]
        self._stack: Stack | None = None
        self._stacked: list[int] = []
        self._share_s = 0.0

    def run(self, trainings: list[Callable[[Seat], None]]) -> None:
        """Runs the trainings to their ends; what one raises, it has to see to itself."""
        seats = [Seat(self, index) for index in range(len(trainings))]
        threads = [
            threading.Thread(target=seat.occupy, args=(training,), daemon=True)
            for seat, training in zip(seats, trainings, strict=True)
        ]
        for thread in threads:
            thread.start()
        self._may_go[0].release()
        for thread in threads:
            thread.join()

    def meet(self, index: int, turn: Turn) -> float:
        """Waits until the step is taken; returns the seconds that it took, of all seeds together a seed's share."""
        self._waiting[index] = turn
        while index in self._waiting:
            if len(self._waiting) == len(self._seated):
                return self._step()
            self._pass_on(index)
            self._wait(index)
        return self._share_s

    def leave(self, index: int) -> None:
        """A training has ended."""
        self._seated.remove(index)
        if self._seated:
            self._pass_on(index)

    def wait_for_start(self, index: int) -> None:
        """Until it is this training's turn for the first time."""
        self._wait(index)

    def _wait(self, index: int) -> None:
        self._may_go[index].acquire()
        if self.why_apart is not None:
            raise Apart

    def _pass_on(self, index: int) -> None:
        """The next one goes: one that is not yet there, in turn; where all are, any of them takes the step."""
        others = [other for other in self._seated if other not in self._waiting] or self._seated
        self._may_go[next((other for other in others if other > index), others[0])].release()

    def _step(self) -> float:
        """The step of all."""
        start = time.perf_counter()
        turns = [self._waiting[index] for index in self._seated]
        try:
            if len(turns) == 1:
                turns[0].take_alone()
            else:
                self._stack_of(turns).step(turns)
        except Exception as error:  # of one seed, or of all: it is to be seen where each trains alone
            self.why_apart = str(error) if isinstance(error, NotStackable) else one_line(error)
            raise Apart from error
        self._waiting.clear()
        self._share_s = (time.perf_counter() - start) / len(turns)
        return self._share_s

    def _stack_of(self, turns: list[Turn]) -> Stack:
        """That of all who are there."""
        if self._stack is None or self._stacked != self._seated:
            self._stack, self._stacked = Stack(turns), list(self._seated)
        return self._stack


class Seat:
    """A training's place at the table.

    Args:
        table: where it is.
        index: which one.
    """

    def __init__(self, table: Table, index: int) -> None:
        self.table = table
        self.index = index
        self._away_s = 0.0

    @property
    def interruption(self) -> Interruption:
        """What signals ask of it."""
        return self.table.interruption

    def clock(self) -> float:
        """Seconds of its own work and of its share of common steps, from any start."""
        return time.perf_counter() - self._away_s

    def step(self, module: TrainingModule, batch: Batch) -> None:
        """Takes an optimizer step together with the others."""
        start = time.perf_counter()
        share_s = self.table.meet(self.index, Turn(module, batch, generator_now(module.device)))
        self._away_s += time.perf_counter() - start - share_s

    def occupy(self, training: Callable[[Seat], None]) -> None:
        """The training, from its first turn to its end."""
        try:
            self.table.wait_for_start(self.index)
            training(self)
        finally:
            self.table.leave(self.index)
