"""A network as an ONNX file for any batch size and length, refused unless onnxruntime says what torch says.

torch has two exporters, and each is silently wrong where the other is right: the newer one fixes the length of a
recurrent network, the older one that of attention. So each network is tried by the one that suits it, then by the
other, and a file counts only once it has answered batches of sizes that it was not made with.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bakeoff.data.spec import Spec
from bakeoff.delivery.onnx_network import OnnxNetwork
from bakeoff.delivery.probing import probing_inputs, real_places
from bakeoff.models.rnn.backbone import RecurrentBackbone
from bakeoff.training.trial.interface import as_inputs, named_inputs, named_outputs, shorter

OPSET = 20
TOLERANCE = 1e-4
"""The largest difference that an output may have from torch's."""
_MADE_WITH = 2
"""Rows of the batch that a graph is drawn from: with one, a recurrent network is fixed to it."""
_ASKED_WITH = (5, 1)
"""Rows of the batches that it is then asked about, the first ones of shorter sequences than it was drawn from."""


class NotExportable(Exception):
    """No exporter makes a file that says what the network says; the message tells why."""


@dataclass(frozen=True)
class Graph:
    """A file that was found right.

    Attributes:
        path: the file.
        exporter: ``dynamo`` or ``torchscript``.
        difference: the largest one of any output from torch's, at sizes that it was not made with.
        asked_with: those sizes, the shapes of each batch's inputs.
    """

    path: Path
    exporter: str
    difference: float
    asked_with: tuple[tuple[tuple[int, ...], ...], ...]


class Traced(nn.Module):
    """A network as exporters take it: tensors in, tensors out.

    It has to be put in evaluation mode itself, or an exporter leaves the network behind in training mode.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, *parts: Tensor) -> tuple[Tensor, ...]:
        """The outputs in the order of their names."""
        return tuple(named_outputs(self.net(as_inputs(parts))).values())


def write_graph(net: nn.Module, spec: Spec, path: Path) -> Graph:
    """Writes the file, by the first exporter that makes a right one.

    Args:
        net: in evaluation mode, on CPU.
        spec: what its data is, for inputs of typical size.
        path: the file.

    Raises:
        NotExportable: none does.
    """
    reasons = []
    for exporter in _exporters(net):
        try:
            with _quiet(), torch.no_grad():
                _EXPORTERS[exporter](net, spec, path)
            difference, asked_with = _largest_difference(net, OnnxNetwork(path), spec)
        except Exception as error:  # exporters and onnxruntime raise anything
            reasons.append(f"{exporter}: {_first_words(error)}")
            continue
        if difference < TOLERANCE:
            return Graph(path, exporter, difference, asked_with)
        reasons.append(f"{exporter}: an output is {difference:.1e} from torch's")
    path.unlink(missing_ok=True)
    raise NotExportable("; ".join(reasons))


def _exporters(net: nn.Module) -> list[str]:
    """The one that suits the network, and then the other."""
    recurrent = any(isinstance(module, nn.RNNBase | RecurrentBackbone) for module in net.modules())
    return sorted(_EXPORTERS, reverse=recurrent)


def _by_dynamo(net: nn.Module, spec: Spec, path: Path) -> None:
    axes = named_inputs(spec)
    torch.onnx.export(
        Traced(net).eval(),
        probing_inputs(net, spec, _MADE_WITH, seed=0),
        path,
        dynamo=True,
        opset_version=OPSET,
        input_names=list(axes),
        output_names=_output_names(net, spec),
        dynamic_shapes=(tuple(dict.fromkeys(free, torch.export.Dim.AUTO) for free in axes.values()),),
        external_data=False,
        verbose=False,
    )


def _by_torchscript(net: nn.Module, spec: Spec, path: Path) -> None:
    names, axes = _output_names(net, spec), named_inputs(spec)
    torch.onnx.export(
        Traced(net).eval(),
        probing_inputs(net, spec, _MADE_WITH, seed=0),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=list(axes),
        output_names=names,
        dynamic_axes=axes | {name: {0: "batch"} for name in names},
    )


_EXPORTERS: dict[str, Callable[[nn.Module, Spec, Path], None]] = {"dynamo": _by_dynamo, "torchscript": _by_torchscript}


def _output_names(net: nn.Module, spec: Spec) -> list[str]:
    return list(named_outputs(net(as_inputs(probing_inputs(net, spec, 1, seed=0)))))


@torch.inference_mode()
def _largest_difference(
    net: nn.Module, other: OnnxNetwork, spec: Spec
) -> tuple[float, tuple[tuple[tuple[int, ...], ...], ...]]:
    """The largest difference of any output at real steps, and the shapes of the inputs of each batch."""
    worst, shapes = 0.0, []
    for rows, data in zip(_ASKED_WITH, (shorter(spec), spec), strict=True):
        inputs = probing_inputs(net, data, rows, seed=rows)
        shapes.append(tuple(tuple(part.shape) for part in inputs))
        expected, found = named_outputs(net(as_inputs(inputs))), other.named(inputs)
        for name, output in expected.items():
            if found[name].shape != output.shape:
                raise ValueError(f"shape {tuple(found[name].shape)} for {tuple(output.shape)}")
            places = real_places(inputs, output)
            worst = max(worst, _difference(found[name][places], output[places]))
    return worst, tuple(shapes)


def _difference(found: Tensor, expected: Tensor) -> float:
    """The largest one; equal infinities have none, and no number is as far as can be."""
    differences = (found.double() - expected.double()).abs().nan_to_num(nan=torch.inf)
    return float(differences.masked_fill(found == expected, 0.0).max()) if differences.numel() else 0.0


def _first_words(error: Exception) -> str:
    """The line of an exporter's error that says something: the innermost one's first."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what exporters print of their steps, some of it past Python: what went wrong is raised as well."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            os.dup2(nowhere, 1)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
        logging.disable(before)
