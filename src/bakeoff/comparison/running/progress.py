"""What a person follows while trials run: a line a trial, and a bar with those that run and the time left."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.comparison.running.job import Job
from bakeoff.record.layout import METRICS
from bakeoff.tracking.log_tail import LogTail
from bakeoff.training.loop.live_bar import LiveBar, Spacing, clock, wants_bar
from bakeoff.training.trial.configuration import TRAIN_FRACTION


class BakeoffProgress:
    """Prints a line for each trial that ends; where none does for a minute and more, one for those that run.

    Args:
        total: trials of the whole bakeoff.
        done: trials that had a result before.
        metric: the validation metric to show.
        say: prints a line.
        bar: where to draw; None draws nothing.
    """

    def __init__(
        self, *, total: int, done: int, metric: str, say: Callable[[str], None], bar: LiveBar | None = None
    ) -> None:
        self.total = total
        self.done = done
        self.metric = metric
        self.say = say if bar is None else bar.beside(say)
        self.bar = bar
        self._ended_now = 0
        self._apart: set[str] = set()
        self._started = time.monotonic()
        self._courses: dict[Path, _Course] = defaultdict(_Course)
        self._quiet = Spacing(60.0)
        self._quiet.spoken()
        if done:
            say(f"{done} of {total} trials have finished before and are not run again")

    @classmethod
    @contextmanager
    def shown(
        cls, progress: str, total: int, done: int, metric: str, say: Callable[[str], None]
    ) -> Iterator[BakeoffProgress]:
        """Shows what the configuration's ``progress`` asks for, and takes a bar away at the end of the block."""
        bar = LiveBar() if wants_bar(progress) else None
        try:
            yield cls(total=total, done=done, metric=metric, say=_silent if progress == "none" else say, bar=bar)
        finally:
            if bar is not None:
                bar.clear()

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        """Counts a trial and prints its line."""
        self.done += 1
        self._ended_now += 1
        who = f"{job.label.contender} seed {result['seed']}"
        if result["status"] == "finished":
            value = result["validation"][self.metric]
            what = f"val/{self.metric} {value:.4f}  {result['wall_seconds']:.1f} s"
        else:
            what = f"{result['status'].upper()}: {result['why']}"
        width = len(str(self.total))
        self._quiet.spoken()
        self.say(f"[{self.done:{width}d}/{self.total}] {who:<22} {what}{self._left()}")
        if "apart" in result and job.label.contender not in self._apart:
            self._apart.add(job.label.contender)
            self.say(f"{job.label.contender}: its seeds are trained one by one, since {result['apart']}")

    def waits(self, running: Sequence[Job]) -> None:
        """Draws the bar, or prints a line where there has been none for long."""
        draws, speaks = self.bar is not None and self.bar.due, self.bar is None and self._quiet.due
        if not (draws or speaks):
            return
        shares = [self._courses[job.folder].share(job) for job in running]
        each = ", ".join(
            f"{job.label.contender} seed {job.config['seed']} {share:.0%}"
            for job, share in zip(running, shares, strict=True)
        )
        if draws and self.bar is not None:
            state = f"{self._left(sum(shares))}  {len(running)} running: {each}".strip()
            self.bar.draw(f"{self.done}/{self.total} trials", (self.done + sum(shares)) / self.total, state)
        else:
            self._quiet.spoken()
            self.say(f"{self.done} of {self.total} trials, {len(running)} running: {each}{self._left(sum(shares))}")

    def _left(self, running: float = 0.0) -> str:
        """The time left at the pace of the trials that have ended by now, and the shares of those that run."""
        trained = self._ended_now + running
        if not trained:
            return ""
        pace = (time.monotonic() - self._started) / trained
        return f"  {clock(pace * (self.total - self.done - running))} left"


@dataclass
class _Course:
    """How far a trial is that runs, by its metric log."""

    tail: LogTail | None = None
    count: int = 0
    latest: Mapping[str, Any] | None = None

    def share(self, job: Job) -> float:
        """0 before the first validation."""
        self.tail = self.tail or LogTail(job.folder / METRICS)
        if new := self.tail.after(self.count):
            self.count += len(new)
            self.latest = new[-1]
        if self.latest is None:
            return 0.0
        limits, latest = job.config["trainer"], self.latest
        part = job.config.get(TRAIN_FRACTION, 1.0)  # of the examples that an epoch of the limits has
        reached = {"max_epochs": part * (latest["epoch"] + 1), "max_examples": latest["examples_seen"]}
        reached["max_seconds"] = latest["seconds"]
        return min(max(value / limits[name] for name, value in reached.items() if limits[name]), 1.0)


def _silent(line: str) -> None:
    """Says nothing."""
