"""Everything that is taken home of a run: the graph, its smaller form, and what both were found to be worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bakeoff.data.contract import TaskData
from bakeoff.delivery.graph import OPSET, Graph, NotExportable, write_graph
from bakeoff.delivery.measured import Whole, median_latencies, validation_metrics
from bakeoff.delivery.onnx_network import OnnxNetwork
from bakeoff.delivery.quantised import Quantised, quantise
from bakeoff.errors import BakeoffError
from bakeoff.files import write_json
from bakeoff.models.contracts import DetectorOutputs
from bakeoff.training.trial.interface import named_inputs
from bakeoff.training.trial.saved_run import SavedRun

ONNX, INT8, ABOUT = "model.onnx", "model.int8.onnx", "export.json"


@dataclass
class Package:
    """What was written, and what was measured of it.

    ``metrics`` are of ``num_examples`` validation examples, by network (``torch``, ``onnx``, ``int8``) and name, and
    ``latency_ms`` by network and batch size. ``notes`` say what was not done, and why.
    """

    graph: Graph
    quantised: Quantised | None = None
    num_examples: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self, inputs: Mapping[str, Any], outputs: list[str]) -> dict[str, Any]:
        """Plain JSON types."""
        small = self.quantised
        return {
            "opset": OPSET,
            "exporter": self.graph.exporter,
            "inputs": {name: {str(axis): word for axis, word in free.items()} for name, free in inputs.items()},
            "outputs": outputs,
            "largest_difference": self.graph.difference,
            "asked_with": self.graph.asked_with,
            "validation_examples": self.num_examples,
            "validation": self.metrics,
            "latency_ms": self.latency_ms,
            "int8": None if small is None else {"changed": small.changed, "left": small.left},
            "notes": self.notes,
        }


def export_run(saved: SavedRun, folder: Path, *, int8: bool, max_examples: int) -> Package:
    """Writes ``model.onnx``, on request ``model.int8.onnx``, and ``export.json``, and measures them.

    Args:
        saved: a run with a network.
        folder: where to; made if it is not there.
        int8: whether to make the smaller form too.
        max_examples: validation examples to measure on; 0 measures nothing.

    Raises:
        NotExportable: no graph says what the network says.
    """
    module = saved.module().to("cpu")
    folder.mkdir(parents=True, exist_ok=True)
    package = Package(write_graph(module.net, saved.spec, folder / ONNX))
    forms: dict[str, nn.Module] = {"torch": Whole(module.net), "onnx": _loaded(folder / ONNX)}
    (folder / INT8).unlink(missing_ok=True)  # of an earlier export
    if int8:
        try:
            package.quantised = quantise(folder / ONNX, folder / INT8)
            forms["int8"] = _loaded(folder / INT8)
        except NotExportable as error:
            package.notes.append(f"no int8: {error}")
    if max_examples:
        _measure(package, saved, forms, max_examples)
    package.latency_ms = median_latencies(forms, saved.spec)
    outputs = _loaded(folder / ONNX).output_names
    write_json(folder / ABOUT, package.to_dict(named_inputs(saved.spec), outputs))
    return package


def _loaded(path: Path) -> OnnxNetwork:
    return OnnxNetwork(path, threads=torch.get_num_threads())


def _measure(package: Package, saved: SavedRun, forms: Mapping[str, nn.Module], most: int) -> None:
    """Adds the validation metrics, where the run's data is still there."""
    with torch.inference_mode():
        outputs = forms["torch"](saved.spec.example_inputs(1))
    if isinstance(outputs, DetectorOutputs):
        package.notes.append("not measured again: which boxes are found is chosen from the graph's, by bakeoff")
        return
    try:
        data: TaskData = saved.data({})
    except BakeoffError as error:
        package.notes.append(f"not measured again: {error.line()}")
        return
    batches = data.val_dataloader()
    package.num_examples, package.metrics = validation_metrics(saved.task, forms, batches, most_examples=most)
