"""The demo, from its command to verdict and report, beside its trials alone: the seconds of all over two workers.

What lies between the two is the start (imports, data, plan), judging, and at the end what one worker waits for the
other: six seconds in the demo, whose trials take seconds, and 14 and 18 in the demo before it, now `experiment=digits`,
whose trials take tens of seconds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.commands import run_python

WORKERS = 2
TO_VERDICT, TO_END = 1.1, 1.2
CASES = ("demo", "digits")


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """Two rows a case: to the verdict, and to the end of the command; medians of the runs."""
    return [row for name in CASES for row in _rows(name, [_run(name) for _ in range(repeats)])]


def _run(name: str) -> tuple[float, float, float]:
    """Seconds of the trials, to the verdict and to the end."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        begun = time.time()
        command = ("compare", f"experiment={name}", f"executor.workers={WORKERS}", f"output_dir={folder}")
        run_python("-m", "bakeoff.cli", *command)
        ended = time.time()
        trials = [json.loads(path.read_text())["wall_seconds"] for path in folder.glob("trials/*/result.json")]
        judged = (folder / "verdict.json").stat().st_mtime
    print(f"trials {sum(trials) / WORKERS:.1f}, to the verdict {judged - begun:.1f}", file=sys.stderr)
    return sum(trials) / WORKERS, judged - begun, ended - begun


def _rows(name: str, runs: list[tuple[float, float, float]]) -> Iterator[dict[str, Any]]:
    for what, index, target in (("verdict", 1, TO_VERDICT), ("end, report and tracking included", 2, TO_END)):
        yield {
            "what": f"experiment={name}, from the command to the {what} (s)",
            "bakeoff": round(median(run[index] for run in runs), 1),
            "reference": round(median(run[0] for run in runs), 1),
            "ratio": round(median(run[index] / run[0] for run in runs), 3),
            "target": target,
        }
