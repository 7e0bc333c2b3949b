"""A signal that asks a trial to end: its state is saved at the next optimizer step, then the process ends with 143.

SIGINT is Ctrl-C. SIGTERM is what init systems, containers and batch systems send before they kill. SIGUSR1 and SIGUSR2
are what Slurm sends some time before a job's limit where it is asked to (``sbatch --signal=USR1@120``; submitit asks
for SIGUSR2): the job is then put back into the queue, by whoever handled the signal before, as submitit does, or else
by this program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

EXIT_CODE = 128 + signal.SIGTERM
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
PATIENCE_S = 5.0
"""What may pass from a signal to the end of a validation, after which all that has been learnt is saved."""
_SLURM_JOB = "SLURM_JOB_ID"
_REQUEUE_TIMEOUT_S = 30.0


class Interrupted(SystemExit):
    """Training ended because a signal asked for it; a process that nobody catches it in exits with 143.

    Args:
        step: optimizer steps that are saved; None: nothing was saved since the last resume point.
        speaks: whether this process tells of it and asks Slurm for another run; of several that train together, one.
    """

    def __init__(self, step: int | None = None, *, speaks: bool = True) -> None:
        super().__init__(EXIT_CODE)
        self.step = step
        self.speaks = speaks


class Interruption:
    """Whether a signal has asked for the end; a second one changes nothing, for the state is being saved.

    But a second Ctrl-C: whoever types it does not want to wait.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._asked_at = 0.0
        self._taken: tuple[signal.Signals, ...] = ()
        self._listening = False

    @property
    def requested(self) -> bool:
        """Whether to end at the next step."""
        return self.signal is not None

    @property
    def is_urgent(self) -> bool:
        """Whether that was asked for some seconds ago, and whoever asked may soon kill."""
        return self.requested and time.monotonic() - self._asked_at > PATIENCE_S

    def listen(self) -> None:
        """Takes the signals, once more where Lightning has put a handler of its own around this one.

        Lightning's broadcasts from within the handler, which other processes do not expect. In a thread of several that
        train it has put none.
        """
        if self._listening and threading.current_thread() is threading.main_thread():
            for number in self._taken:
                signal.signal(number, self._receive)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the signals within the block; only a program's main thread can, elsewhere none is asked for."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGINT)}
        if before[signal.SIGINT] is signal.SIG_IGN:  # somebody else sees to Ctrl-C
            del before[signal.SIGINT]
        self._taken, self._listening = tuple(before), True
        self.listen()
        try:
            yield
        finally:
            self._listening = False
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is None:
            self.signal, self._asked_at = signal.Signals(number), time.monotonic()


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within the block, the signals set ``requested`` instead of ending the process.

    Whoever trains looks at it, saves, and raises `Interrupted`. On its way out one line on standard error says that the
    state is saved, and whoever handled the signal before is told of it; where that was nobody, Slurm is asked for
    another run (not after SIGTERM), and `Interrupted` goes on. So no signal is lost, whatever ended the block.
    """
    interruption, end = Interruption(), None
    try:
        with interruption.listening():
            yield interruption
    except Interrupted as saved:
        end = saved
    except Exception as error:
        if not interruption.requested:
            raise
        end = Interrupted()
        end.__cause__ = error
    if end is not None or interruption.requested:
        _leave(end or Interrupted(), interruption)


def requeue() -> str:
    """Asks Slurm to run this process's job again, and says what came of it; nothing outside of a job."""
    job = os.environ.get(_SLURM_JOB)
    if job is None:
        return ""
    command = ["scontrol", "requeue", job]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_REQUEUE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"; Slurm was not asked for another run ({error}): submit the job again"
    if answer.returncode:
        why = " ".join(answer.stderr.split()) or f"exit code {answer.returncode}"
        return f"; Slurm refused another run ({why}): submit the job again"
    return f"; Slurm runs job {job} again"


def _leave(end: Interrupted, interruption: Interruption) -> NoReturn:
    number = interruption.signal or signal.SIGTERM
    earlier = signal.getsignal(number) if threading.current_thread() is threading.main_thread() else None
    if end.speaks:
        again = "" if callable(earlier) or number in (signal.SIGTERM, signal.SIGINT) else requeue()
        print(f"{_farewell(end, interruption)}{again}", file=sys.stderr, flush=True)
    if callable(earlier):
        earlier(number, None)
    raise end


def _farewell(end: Interrupted, interruption: Interruption) -> str:
    saved = "the last resume point stands" if end.step is None else f"saved after step {end.step}"
    name = "a signal" if interruption.signal is None else interruption.signal.name
    name = "Ctrl-C" if interruption.signal is signal.SIGINT else name
    return f"ended by {name}, {saved}: the same command goes on from there"
