"""A bakeoff of 1,000 trials and 1,078 test examples: its verdict derived again, its report, and what has been run.

The trials are made, not trained (`tests/comparison/large_bakeoff.py`); everything else is the code of a bakeoff.
Verdict and report are the commands, imports included; the reference is what they may take.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.comparison.bakeoff_config import small_bakeoff
from tests.comparison.large_bakeoff import ENTRIES

from bakeoff.comparison.planning.plan import make_plan
from bench.commands import run_python

LARGEST_MB, LARGEST_PAGE_MB = 2048, 10
SLOWEST_S, SLOWEST_START_S = 20, 1


def measure(*, seeds: int) -> list[dict[str, Any]]:
    """Seconds and megabytes for so many seeds of five entries."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bakeoff"
        run_python("-m", "tests.comparison.large_bakeoff", str(folder), str(seeds))
        verdict = run_python("-m", "bakeoff.cli", "verdict", str(folder / "scores.parquet"), "--metric", "accuracy")
        report = run_python("-m", "bakeoff.cli", "report", f"run={folder}")
        page_mb = (folder / "report.html").stat().st_size / 1e6
        start_s, finished = _started(folder, seeds)
    seconds, memory_mb = verdict.seconds + report.seconds, max(verdict.peak_mb, report.peak_mb)
    return [
        _row(f"seconds for verdict and report of {finished:,} trials", seconds, SLOWEST_S),
        _row("their peak memory, MB", memory_mb, LARGEST_MB),
        _row("the report's page, MB", page_mb, LARGEST_PAGE_MB),
        _row(f"seconds to learn which of {finished:,} trials have finished", start_s, SLOWEST_START_S),
    ]


def _row(what: str, found: float, limit: float) -> dict[str, Any]:
    ratio = round(found / limit, 3)
    return {"what": what, "bakeoff": round(found, 2), "reference": limit, "ratio": ratio, "target": 1}


def _started(folder: Path, seeds: int) -> tuple[float, int]:
    """Seconds from the plan to the trials that have finished, and how many those are."""
    plan = make_plan(small_bakeoff(*ENTRIES, f"seeds={seeds}"))
    start = time.perf_counter()
    finished = sum(job.finished for job in plan.jobs(folder))
    return time.perf_counter() - start, finished
