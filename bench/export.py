"""Exported networks: milliseconds a call in onnxruntime, as they are and with weights of one byte, against torch.

Networks as their tasks' configurations make them, untrained, on inputs of typical size; one thread; the forms take
turns, and each figure is the median of five.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import nn

from bakeoff.config.composition import Composer
from bakeoff.delivery.graph import NotExportable, write_graph
from bakeoff.delivery.measured import Whole, median_latencies
from bakeoff.delivery.onnx_network import OnnxNetwork
from bakeoff.delivery.quantised import quantise
from bakeoff.training.trial.configuration import TrialConfig

TEXTS = ["task=text_classification", "data=tweets", "data.max_rows=2000"]
NETWORKS = [
    ("text_cnn", TEXTS),
    ("lstm", TEXTS),
    ("gru", TEXTS),
    ("mingru", TEXTS),
    ("transformer", TEXTS),
    ("resnet", ["data=digits"]),
    ("renet", ["data=digits"]),
    ("vit", ["data=digits"]),
]
TARGET = 2.0


def measure() -> list[dict[str, Any]]:
    """A row a network, form and batch size."""
    torch.set_num_threads(1)
    rows = []
    for model, words in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            rows += _rows(model, words, Path(folder))
    return rows


def _rows(model: str, words: list[str], folder: Path) -> list[dict[str, Any]]:
    cfg = OmegaConf.to_container(Composer().compose("train", [*words, f"model={model}"]).cfg, resolve=True)
    trial = TrialConfig.of(cfg)
    spec = trial.open_data().spec
    net = trial.network(spec).eval()
    write_graph(net, spec, folder / "model.onnx")
    forms: dict[str, nn.Module] = {"torch": Whole(net), "onnx": OnnxNetwork(folder / "model.onnx")}
    with contextlib.suppress(NotExportable):
        forms["int8"] = OnnxNetwork(quantise(folder / "model.onnx", folder / "int8.onnx").path)
    found = median_latencies(forms, spec)
    return [
        {
            "what": f"{model}, batch {size}, {form}: milliseconds",
            "bakeoff": round(found[form][size], 3),
            "reference": round(found["torch"][size], 3),
            "ratio": round(found[form][size] / found["torch"][size], 2),
            "target": TARGET,
        }
        for form in forms
        if form != "torch"
        for size in found[form]
    ]
