"""PatchTST, LSTM and TCN beside neuralforecast 3.3.0: windows learnt a second; and what 100,000 series take to be read.

One thread each, windows of 336 steps in batches of 128, 24 steps ahead. neuralforecast runs in an environment of its
own, made of the package index with the torch and Lightning of this one, with its defaults: PatchTST of 3 layers, width
128 and 16 heads on patches of 16 steps, one every 8 (42 a window); two LSTM layers of 128 units and five convolutions
of 128 channels over every step. Here the same layers, widths and windows: patches of 8 steps without overlap (42 a
window) for the Transformer; the LSTM and the TCN once over every step, as there, and once over patches of 12 steps,
which is what `task=forecasting` does by default. Seconds are of the processor, so that what else the machine does
counts little; neuralforecast's are the difference between runs of 4 and of 12 steps, so that its start counts for
nothing. A step of PatchTST took 403 ms where this was measured: 120 were matrix products, at the processor's full rate,
117 attention with 16 heads of 8, and 75 the random numbers of dropout. Three times neuralforecast's rate are 178 ms a
step, so that no way of writing the rest in single precision reaches it. A level of our TCN has two convolutions, as in
its paper, and one of neuralforecast's has one: three levels of dilations 1, 4 and 16 are six convolutions that reach 43
steps, beside their five that reach 32. Of 100,000 series of 100 points in a CSV file of ten million rows, a process is
measured from its start to the end of its first step.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from omegaconf import OmegaConf

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.training.trial.configuration import TrialConfig
from bench.commands import peer_python, run_python

WINDOW, HORIZON, BATCH, STEPS = 336, 24, 128, (4, 12)
TARGET = 3
_PACKAGES = ["neuralforecast==3.3.0", "coreforecast==0.0.20", "utilsforecast==0.2.17", "narwhals==2.29.0"]
_LAYERS = {
    "PatchTST": [
        *("model=transformer", "model.net.width=128", "model.net.depth=3", "model.net.heads=16"),
        *("model.net.mlp_width=256", "model.net.dropout=0.2", "task.network.causal=false"),
    ],
    "LSTM": ["model=lstm", "model.net.width=128", "model.net.depth=2", "model.net.dropout=0.0"],
    "TCN": [
        "model=tcn",
        "model.net.width=128",
        "model.net.levels=3",
        "model.net.dilation_base=4",
        "model.net.kernel_size=2",
        "model.net.dropout=0.0",
    ],
}
_READ_BY = {"PatchTST": (8,), "LSTM": (1, 12), "TCN": (1, 12)}
PEER = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
import pandas as pd, torch
torch.set_num_threads(1)
from neuralforecast import NeuralForecast, models
name, file, window, horizon, batch, *steps = sys.argv[1:]
table = pd.read_csv(file, parse_dates=["ds"])
seconds = []
for count in map(int, steps):
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    sizes = {"input_size": int(window), "h": int(horizon), "windows_batch_size": int(batch), "max_steps": count}
    begun = time.process_time()
    NeuralForecast(models=[getattr(models, name)(**sizes, **quiet)], freq="h").fit(table)
    seconds.append(time.process_time() - begun)
print(json.dumps((int(steps[1]) - int(steps[0])) * int(batch) / (seconds[1] - seconds[0])))
"""


def measure() -> list[dict[str, Any]]:
    """A row a network and patch, then the two of many series."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        python, file = peer_python(Path(folder), _PACKAGES), Path(folder) / "series.csv"
        stamps = pd.date_range("2020-01-01", periods=10_000, freq="h")
        values = np.sin(np.arange(10_000) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 0.3, 10_000)
        pd.DataFrame({"unique_id": "a", "ds": stamps, "y": values}).to_csv(file, index=False)
        rows = [row for name in _LAYERS for row in _rows(name, python, file)]
        return [*rows, *_many(Path(folder))]


def _rows(name: str, python: Path, file: Path) -> Iterator[dict[str, Any]]:
    words = [name, str(file), *map(str, (WINDOW, HORIZON, BATCH, *STEPS))]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    told = subprocess.run(
        [str(python), "-c", PEER, *words], cwd=file.parent, env=alone, check=True, capture_output=True, text=True
    ).stdout
    peer = float(told.splitlines()[-1])
    for patch in _READ_BY[name]:
        own = _ours(_LAYERS[name], file, patch)
        read = {1: "every step", 8: "42 patches"}.get(patch, f"patches of {patch} steps")
        row = {"what": f"{name}, {read}, windows a second", "bakeoff": round(own), "reference": round(peer)}
        yield row | {"ratio": round(own / peer, 2), "target": TARGET, "better": "at least"}


def one_step() -> None:
    """Opens the data that the command's words name, and takes the first step of a trial on it."""
    _spent(sys.argv[1:], (1,))


def _ours(layers: list[str], file: Path, patch: int) -> float:
    """Windows a second of the steps that a trial takes."""
    words = [
        "task=forecasting",
        "data=series_csv",
        f"data.file={file}",
        "data.columns.time=ds",
        "data.columns.target=y",
    ]
    words += ["data.columns.series=unique_id", f"data.window={WINDOW}", f"data.horizon={HORIZON}", "data.season=24"]
    words += [f"data.batch_size={BATCH}", f"task.network.patch={patch}", "task.module.quantiles=[]", *layers]
    return STEPS[1] * BATCH / _spent(words, STEPS)[1]


def _spent(words: list[str], steps: Sequence[int]) -> list[float]:
    """Seconds of so many steps of a trial, and again of so many."""
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True))
    data = config.open_data()
    torch.manual_seed(0)
    net, task = config.network(data.spec).train(), config.make_task(data.spec)
    optimizer, batches = build(config.raw["optimizer"])(net.parameters()), iter(data.train_dataloader())
    through, spent = task.begin_pass(training=True), []
    for count in steps:
        begun = time.process_time()
        for _ in range(count):
            batch = next(batches)
            loss = task.loss(through(net, batch.inputs), batch, training=True)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        spent.append(time.process_time() - begun)
    return spent


def _many(folder: Path) -> Iterator[dict[str, Any]]:
    """What a table of very many series takes from the command to the end of a step."""
    file, series, points = folder / "many.csv", 100_000, 100
    stamps = pd.date_range("2020-01-01", periods=points, freq="D").strftime("%Y-%m-%d").to_numpy()
    values = np.random.default_rng(0).normal(size=series * points).round(3)
    names = np.repeat(np.char.add("s", np.arange(series).astype(str)), points)
    pd.DataFrame({"series": names, "time": np.tile(stamps, series), "y": values}).to_csv(file, index=False)
    words = ["task=forecasting", "data=series_csv", f"data.file={file}", "data.columns.time=time"]
    words += [
        "data.columns.target=y",
        "data.columns.series=series",
        "data.window=28",
        "data.horizon=7",
        "data.season=7",
    ]
    cache = os.environ | {"BAKEOFF_CACHE": str(folder / "cache")}
    used = run_python("-c", "from bench.forecasting import one_step; one_step()", *words, environment=cache)
    for what, own, limit in (
        (
            "100,000 series: from the command to the first step (processor s; beside the limit)",
            used.processor_seconds,
            60,
        ),
        ("100,000 series: peak memory (MB; beside the limit)", used.peak_mb, 4_000),
    ):
        yield {"what": what, "bakeoff": round(own, 1), "reference": limit, "ratio": round(own / limit, 2), "target": 1}
