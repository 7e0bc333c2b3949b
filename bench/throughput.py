"""Steady-state training throughput of `bakeoff train`, logging and metrics on, against a hand-written loop.

Same network, optimizer, batch size and one thread on both sides; the two take turns, and the ratio is the median of the
pairs. bakeoff's figure is what `train` itself reports for a run (``examples_per_second``), its validations left out.
"""

from __future__ import annotations

import gzip
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import join_rows
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bench.reference import examples_per_second


@dataclass(frozen=True)
class Case:
    """A network to train on random pictures."""

    name: str
    overrides: tuple[str, ...]
    image_size: int
    num_examples: int
    batch_size: int
    epochs: int
    target: float


CASES = (
    Case("LeNet, 28x28", ("model=lenet", "model.net.width=1"), 28, 12_800, 128, 3, 0.97),
    Case("ResNet-18, 32x32", ("model=resnet", "model.net.width=1"), 32, 640, 64, 2, 0.99),
    Case(
        "dense 784-64-128-64-10 with batch norm, 28x28",
        ("model=mlp", "model.net.hidden=[64,128,64]", "model.net.batch_norm=true"),
        28,
        51_200,
        128,
        4,
        0.95,
    ),
)


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """One row a case: both throughputs and their ratio, median over ``repeats`` pairs."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return [_measure(case, Path(folder), repeats) for case in CASES]


def _measure(case: Case, folder: Path, repeats: int) -> dict[str, Any]:
    pictures = folder / case.overrides[0].partition("=")[2]
    write_idx(pictures, num_examples=case.num_examples, image_size=case.image_size)
    config = _config(case, pictures)
    pairs = []
    for repeat in range(repeats + 1):
        ours = _ours(config, folder / f"{pictures.name}-{repeat}")
        reference = _reference(config, case)
        if repeat:  # the first pair warms caches and allocators
            pairs.append((ours, reference))
    return {
        "what": case.name,
        "bakeoff": round(median(ours for ours, _ in pairs)),
        "reference": round(median(reference for _, reference in pairs)),
        "ratio": round(median(ours / reference for ours, reference in pairs), 3),
        "target": case.target,
    }


def _config(case: Case, pictures: Path) -> TrialConfig:
    overrides = [
        *case.overrides,
        "data=fashion_mnist",
        f"data.path={pictures}",
        "data.dedup=error",
        "data.split.val=64",
        f"data.batch_size={case.batch_size}",
        f"trainer.max_epochs={case.epochs}",
        "trainer.gradient_clip_norm=null",
        "trainer.accelerator=cpu",
    ]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))


def _ours(config: TrialConfig, folder: Path) -> float:
    result = run_trial(Training(config, folder), label=TrialLabel("bench", "bench"))
    return float(result["examples_per_second"])


def _reference(config: TrialConfig, case: Case) -> float:
    data = build(config.raw["data"]["module"], seed=0)
    loader = data.train_dataloader()
    images, labels, _ = join_rows(list(loader))
    optimizer = build(config.raw["optimizer"])
    net = config.network(data.spec)
    return examples_per_second(net, optimizer, images, labels, batch_size=case.batch_size, epochs=case.epochs)


def write_idx(folder: Path, *, num_examples: int, image_size: int, num_test: int = 64) -> None:
    """Random gray pictures in ten classes, as the four files of the MNIST family."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name, count in (("train", num_examples + 64), ("t10k", num_test)):
        pixels = random.integers(0, 256, (count, image_size, image_size), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        header = struct.pack(">IIII", 2051, count, image_size, image_size)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels.tobytes(), 1))
        label_header = struct.pack(">II", 2049, count)
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(label_header + labels.tobytes(), 1))
