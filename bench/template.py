"""Whole epochs of a dense net, beside the most popular template of Lightning and Hydra, run from its own public code.

lightning-hydra-template of commit bddbc24 with its own configuration on files in MNIST's format (55,000 pictures to
train on, 5,000 to validate), one thread, without a logger on either side, in an environment of its own with the torch
of this one. bakeoff trains the same network, 784-64-128-64-10 with batch norm, with the same optimizer, batches of 128
and no clipping. An epoch is all that it takes, validation, metrics, progress and checkpoints included: the difference
in processor seconds between a longer and a shorter run, divided by the epochs between them. What the two have beside
epochs, from the command to the end, is that of the shorter run less its epochs. Neither tests: the template's own test
can't load its checkpoint with this torch.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.commands import peer_python, run_python
from bench.throughput import write_idx

SOURCE = "https://github.com/ashleve/lightning-hydra-template"
ELSEWHERE = "BAKEOFF_BENCH_TEMPLATE"
"""Names a clone of it where GitHub can't be reached."""
COMMIT = "bddbc24b82ab6ccfa6243e815a49dc5bfe8d4144"
ROWS = (("a whole epoch of a dense net (s)", 0.1), ("what is no epoch: start and end (s)", 1.0))
"""What is measured, and its target."""
_PACKAGES = ["lightning==2.6.6", "hydra-colorlog==1.2.0", "colorlog==6.9.0", "rootutils==1.0.7", "python-dotenv==1.1.1"]
_OURS = [
    *("model=mlp", "model.net.hidden=[64,128,64]", "model.net.batch_norm=true", "data=fashion_mnist"),
    *("data.dedup=error", "data.split.val=5000", "data.batch_size=128", "trainer.gradient_clip_norm=null"),
    *("optimizer=adam", "optimizer.lr=1.0e-3", "tracking=none", "trainer.accelerator=cpu"),
]


def measure(*, pairs: int) -> list[dict[str, Any]]:
    """A row for an epoch and one for what is no epoch: medians over pairs in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python, code = peer_python(folder, _PACKAGES), folder / "template"
        subprocess.run(["git", "clone", "-q", os.environ.get(ELSEWHERE, SOURCE), str(code)], check=True)
        subprocess.run(["git", "-C", str(code), "checkout", "-q", COMMIT], check=True)
        raw = folder / "MNIST" / "raw"
        write_idx(raw, num_examples=60_000 - 64, image_size=28, num_test=10_000)
        subprocess.run(["gunzip", "--keep", *map(str, raw.glob("*.gz"))], check=True)
        alone = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": ""}

        def theirs(epochs: int) -> float:
            words = ("src/train.py", "test=false", f"trainer.max_epochs={epochs}", f"paths.data_dir={folder}")
            return run_python(*words, python=python, folder=code, environment=alone).processor_seconds

        def ours(epochs: int) -> float:
            words = ("-m", "bakeoff.cli", "train", *_OURS, f"data.path={raw}", f"trainer.max_epochs={epochs}")
            return run_python(*words, f"output_dir={tempfile.mkdtemp(dir=folder)}").processor_seconds

        ours(1)  # prepares the data
        found = [(_split(ours, 4, 16), _split(theirs, 1, 2)) for _ in range(pairs)]
    return [_row(*row, [(own[part], peer[part]) for own, peer in found]) for part, row in enumerate(ROWS)]


def _split(run: Callable[[int], float], fewer: int, more: int) -> tuple[float, float]:
    """Seconds of an epoch, and of the rest."""
    short, long = run(fewer), run(more)
    epoch = (long - short) / (more - fewer)
    return epoch, short - fewer * epoch


def _row(name: str, target: float, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "what": name,
        "bakeoff": round(median(own for own, _ in pairs), 3),
        "reference": round(median(peer for _, peer in pairs), 3),
        "ratio": round(median(own / peer for own, peer in pairs), 3),
        "target": target,
    }
