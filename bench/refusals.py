"""Processor seconds (user and system) of a whole `bakeoff` that is refused, beside what it may take.

One second where the command line shows what is wrong, three where the head of the data does. Before these were checked
first (commit 3ecc3cb, the same machine): `seeds=2` 7.7, `optimizer.lr=fast` 11.9 with an internal error, a missing
column 7.2, a bad group 7.9.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

TABLE = "train task=text_classification data=csv model=tfidf data.file=films.csv"
REFUSALS = {
    "compare seeds=2": 1.0,
    "train optimizer.lr=fast": 1.0,
    "train model=resnett": 1.0,
    "train trainer.max_epochs=0": 1.0,
    "compare contenders=[lenet]": 1.0,
    "compare looks=[4,8]": 3.0,
    "compare paired=true tune.trials=20": 3.0,
    f"{TABLE} data.columns.label=stars": 3.0,
    f"{TABLE} data.split.group=patient": 3.0,
    f"{TABLE} data.columns.label=score": 3.0,
    f"{TABLE} data.encoding=ascii": 3.0,
    f"{TABLE} data.sep=tab": 3.0,
    "train data=image_folder data.path=nowhere": 3.0,
}
"""Command lines, and the processor seconds that each may take."""


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """Processor seconds of each refusal, median of some runs, beside the limit."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        body = "".join(f"film {number} schön,pos,0.{number}\n" for number in range(60))
        Path(folder, "films.csv").write_text(f"text,label,score\n{body}", encoding="utf-8")
        for line, limit in REFUSALS.items():
            taken = round(median(_processor_seconds(line.split(), folder) for _ in range(repeats)), 2)
            what = f"`{line.replace(TABLE, 'train data=csv')}`"
            rows.append(
                {"what": what, "bakeoff": taken, "reference": limit, "ratio": round(taken / limit, 2), "target": 1.0}
            )
    return rows


def _processor_seconds(words: list[str], folder: str) -> float:
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "bakeoff.cli", *words], cwd=folder, capture_output=True, check=False)
    if done.returncode not in (2, 3):
        raise RuntimeError(f"{words} was not refused: {done.returncode}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
