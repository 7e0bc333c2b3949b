"""Processor seconds (user and system, of all processes) of whole commands, beside those of commit 3ecc3cb.

That build and this one run in turn, with the same packages, one thread, prepared data and an empty store of their own;
medians of pairs. The first step of a bakeoff is that of its first trial, counted from the command on by samples of all
its processes, ten a second. Memory is the highest resident size of one process of the command; of a trial, what it does
not share. Pages of library files count as the kernel keeps them: just after an installation both builds have 150 MB
more, so that its caches are best dropped first.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.commands import Used, run_python

BEFORE = "3ecc3cb"
ROOT = Path(__file__).parent.parent
QUICK = "trainer.max_epochs=1 trainer.accelerator=cpu trainer.threads=1"
TEXT = "task=text_classification model=text_cnn data.max_rows=400 data.tokenizer.vocab_size=400"
RUNS = {"image": "model=linear", "text": TEXT}
TRAIN = f"train model=linear {QUICK}"
COMPARE = f"compare contenders=[lenet,resnet] seeds=5 budget.value=20_000 executor.workers=1 tracking=none {QUICK}"
COMMANDS = {
    "train, one epoch, SQLite store (s)": (TRAIN, 0.45),
    "train, one epoch, tracking=none (s)": (f"{TRAIN} tracking=none", 0.55),
    "predict, one image (s)": ("predict run=image input=digit.png", 0.5),
    "predict, one text (s)": ("predict run=text input=texts.txt", 0.5),
}
FIRST_STEP = "compare, to the first optimizer step (s)"
MEMORY = "train, SQLite store: peak memory (MB)"
PRIVATE = "private memory of a trial's process (MB; beside the limit)"
STEP_S = 0.1
MEGABYTE = 1 << 20
PRIVATE_MB = 150


@dataclass
class Build:
    """A checkout, with a cache and a folder to work in of its own."""

    source: Path
    folder: Path
    figures: dict[str, list[float]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Of its commands."""
        own = {
            "PYTHONPATH": str(self.source / "src"),
            "BAKEOFF_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }
        return {**os.environ, **own}

    def start(self, words: str) -> subprocess.Popen[bytes]:
        """One command, in a process group of its own."""
        command = [sys.executable, "-m", "bakeoff.cli", *words.split()]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, start_new_session=True, **quiet)

    def run(self, words: str) -> Used:
        """One command, to its end."""
        return run_python("-m", "bakeoff.cli", *words.split(), folder=self.folder, environment=self.environment)

    def note(self, what: str, value: float) -> None:
        """Keeps a figure."""
        self.figures.setdefault(what, []).append(value)

    def prepare(self) -> None:
        """What every command finds: runs, an image, a text, prepared data, a cache."""
        from PIL import Image

        Image.new("L", (8, 8), 128).save(self.folder / "digit.png")
        (self.folder / "texts.txt").write_text("such a lovely evening\n", encoding="utf-8")
        for name, words in RUNS.items():
            self.run(f"train {words} {QUICK} output_dir={name}")

    def measure(self, number: int) -> None:
        """All figures once."""
        for what, (words, _) in COMMANDS.items():
            fresh = f" output_dir=out/{number}/run{len(what)}" if words.startswith("train") else ""
            used = self.run(words + fresh)
            self.note(what, used.processor_seconds)
            if "SQLite" in what:
                self.note(MEMORY, used.peak_mb)
        seconds, private = self.first_step(self.folder / "out" / f"bakeoff{number}")
        self.note(FIRST_STEP, seconds)
        self.note(PRIVATE, private / MEGABYTE)

    def first_step(self, output: Path) -> tuple[float, float]:
        """Processor seconds of a bakeoff up to its first step, and the most bytes that one trial had to itself."""
        process = self.start(f"{COMPARE} output_dir={output}")
        samples: list[tuple[float, float]] = []
        private = 0
        results: list[Path] = []
        try:
            while not results and process.poll() is None:
                family = _family(process.pid)
                samples.append((time.time(), sum(_seconds(member) for member in family)))
                private = max([private, *(_private(member) for member in family if _is_trial(member))])
                time.sleep(STEP_S)
                results = sorted(output.glob("trials/*/result.json"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        began = min(json.loads(path.read_text())["first_step_at"] for path in results)
        return next(used for at, used in samples if at >= began), private


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def _is_trial(process: psutil.Process) -> bool:
    """Whether it was forked by a fork server, whose command line it has."""
    with suppress(psutil.NoSuchProcess):
        parent = process.parent()
        return parent is not None and "forkserver" in " ".join(parent.cmdline())
    return False


def _private(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return int(process.memory_full_info().uss)
    return 0


@contextmanager
def _builds() -> Iterator[tuple[Build, Build]]:
    """The build of before, checked out for as long as it is needed, and this one."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(source), BEFORE], check=True, capture_output=True)
        try:
            builds = Build(source, Path(scratch) / "before"), Build(ROOT, Path(scratch) / "now")
            for build in builds:
                build.folder.mkdir()
                build.prepare()
            yield builds
        finally:
            subprocess.run([*git, "remove", "--force", str(source)], check=True, capture_output=True)


def measure(*, pairs: int) -> list[dict[str, Any]]:
    """Each command in both builds, in turn."""
    with _builds() as (before, now):
        for number in range(pairs):
            for build in (before, now) if number % 2 else (now, before):
                build.measure(number)
        targets = {**{what: target for what, (_, target) in COMMANDS.items()}, FIRST_STEP: 0.5, MEMORY: 0.6}
        rows = [_row(what, before.figures[what], now.figures[what], target) for what, target in targets.items()]
        return [*rows, _limited(now.figures[PRIVATE])]


def _row(what: str, before: list[float], now: list[float], target: float) -> dict[str, Any]:
    old, new = median(before), median(now)
    figures = {"bakeoff": round(new, 2), "reference": round(old, 2)}
    return {"what": what, **figures, "ratio": round(new / old, 2), "target": target}


def _limited(megabytes: list[float]) -> dict[str, Any]:
    found = round(median(megabytes))
    return {
        "what": PRIVATE,
        "bakeoff": found,
        "reference": PRIVATE_MB,
        "ratio": round(found / PRIVATE_MB, 2),
        "target": 1.0,
    }
