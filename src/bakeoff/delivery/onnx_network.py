"""A network that onnxruntime runs, behind the call of one that torch runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import Tensor, nn

from bakeoff.training.trial.interface import parts_of

_ERRORS_ALONE = 4
"""Of onnxruntime's messages: what it says before it raises goes past whoever asked."""


class OnnxNetwork(nn.Module):
    """An ONNX file on CPU.

    Args:
        path: the file.
        threads: within an operation.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        super().__init__()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = _ERRORS_ALONE
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input_names = [found.name for found in self.session.get_inputs()]
        self.output_names = [found.name for found in self.session.get_outputs()]

    def forward(self, inputs: Any) -> Any:
        """One tensor where there is one output, else tensors by name."""
        found = self.named(parts_of(inputs))
        return found if len(found) > 1 else next(iter(found.values()))

    def named(self, parts: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The outputs by name."""
        given = zip(self.input_names, parts, strict=True)
        answers = self.session.run(None, {name: part.cpu().numpy() for name, part in given})
        return {name: torch.from_numpy(answer) for name, answer in zip(self.output_names, answers, strict=True)}
