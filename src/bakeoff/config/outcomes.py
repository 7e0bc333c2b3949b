"""What became of the jobs of a multirun, wherever they ran.

One file a job, in a folder that all of them share: a launcher's own way of returning values ends with the first process
that dies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bakeoff.config.processes import Process
from bakeoff.errors import BakeoffError, ErrorGroup, TrialsFailed
from bakeoff.files import read_json, write_json

MAX_TOLD = 5


@dataclass(frozen=True)
class Outcome:
    """How one job ended.

    Attributes:
        overrides: what set it apart.
        result: what the pipeline's main function returned; None after an error.
        code: the error's code, such as ``trials.diverged``; None when all went well.
        why: the error's line.
    """

    overrides: list[str]
    result: Any = None
    code: str | None = None
    why: str | None = None

    @classmethod
    def of(cls, overrides: Sequence[str], result: Any, failure: BakeoffError | None) -> Outcome:
        """The outcome of a job that returned ``result`` or failed."""
        if failure is None:
            return cls(list(overrides), result)
        first = failure.errors[0] if isinstance(failure, ErrorGroup) else failure
        return cls(list(overrides), None, first.code, failure.line())


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a multirun's jobs, by number.

    Args:
        folder: one that all jobs can write to.
        parent: the process of the multirun.
    """

    folder: Path
    parent: Process

    def once(self, number: int, run: Callable[[], Outcome]) -> Outcome:
        """A job's outcome, by running it where it has none; waits until no other process runs it."""
        from filelock import FileLock

        with FileLock(self._lock(number)):
            found = self.read(number)
            if found is None:
                found = run()
                self.write(number, found)
            return found

    def started(self, number: int) -> bool:
        """Whether a process has taken this job on."""
        return self._lock(number).exists()

    def read(self, number: int) -> Outcome | None:
        """A job's outcome; None while it has none."""
        try:
            return Outcome(**read_json(self.folder / f"{number}.json"))
        except FileNotFoundError:
            return None

    def write(self, number: int, outcome: Outcome) -> None:
        """Notes how a job ended."""
        write_json(self.folder / f"{number}.json", asdict(outcome), default=str)

    def check(self) -> None:
        """Says which jobs failed.

        Raises:
            TrialsFailed: some did.
        """
        numbers = sorted(int(path.stem) for path in self.folder.glob("*.json"))
        outcomes = [outcome for outcome in map(self.read, numbers) if outcome is not None]
        failed = [outcome for outcome in outcomes if outcome.code is not None]
        if not failed:
            return
        told = [f"{' '.join(outcome.overrides)} ({outcome.code})" for outcome in failed[:MAX_TOLD]]
        more = f", and {len(failed) - MAX_TOLD} more" if len(failed) > MAX_TOLD else ""
        problem = f"{len(failed)} of {len(outcomes)} jobs failed: {', '.join(told)}{more}"
        step = "the others' results stand; the same command goes on where this one ended"
        raise TrialsFailed("trials.failed", "-m", None, problem, next_step=step)

    def _lock(self, number: int) -> Path:
        return self.folder / f"{number}.lock"
