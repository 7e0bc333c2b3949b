"""The root of the processes that train one trial: forks them, a rank a device, and ends them together.

It is started by `bakeoff.training.devices.rank_processes`, as an interpreter of its own or as a fork of a process that
has the imports in memory. It ends its ranks as soon as one of them fails, or nobody wants to know any more.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from bakeoff.config import allow
from bakeoff.config.processes import die_with_parent
from bakeoff.errors import EnvironmentFault
from bakeoff.training.devices.ranks import RANK_DIED, RANK_PREFIXES, RANK_VARIABLES, Ranks
from bakeoff.training.loop.interruption import SIGNALS, Interrupted

Request = dict[str, Any]
"""What a rank is asked to do, plain types only."""
Work = Callable[[Request, Ranks], Any]
END_S = 10.0
_LAST_WORDS_S = 0.5


def supervise(work: Work, request: Request, program: Connection, lifeline: Connection, held: Connection | None) -> None:
    """Forks the ranks, and sends what the first one returns, or the first error of any.

    Args:
        work: as of `bakeoff.training.devices.rank_processes.run_on_devices`.
        request: also as of there.
        program: where to send it.
        lifeline: at its end once nobody wants to know any more.
        held: the program's side of it, where this process is a fork and has a copy.
    """
    if held is not None:
        held.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program hears Ctrl-C too, and then lets go of the lifeline
    for name in list(os.environ):
        if name in RANK_VARIABLES or name.startswith(RANK_PREFIXES):
            del os.environ[name]
    torch.set_num_threads(1)  # a fork copies no thread; each rank sets its own number
    port, readers, processes = _free_port(), {}, []
    for rank in range(request["num_ranks"]):
        reader, writer = multiprocessing.Pipe(duplex=False)
        arguments = (work, request, Ranks(rank, request["num_ranks"]), port, writer)
        process = multiprocessing.get_context("fork").Process(target=_run_rank, args=arguments, daemon=True)
        process.start()
        writer.close()  # so that the pipe ends with its rank
        readers[reader] = rank
        processes.append(process)
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: _tell(processes, number))
    try:
        program.send(_outcome(readers, processes, lifeline))
    finally:
        for process in processes:
            process.kill()


def _outcome(readers: dict[Connection, int], processes: Sequence[BaseProcess], lifeline: Connection) -> tuple[str, Any]:
    """What the first rank tells once all have ended; or the first error of any."""
    found: tuple[str, Any] = ("result", None)
    while readers:
        for ready in multiprocessing.connection.wait([*readers, lifeline]):
            if ready is lifeline:
                return "error", rank_died("the program that asked for them is gone")
            assert isinstance(ready, Connection)
            rank = readers.pop(ready)
            try:
                kind, value = ready.recv()
            except EOFError:
                return "error", _ended(rank, processes[rank])
            if kind == "error":
                return _death(readers, processes) or (kind, value)
            found = (kind, value) if rank == 0 else found
    return found


def _death(readers: dict[Connection, int], processes: Sequence[BaseProcess]) -> tuple[str, Any] | None:
    """The end of a process without a word: what its peers raise is that they lost it, and may be heard first."""
    for ready in multiprocessing.connection.wait(list(readers), timeout=_LAST_WORDS_S):
        assert isinstance(ready, Connection)
        rank = readers[ready]
        try:
            ready.recv()
        except EOFError:
            return "error", _ended(rank, processes[rank])
    return None


def rank_died(how: str) -> EnvironmentFault:
    """What is told of a process that ended without a word."""
    next_step = "the same command goes on from the last resume point; a smaller data.batch_size if memory ran out"
    return EnvironmentFault(RANK_DIED, "trainer.devices", None, how, next_step=next_step)


def _ended(rank: int, process: BaseProcess) -> EnvironmentFault:
    process.join()
    return rank_died(f"the process of rank {rank} ended with exit code {process.exitcode}")


def _tell(processes: Sequence[BaseProcess], number: int) -> None:
    for process in processes:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# A rank -----------------------------------------------------------------------------------------------------------


def _run_rank(work: Work, request: Request, ranks: Ranks, port: int, root: Connection) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    os.environ.update(rank_environment(ranks, port))
    allow(request["allow_code"])
    try:
        root.send(("result", work(request, ranks)))
    except Interrupted as end:
        root.send(("interrupted", end.step))
    except Exception as error:
        error.add_note(f"on rank {ranks.rank}:\n{traceback.format_exc()}")
        root.send(("error", _sendable(error)))
        # The others would see this process's end as an error of their own, and might be heard first.
        time.sleep(END_S)


def rank_environment(ranks: Ranks, port: int) -> Mapping[str, str]:
    """What tells a process its rank among those of this machine, as torchrun does; they meet on the loopback."""
    own = {"RANK": ranks.rank, "LOCAL_RANK": ranks.rank, "WORLD_SIZE": ranks.count, "LOCAL_WORLD_SIZE": ranks.count}
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GROUP_RANK": 0, "TORCHELASTIC_RUN_ID": "bakeoff"}
    loopback = {} if torch.cuda.is_available() or sys.platform != "linux" else {"GLOO_SOCKET_IFNAME": "lo"}
    return {name: str(value) for name, value in {**own, **where, **loopback}.items()}


def _sendable(error: Exception) -> Exception:
    """The error, or where it can't be sent to another process its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
