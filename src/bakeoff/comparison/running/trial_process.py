"""One attempt at a trial: a process of its own, forked from a server that has torch and Lightning in memory.

Nothing here imports them: whoever starts trials, such as a worker of Ray's, leaves that to its fork server.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess

from bakeoff.comparison.running.kernel_kills import KernelKills
from bakeoff.comparison.running.order import APART, NO_ROOM, OUT_OF_MEMORY, RANK_KILLED, Ending, Order, modules_of
from bakeoff.config.processes import Process, caller_hidden, end_soon_after
from bakeoff.files import is_no_room
from bakeoff.record.layout import LOG

GRACE_S = 5.0
"""What trials get to save their state when the bakeoff is stopped."""
POLL_S = 0.5
STARTS, START_AGAIN_S = 20, 0.25
"""Attempts to have a process of a fork server, and what lies between them."""
_PRELOADED = ["bakeoff.comparison.running.fork_server", "bakeoff.comparison.running.worker"]


class TrialProcess:
    """An attempt that runs.

    Args:
        order: the trial.
        device: what to show it as CUDA_VISIBLE_DEVICES; None leaves that alone.
        bakeoff: the process whose end, also by a kill, ends the attempt.
        timeout_s: seconds after which it is late, for each of the trials that it is at; None waits for ever.
    """

    def __init__(self, order: Order, *, device: str | None, bakeoff: Process, timeout_s: float | None) -> None:
        self.timeout_s = None if timeout_s is None else timeout_s * (1 + len(order.others))
        self._started = time.monotonic()
        self._process = _started(modules_of(order.config), enter, order, device, bakeoff)

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def sentinel(self) -> int:
        """Ready, for `multiprocessing.connection.wait`, when it has ended."""
        return self._process.sentinel

    @property
    def late(self) -> bool:
        """Whether it runs on after its time."""
        return self.timeout_s is not None and time.monotonic() - self._started > self.timeout_s

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.join()

    def stop_late(self) -> Ending:
        """Ends it for being late."""
        self.kill()
        return Ending(f"stopped after {self.timeout_s:.0f} s", late=True)

    def ask_to_save(self) -> None:
        """Tells it to save its state and end."""
        self._process.terminate()

    def ending(self, kills: KernelKills) -> Ending:
        """How it ended; a kill counts as one for want of memory only where the kernel says so."""
        self._process.join()
        code = self._process.exitcode
        starved = code == OUT_OF_MEMORY or (code in (-signal.SIGKILL, RANK_KILLED) and kills.take())
        return Ending(f"exit code {code}", out_of_memory=starved, no_room=code == NO_ROOM, apart=code == APART)


def stop(processes: Sequence[TrialProcess]) -> None:
    """Lets attempts save their state for a few seconds, and ends them, also where it is interrupted."""
    try:
        for process in processes:
            process.ask_to_save()
        left, deadline = {process.sentinel for process in processes}, time.monotonic() + GRACE_S
        while left and time.monotonic() < deadline:
            left -= set(multiprocessing.connection.wait(list(left), timeout=POLL_S))
    finally:
        for process in processes:
            process.kill()


def fork_server(modules: Sequence[str]) -> ForkServerContext:
    """Where attempts are forked; it starts with the first, with these modules in memory beside those of any."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOADED, *modules])
    return context


def begin(modules: Sequence[str]) -> None:
    """Starts the fork server and its imports, unless it runs; does not wait for them, as the first attempt will."""
    fork_server(modules)
    with caller_hidden():
        multiprocessing.forkserver.ensure_running()


def warm_up(modules: Sequence[str]) -> ForkServerProcess:
    """Starts the fork server and its imports; what is returned ends when they are done."""
    return _started(modules, os.getpid)


def _started(modules: Sequence[str], target: Callable[..., object], *args: object) -> ForkServerProcess:
    """A process from the fork server; where that was killed, as the kernel may when memory is short, from the next."""
    for left in reversed(range(STARTS)):
        process = fork_server(modules).Process(target=target, args=args)
        try:
            with caller_hidden():
                process.start()
            return process
        except (EOFError, ConnectionError):
            if not left:
                raise
            time.sleep(START_AGAIN_S)  # until it is gone: before, Python starts no other
    raise AssertionError


def enter(order: Order, device: str | None, bakeoff: Process) -> None:
    """Where a trial's process begins, with its output in ``log.txt``."""
    end_soon_after(bakeoff)
    try:
        order.folder.mkdir(parents=True, exist_ok=True)
        log = (order.folder / LOG).open("a", buffering=1)
    except OSError as error:
        sys.exit(NO_ROOM if is_no_room(error) else 1)
    with log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = sys.stderr = log
        from bakeoff.comparison.running.worker import work  # in memory already, in the fork server's children

        work(order, device)
