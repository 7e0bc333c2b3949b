"""Trains in processes of their own, a process a device, in a tree of processes a trial.

The program that wants the trial starts its root (`bakeoff.training.devices.rank_root`), which forks the ranks. So no
rank runs the program's command line again, as Lightning's own launcher would have it: inside a multirun that repeats
the whole sweep in every rank.

A program that has more to do (a run, a job of a multirun) starts the root as a fresh interpreter, which imports what
training needs once for all ranks. A process that is the trial's own, such as a bakeoff's, has nothing in memory but
these imports: the root is a fork of it, and there at once.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from bakeoff.config.allowlist import allowed_packages
from bakeoff.training.devices.rank_root import END_S, Request, rank_died, supervise
from bakeoff.training.devices.ranks import RANK_PREFIXES, RANK_VARIABLES
from bakeoff.training.loop.interruption import SIGNALS, Interrupted, Interruption

_POLL_S = 0.2


def run_on_devices(request: Request, *, num_ranks: int, interruption: Interruption, forked: bool = False) -> Any:
    """What the first rank makes of a request, which all of them work on.

    Args:
        request: plain types; ``work`` is the ``"package.module:function"`` that each rank calls with the request and
            with which rank it is.
        num_ranks: processes to start.
        interruption: a signal that has come in is sent on to the ranks.
        forked: fork them from this process, which has used no GPU yet.

    Raises:
        EnvironmentFault: a rank's process died.
        Interrupted: the ranks saved their state and ended.
        Exception: what a rank raised.
    """
    told = {**request, "num_ranks": num_ranks, "allow_code": allowed_packages()}
    reader, writer = multiprocessing.Pipe(duplex=False)
    with (_forked_root if forked else _fresh_root)(told, writer) as root:
        return _answer(reader, root, interruption)


def environment_without_ranks() -> dict[str, str]:
    """This process's environment for one that has a rank, or ranks, of its own; it imports from the same folders."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in RANK_VARIABLES and not name.startswith(RANK_PREFIXES)
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def _answer(reader: Connection, root: _Root, interruption: Interruption) -> Any:
    passed_on = False
    while not reader.poll(_POLL_S):
        if interruption.signal is not None and not passed_on:
            root.tell(interruption.signal)
            passed_on = True
    try:
        kind, value = reader.recv()
    except EOFError:
        kind, value = "error", rank_died(f"their parent ended with exit code {root.exit_code()}")
    if kind == "interrupted":
        raise Interrupted(value, speaks=False)  # the first rank has told of it
    if kind == "error" and interruption.requested:
        raise Interrupted
    if kind == "error":
        raise value
    return value


# The two ways to a root -------------------------------------------------------------------------------------------


class _Root(Protocol):
    """A root that was started."""

    def tell(self, number: int) -> None:
        """Sends it a signal."""

    def exit_code(self) -> int | None:
        """Waits for its end."""


class _FreshRoot:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def tell(self, number: int) -> None:
        self._process.send_signal(number)

    def exit_code(self) -> int | None:
        return self._process.wait()


@contextmanager
def _fresh_root(request: Request, writer: Connection) -> Iterator[_Root]:
    """An interpreter of its own; the end of its standard input is its sign to end its ranks, and itself."""
    command = [sys.executable, "-P", "-m", "bakeoff.training.devices.rank_root", str(writer.fileno())]
    root = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[writer.fileno()], env=environment_without_ranks())
    writer.close()
    assert root.stdin is not None
    try:
        with contextlib.suppress(BrokenPipeError):  # a root that died at once is told of by its exit code
            root.stdin.write(json.dumps(request).encode() + b"\n")
            root.stdin.flush()
        yield _FreshRoot(root)
    finally:
        with contextlib.suppress(BrokenPipeError):
            root.stdin.close()
        try:
            root.wait(END_S)
        except subprocess.TimeoutExpired:
            root.kill()
            root.wait()


class _ForkedRoot:
    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process

    def tell(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def exit_code(self) -> int | None:
        self._process.join()
        return self._process.exitcode


@contextmanager
def _forked_root(request: Request, writer: Connection) -> Iterator[_Root]:
    """A copy of this process; the end of a pipe, which comes with that of this process, is its sign to end."""
    lifeline, held = os.pipe()
    arguments = (request, writer, lifeline, held)
    root = multiprocessing.get_context("fork").Process(target=_supervise, args=arguments)
    root.start()
    writer.close()
    os.close(lifeline)
    try:
        yield _ForkedRoot(root)
    finally:
        os.close(held)
        root.join(END_S)
        root.kill()
        root.join()


def _supervise(request: Request, writer: Connection, lifeline: int, held: int) -> None:
    for number in SIGNALS:  # what this process did with them was a trial's business
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(held)
    for name in set(os.environ) - set(environment_without_ranks()):
        del os.environ[name]
    supervise(request, writer, lifeline=lifeline)
