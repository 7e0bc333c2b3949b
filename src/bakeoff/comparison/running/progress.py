"""What a person follows while trials run: a line a trial, and a bar with those that run and the time left."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from bakeoff.comparison.running.job import Job
from bakeoff.record.layout import METRICS
from bakeoff.tracking.log_tail import LogTail
from bakeoff.training.loop.live_bar import LiveBar, Spacing, clock, wants_bar
from bakeoff.training.trial.configuration import TRAIN_FRACTION


class BakeoffProgress:
    """Prints a line for each trial that ends; where none does for a minute and more, one for those that run.

    Args:
        jobs: trials of the whole bakeoff, those that had a result before among them.
        metric: the validation metric to show.
        say: prints a line.
        bar: where to draw; None draws nothing.
    """

    def __init__(
        self, jobs: Sequence[Job], *, metric: str, say: Callable[[str], None], bar: LiveBar | None = None
    ) -> None:
        self._waiting = Counter(job.label.contender for job in jobs if not job.finished)
        self.total, self.done = len(jobs), len(jobs) - self._waiting.total()
        self.metric = metric
        self.say = say if bar is None else bar.beside(say)
        self.bar = bar
        self._apart: set[str] = set()
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._workers = 1
        self._running: Sequence[Job] = ()
        self._courses: dict[Path, _Course] = {}
        self._quiet = Spacing(60.0)
        self._quiet.spoken()
        if self.done:
            say(f"{self.done} of {self.total} trials have finished before and are not run again")

    @classmethod
    @contextmanager
    def shown(
        cls, progress: str, jobs: Sequence[Job], metric: str, say: Callable[[str], None]
    ) -> Iterator[BakeoffProgress]:
        """Shows what the configuration's ``progress`` asks for, and takes a bar away at the end of the block."""
        bar = LiveBar() if wants_bar(progress) else None
        try:
            yield cls(jobs, metric=metric, say=_silent if progress == "none" else say, bar=bar)
        finally:
            if bar is not None:
                bar.clear()

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        """Counts a trial and prints its line."""
        self.done += 1
        self._waiting[job.label.contender] -= 1
        if "wall_seconds" in result:
            self._seconds[job.label.contender].append(result["wall_seconds"])
        self._running = [other for other in self._running if other.folder != job.folder]
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
        self._running, self._workers = running, max(self._workers, len(running))
        for job in running:
            self._courses.setdefault(job.folder, _Course())
        draws, speaks = self.bar is not None and self.bar.due, self.bar is None and self._quiet.due
        if not (draws or speaks):
            return
        shares = [self._courses[job.folder].share(job) for job in running]
        each = ", ".join(
            f"{job.label.contender} seed {job.config['seed']} {share:.0%}"
            for job, share in zip(running, shares, strict=True)
        )
        if draws and self.bar is not None:
            state = f"{self._left()}  {len(running)} running: {each}".strip()
            self.bar.draw(f"{self.done}/{self.total} trials", (self.done + sum(shares)) / self.total, state)
        else:
            self._quiet.spoken()
            self.say(f"{self.done} of {self.total} trials, {len(running)} running: {each}{self._left()}")

    def _left(self) -> str:
        """The time left: what is to be trained, at each contender's own pace, by as many trials at once as by now.

        It is never less than what the longest of the running trials needs. A contender of which no trial has ended has
        the pace of its running one, or the mean of the others.
        """
        shares = [(job.label.contender, self._courses[job.folder].share(job), job.folder) for job in self._running]
        seconds = {
            name: (time.monotonic() - self._courses[folder].began) / share for name, share, folder in shares if share
        }
        seconds |= {name: fmean(known) for name, known in self._seconds.items()}
        if not seconds:
            return ""
        usual = fmean(seconds.values())
        pending = [seconds.get(name, usual) * (1 - share) for name, share, _ in shares]
        done = sum(seconds.get(name, usual) * share for name, share, _ in shares)
        whole = sum(seconds.get(name, usual) * count for name, count in self._waiting.items()) - done
        return f"  {clock(max([whole / self._workers, *pending]))} left"


@dataclass
class _Course:
    """How far a trial is that runs, by its metric log."""

    began: float = field(default_factory=lambda: time.monotonic())
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
