"""What grows with the trials of a bakeoff: processor seconds, memory and files at 100, 1,000 and 10,000 trials.

The trials are made, not trained (`tests/comparison/large_bakeoff.py`, 20 epochs and about 180 test examples each); the
rest is the code of a bakeoff: `judge` opens the test and derives the verdict, `report`, `audit` and `sync` are the
commands, `sync` into a SQLite store, once whole and once with nothing new. The exponent is that of the part which
grows, between the second size and the third, what the smallest costs being taken for the start; 1 is linear. A peak
of memory is that of one step, at few trials of another than at many, so that its exponent is of the whole. What grows
of it was measured apart for `judge`: 1,066, 1,394 and 1,787 MB at 4,000, 7,000 and 10,000 trials, 0.13 MB a trial.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.commands import run_python

ENTRIES = 5
FEW_EXAMPLES = "data.split.test=0.1"
LARGEST_EXPONENT = 1.15


def measure(*, trials: tuple[int, int, int]) -> list[dict[str, Any]]:
    """A row a figure: its values at three sizes, and its exponent beside 1."""
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [dict(_figures(Path(scratch) / str(count), count // ENTRIES)) for count in trials]
    return [_row(what, [size[what] for size in sizes], trials) for what in sizes[0]]


def _figures(folder: Path, seeds: int) -> Iterator[tuple[str, float]]:
    """Every figure of one size, by name."""
    run_python("-m", "tests.comparison.large_bakeoff", str(folder), str(seeds), FEW_EXAMPLES, "--only", "trials")
    steps = {
        "judge": ("-m", "tests.comparison.large_bakeoff", str(folder), str(seeds), FEW_EXAMPLES, "--only", "verdict"),
        "report": ("-m", "bakeoff.cli", "report", f"run={folder}"),
        "audit": ("-m", "bakeoff.cli", "audit", str(folder)),
        "sync": ("-m", "bakeoff.cli", "sync", str(folder), "--uri", f"sqlite:///{folder}-store.db"),
        "sync of nothing new": ("-m", "bakeoff.cli", "sync", str(folder), "--uri", f"sqlite:///{folder}-store.db"),
    }
    for name, words in steps.items():
        used = run_python(*words)
        yield f"{name}, processor seconds", used.processor_seconds
        yield f"{name}, peak MB", used.peak_mb
    files = [path for path in folder.rglob("*") if path.is_file()]
    yield "files", len(files)
    yield "MB on disk", sum(path.stat().st_size for path in files) / 1e6
    yield "report, MB", (folder / "report.html").stat().st_size / 1e6
    yield "store, MB", Path(f"{folder}-store.db").stat().st_size / 1e6


def _row(what: str, values: list[float], trials: tuple[int, int, int]) -> dict[str, Any]:
    start, middle, end = values
    if "peak" in what:
        grown, steps = end / middle, trials[2] / trials[1]
    else:
        grown = (end - start) / (middle - start) if middle - start > 0.02 * start else 1.0
        steps = (trials[2] - trials[0]) / (trials[1] - trials[0])
    exponent = round(math.log(max(grown, 1.0)) / math.log(steps), 2)
    shown = ", ".join(f"{value:,.4g}" for value in values)
    return {
        "what": f"{what}: {shown}",
        "bakeoff": exponent,
        "reference": 1,
        "ratio": exponent,
        "target": LARGEST_EXPONENT,
    }
