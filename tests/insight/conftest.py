"""Runs whose inputs have one place that decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bakeoff.config.running import run_pipeline
from tests.data.made_audio import RATE_HZ, encoded, tone

QUICK = ["trainer.max_examples=1500", "trainer.accelerator=cpu", "tracking=none"]
RUNS = {
    "text": [
        *("task=text_classification", "model=text_cnn", "model.net.width=8", "data=csv", "data.file={at}/texts.csv"),
        *("data.columns.text=text", "data.columns.label=label"),
    ],
    "series": [
        *("task=forecasting", "model=tcn", "data=series_csv", "data.window=16", "data.horizon=4"),
        *("data.columns.time=step", "data.columns.target=value", "data.file={at}/series.csv"),
    ],
    "classes": [
        *(
            "task=series_classification",
            "model=tcn",
            "model.net.width=8",
            "data=series_classes",
            "data.file={at}/bumps.tsv",
        ),
        "optimizer.lr=1e-2",
    ],
    "recordings": [
        *(
            "task=audio_classification",
            "model=gru",
            "model.net.width=8",
            "data=audio_classes",
            "data.folder={at}/bursts",
        ),
        *("data.features.num_mels=16", "data.split.val=6", "data.split.test=12", "data.batch_size=4"),
        *("optimizer.lr=1e-2", "trainer.max_examples=600"),
    ],
}
"""Of each its words besides `QUICK`; ``{at}`` is the folder of all."""
BUMP = slice(12, 18)
"""Where a series of `bumps.tsv` shows its class, of 30 steps."""
BURST = slice(20, 30)
"""Where a recording of `bursts` does, in frames of 10 ms, of 50."""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all runs of `RUNS`."""
    folder = tmp_path_factory.mktemp("runs")
    _write_texts(folder / "texts.csv")
    values = [f"{k},{(k % 8) * (1 + k // 100)}" for k in range(400)]
    (folder / "series.csv").write_text("step,value\n" + "\n".join(values) + "\n")
    _write_series(folder / "bumps.tsv")
    _write_recordings(folder / "bursts")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, where in RUNS.items():
            run_pipeline("train", argv=[*QUICK, *(word.format(at=folder) for word in where), f"output_dir={name}"])
    return folder


def _write_texts(file: Path) -> None:
    """One word of each says its class."""
    words = ["red", "green", "blue", "small", "large", "round", "flat", "old"]
    rows = [
        f"{words[k % 8]} {words[(3 * k) % 7]} {'good' if k % 2 else 'bad'} {words[(5 * k + 1) % 8]} thing {k},{k % 2}"
        for k in range(240)
    ]
    file.write_text("text,label\n" + "\n".join(rows) + "\n")


def _write_series(file: Path) -> None:
    """Noise, with a step up or down at `BUMP`."""
    rng, lines = np.random.default_rng(0), []
    for row in range(200):
        values = 0.2 * rng.normal(size=30)
        values[BUMP] += (-1, 1)[row % 2]
        lines.append("\t".join([str(row % 2), *(f"{value:.4f}" for value in values)]))
    file.write_text("\n".join(lines) + "\n")


def _write_recordings(folder: Path) -> None:
    """Half a second of faint noise, with a low or a high tone at `BURST`."""
    rng = np.random.default_rng(0)
    for row in range(60):
        samples = 0.01 * rng.normal(size=RATE_HZ // 2).astype(np.float32)
        burst = tone(0.1, hz=(300, 2500)[row % 2] + row)
        samples[BURST.start * RATE_HZ // 100 :][: len(burst)] += burst
        place = folder / ("low", "high")[row % 2] / f"{row:02d}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(samples))
