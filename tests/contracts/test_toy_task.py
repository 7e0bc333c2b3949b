"""A new task family from outside: nothing in ``src/`` or ``conf/`` knows of it, and every command works on it.

``toy_task/`` holds a package and a tree of configuration: targets that are lists of any length, a kind of data, a
metric that is no mean over examples, an exhibit, a split by time with a gap, and models of a contract of its own.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bakeoff.cli import main
from bakeoff.config import allowlist
from bakeoff.config.composition import use_trees

PACKAGE, FLAGS = "toy_positions", ["--config-dir", "conf", "allow_code=[toy_positions]"]
TRAINED = ["task=find_positions", "data.file=old.jsonl", "trainer.accelerator=cpu", "tracking=none"]
NUM_LINES, NUM_TEST, NUM_VAL, GAP = 240, 60, 34, 10
"""A quarter of the lines is test; a fifth of the 170 before its gap is validation."""
Line = dict[str, Any]


def make_lines(count: int, *, seed: int) -> list[Line]:
    """Random sequences with their local maxima, in a random order of time."""
    rng, times = random.Random(seed), list(range(count))
    rng.shuffle(times)
    rows = [[round(rng.random(), 3) for _ in range(rng.randint(12, 24))] for _ in times]
    return [{"values": row, "positions": peaks(row), "time": time} for row, time in zip(rows, times, strict=True)]


def peaks(values: list[float]) -> list[int]:
    """The steps above both neighbours."""
    return [step for step in range(1, len(values) - 1) if values[step - 1] < values[step] > values[step + 1]]


def write(path: Path, lines: Iterable[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def f1(answers: Iterable[Iterable[int]], lines: Iterable[Line]) -> float:
    """Twice what is right, of everything that is said and everything that is true."""
    pairs = [(set(answer), set(line["positions"])) for answer, line in zip(answers, lines, strict=True)]
    return 2 * sum(len(a & b) for a, b in pairs) / sum(len(a) + len(b) for a, b in pairs)


def forget() -> None:
    """What an earlier command has made known to this process."""
    use_trees([])
    allowlist._user_packages.discard(PACKAGE)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def say(*words: str) -> None:
    """A command that knows nothing but its words."""
    forget()
    main(words)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return make_lines(NUM_LINES, seed=7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lines: list[Line]) -> Iterator[Path]:
    """A user's folder with a trained run, ``run``, and a finished bakeoff, ``contest``."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(Path(__file__).parent / "toy_task", folder, dirs_exist_ok=True)
    write(folder / "old.jsonl", lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
        say("train", *FLAGS, *TRAINED, "model=tiny_conv", "optimizer.lr=3e-2", "trainer.max_epochs=2", "output_dir=run")
        small = ["budget.value=600", "budget.tolerance=0.2", "trainer.max_epochs=2", "optimizer.lr=3e-2"]
        say("compare", *FLAGS, *TRAINED, *small, "baselines=[]", "executor.workers=1", "output_dir=contest")
        yield folder
        forget()


@pytest.fixture(scope="module")
def test_lines(lines: list[Line]) -> list[Line]:
    """The latest quarter, in the order of the file."""
    return [line for line in lines if line["time"] >= NUM_LINES - NUM_TEST]
