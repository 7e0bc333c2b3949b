"""An ONNX file with weights of one byte: smaller, perhaps faster, and a little wrong."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from bakeoff.delivery.graph import NotExportable

_CHANGED = {"MatMul": ("MatMulInteger", "DynamicQuantizeMatMul"), "LSTM": ("DynamicQuantizeLSTM",)}
"""What is made of an operation where it is computed in whole numbers. Convolutions stay, as whole numbers make them
slower on CPU, and so do GRU and RNN, for which onnxruntime has no such kernel."""


@dataclass(frozen=True)
class Quantised:
    """The file, and how many operations of each kind are computed in whole numbers, of how many."""

    path: Path
    changed: Mapping[str, int]
    left: Mapping[str, int]


def quantise(path: Path, target: Path) -> Quantised:
    """Writes a file with weights of one byte; activations are rounded as they come.

    Raises:
        NotExportable: it has nothing that can be computed so.
    """
    logging.disable(logging.WARNING)  # it advises to prepare the file first, which fails on free lengths
    try:
        quantize_dynamic(path, target, weight_type=QuantType.QInt8, op_types_to_quantize=list(_CHANGED))
    finally:
        logging.disable(logging.NOTSET)
    kinds = Counter(node.op_type for node in onnx.load(target, load_external_data=False).graph.node)
    changed = {kind: sum(kinds[name] for name in names) for kind, names in _CHANGED.items()}
    left = {kind: kinds[kind] for kind in ("MatMul", "Gemm", "Conv", "LSTM", "GRU", "RNN") if kinds[kind]}
    if not any(changed.values()):
        target.unlink()
        raise NotExportable(f"nothing in it can be computed in whole numbers; it has {_counted(left)}")
    return Quantised(target, {kind: count for kind, count in changed.items() if count}, left)


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "no matrices"
