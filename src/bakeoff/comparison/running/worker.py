"""What runs in a trial's own process.

This module is also what the fork server imports before the first trial, with the modules that the trial's configuration
names, so that a trial's process starts with torch, Lightning, the metrics and what its data takes in memory, and takes
its first optimizer step in tens of milliseconds. Nothing here belongs to one kind of data: its packages may be missing.
"""

from __future__ import annotations

import multiprocessing.forkserver
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from bakeoff.comparison.running.order import APART, NO_ROOM, OUT_OF_MEMORY, RANK_KILLED, Order, failure
from bakeoff.config import allow
from bakeoff.config.processes import die_with_parent
from bakeoff.errors import BakeoffError, one_line
from bakeoff.files import is_no_room, write_json
from bakeoff.record.layout import APART as APART_FILE
from bakeoff.record.layout import LOG, RESULT
from bakeoff.training.devices.memory import is_out_of_memory
from bakeoff.training.devices.ranks import RANK_DIED
from bakeoff.training.loop.interruption import interruptible
from bakeoff.training.loop.seats import Seat, Table
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial


def work(order: Order, device: str | None) -> None:
    """Runs one trial to its result, or several as one; an error becomes a result of status ``failed``.

    Raises:
        SystemExit: without a result, after memory ran out or a rank was killed: another process has to try again; or
            where the disk is full, or where several trials have to be trained one by one.
    """
    _follow_parent()
    if device is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    allow(order.allow_code)
    if order.others:
        train_together([order, *order.others])
    else:
        train_trial(order)


def train_together(orders: Sequence[Order]) -> None:
    """Runs trials as one, as far as that goes; what is left is for other processes, one a trial."""
    left: list[SystemExit] = []

    def begin(order: Order) -> Callable[[Seat], None]:
        def train(seat: Seat) -> None:
            if order is not orders[0]:
                order.folder.mkdir(parents=True, exist_ok=True)
                with (order.folder / LOG).open("a") as log:
                    log.write(f"trained as one with others, see {orders[0].folder.name}/{LOG}\n")
            try:
                train_trial(order, seat, share=len(orders))
            except SystemExit as end:
                left.append(end)

        return train

    with interruptible() as interruption:
        table = Table(len(orders), interruption)
        table.run([begin(order) for order in orders])
    for order in orders if table.why_apart is not None else ():
        if not (order.folder / RESULT).exists():
            write_json(order.folder / APART_FILE, {"why": table.why_apart})
    if left:
        sys.exit(NO_ROOM if any(end.code == NO_ROOM for end in left) else APART)


def train_trial(order: Order, seat: Seat | None = None, *, share: int = 1) -> None:
    """Runs one trial; in its seat, with ``share`` of them in this process."""
    label = TrialLabel(**order.label)
    try:
        training = Training(
            TrialConfig.of(order.config),
            order.folder,
            train_flops_per_example=order.train_flops_per_example,
            energy=order.energy,
            seat=seat,
        )
        run_trial(training, label=label, conclude=None if seat is None else _shared(share), own_process=True)
    except Exception as error:  # a trial that fails is scored as the trivial predictor, never dropped
        if is_no_room(error):
            sys.exit(NO_ROOM)
        traceback.print_exc()
        if is_out_of_memory(error):
            sys.exit(OUT_OF_MEMORY)
        if isinstance(error, BakeoffError) and error.code == RANK_DIED:
            sys.exit(RANK_KILLED)
        write_json(order.folder / RESULT, failure(order.config, order.label, one_line(error)))


def _shared(count: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a trial's result says where its process was at so many."""

    def share(result: dict[str, Any]) -> dict[str, Any]:
        return {"stacked": count, "peak_memory_mb": round(result["peak_memory_mb"] / count, 1)}

    return share


def _follow_parent() -> None:
    """Ends this process with the fork server, which ends with the bakeoff; Ctrl-C is the bakeoff's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server: Any = multiprocessing.forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        # The fork server ends when nobody holds this pipe any more: a trial's copy would keep both alive.
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
    die_with_parent()
