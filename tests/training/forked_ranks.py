"""Ranks forked from the process of the tests, which has imported everything: a fresh tree costs seconds of imports."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

from bakeoff.training import rank_processes
from bakeoff.training.interruption import Interruption


def run_forked(request: dict[str, Any], *, num_ranks: int, interruption: Interruption | None = None) -> Any:
    """As `rank_processes.run_on_devices`, but for what signals do.

    Raises:
        Exception: what a rank raised.
    """
    reader, writer = multiprocessing.Pipe(duplex=False)
    lifeline, held = os.pipe()
    told = {**request, "num_ranks": num_ranks, "allow_code": []}
    root = multiprocessing.get_context("fork").Process(
        target=rank_processes.supervise, args=(told, writer), kwargs={"lifeline": lifeline}
    )
    root.start()
    writer.close()
    kind, value = reader.recv()
    root.join()
    os.close(lifeline)
    os.close(held)
    if kind == "error":
        raise value
    return value
