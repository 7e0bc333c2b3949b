"""What a person follows while trials run: one line a trial, with the time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bakeoff.comparison.running.job import Job
from bakeoff.training.loop.progress import clock


class TrialLines:
    """Prints a line for each trial that ends.

    Args:
        total: trials of the whole bakeoff.
        done: trials that had a result before.
        metric: the validation metric to show.
        say: prints a line.
    """

    def __init__(self, *, total: int, done: int, metric: str, say: Callable[[str], None]) -> None:
        self.total = total
        self.done = done
        self.metric = metric
        self.say = say
        self._ended_now = 0
        self._started = time.monotonic()
        if done:
            say(f"{done} of {total} trials have finished before and are not run again")

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        """Counts a trial and prints its line."""
        self.done += 1
        self._ended_now += 1
        pace = (time.monotonic() - self._started) / self._ended_now
        left = clock(pace * (self.total - self.done))
        who = f"{job.label.contender} seed {result['seed']}"
        if result["status"] == "finished":
            value = result["validation"][self.metric]
            what = f"val/{self.metric} {value:.4f}  {result['wall_seconds']:.1f} s"
        else:
            what = f"{result['status'].upper()}: {result['why']}"
        width = len(str(self.total))
        self.say(f"[{self.done:{width}d}/{self.total}] {who:<22} {what}  {left} left")
