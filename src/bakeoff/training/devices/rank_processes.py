"""Trains in processes of their own, a process a device, in a tree of processes a trial.

The program that wants the trial starts its root (`bakeoff.training.devices.rank_root`), which forks the ranks. So no
rank runs the program's command line again, as Lightning's own launcher would have it: inside a multirun that repeats
the whole sweep in every rank.

A program that has more to do (a run, a job of a multirun) spawns the root as a fresh interpreter, which imports what
training needs once for all ranks. A process that is the trial's own, such as a bakeoff's, has nothing in memory but
these imports: the root is a fork of it, and there at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bakeoff.config.allowlist import allowed_packages
from bakeoff.config.processes import caller_hidden
from bakeoff.training.devices.rank_root import END_S, Request, Work, rank_died, supervise
from bakeoff.training.loop.interruption import Interrupted, Interruption

_POLL_S = 0.2


def run_on_devices(
    work: Work, request: Request, *, num_ranks: int, interruption: Interruption, forked: bool = False
) -> Any:
    """What the first rank makes of a request, which all of them work on.

    Args:
        work: a module's function that each rank calls with the request and with which rank it is.
        request: plain types.
        num_ranks: processes to start.
        interruption: a signal that has come in is sent on to the ranks.
        forked: fork them from this process, which has used no GPU yet.

    Raises:
        EnvironmentFault: a rank's process died.
        Interrupted: the ranks saved their state and ended.
        Exception: what a rank raised.
    """
    told = {**request, "num_ranks": num_ranks, "allow_code": allowed_packages()}
    context = multiprocessing.get_context("fork") if forked else multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    lifeline, held = context.Pipe(duplex=False)  # whose end, which comes with that of this process, ends the root
    root = context.Process(target=supervise, args=(work, told, writer, lifeline, held if forked else None))
    with caller_hidden():
        root.start()
    writer.close()
    lifeline.close()
    try:
        return _answer(reader, root, interruption)
    finally:
        held.close()
        root.join(END_S)
        root.kill()
        root.join()


def _answer(reader: Connection, root: BaseProcess, interruption: Interruption) -> Any:
    passed_on = False
    while not reader.poll(_POLL_S):
        if interruption.signal is not None and not passed_on and root.pid is not None:
            number = interruption.signal
            os.kill(root.pid, signal.SIGTERM if number is signal.SIGINT else number)  # they ignore Ctrl-C
            passed_on = True
    try:
        kind, value = reader.recv()
    except EOFError:
        root.join()
        kind, value = "error", rank_died(f"their parent ended with exit code {root.exitcode}")
    if kind == "interrupted":
        raise Interrupted(value, speaks=False)  # the first rank has told of it
    if kind == "error" and interruption.requested:
        raise Interrupted
    if kind == "error":
        raise value
    return value
