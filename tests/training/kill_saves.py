"""Kills a process that saves checkpoints, at random moments, and looks each time whether a whole one is left.

python -m tests.training.kill_saves [KILLS]      prints a summary; exits with 1 where a kill left none

Each process goes on from what the one before left, as a resumed trial does. It saves without a pause, so that nearly
every kill hits a save: the writing, the flush, or between the two renames.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from bakeoff.training.loop.checkpoints import AtomicCheckpointIO, newest_whole, previous_of

VALUES = 2_500_000
"""Of float32: 10 MB, about what a network of 800,000 parameters takes with Adam's two moments."""
LONGEST_S = 0.5


def save_for_ever(path: Path, first: int, started: Connection) -> None:
    """Saves checkpoint after checkpoint; each tells the number of its last save once that is on disk."""
    torch.set_num_threads(1)
    number = first
    while True:
        AtomicCheckpointIO().save_checkpoint(content(number), path)
        started.send(number)
        number += 1


def content(number: int) -> dict:
    """A checkpoint that tells whether it is whole: its values follow from its number."""
    return {"number": number, "values": torch.arange(VALUES, dtype=torch.float32) + number}


def kill_once(path: Path, first: int, wait_s: float) -> tuple[int, set[str]]:
    """The last number that was told as saved, and the names of the files that the kill left."""
    told, tells = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=save_for_ever, args=(path, first, tells))
    process.start()
    tells.close()
    last = told.recv()
    time.sleep(wait_s)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while True:
        try:
            last = told.recv()
        except EOFError:
            break
    return last, {"unfinished" if found.name.startswith(".") else found.name for found in path.parent.iterdir()}


def check(path: Path, last: int) -> str | None:
    """What is wrong with what a kill left, if anything: none loads, it is older than what was told, or not whole."""
    said: list[str] = []
    found = newest_whole(path, said.append)
    if found is None:
        return f"none can be loaded: {said}"
    checkpoint = AtomicCheckpointIO().load_checkpoint(found)
    if said:
        return f"a damaged one: {said}"
    if checkpoint["number"] < last:
        return f"number {checkpoint['number']} after {last} was told as saved"
    if not torch.equal(checkpoint["values"], content(checkpoint["number"])["values"]):
        return "its values are not those that were saved"
    return None


def main(kills: int = 100) -> int:
    """Prints what was found; 0 where every kill left a whole checkpoint."""
    torch.set_num_threads(1)
    draw, failures, left, saves, done = random.Random(0), [], Counter[str](), 0, 0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "last.ckpt"
        started = time.perf_counter()
        for kill in range(kills):
            last, names = kill_once(path, saves, draw.uniform(0, LONGEST_S))
            left.update(names)
            wrong = check(path, last)
            if wrong is not None:
                failures.append(f"kill {kill}: {wrong}")
            saves, done = last + 2, done + last + 1 - saves
        seconds, size = time.perf_counter() - started, previous_of(path).stat().st_size
    print(f"{kills} kills in {seconds:.0f} s, {size / 1e6:.1f} MB a checkpoint, {done:,} saves told as done")
    print(f"a save was under way in {left['unfinished']}, last.ckpt was there after {left['last.ckpt']}")
    print("\n".join([f"{len(failures)} kills left no whole checkpoint", *failures]))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
