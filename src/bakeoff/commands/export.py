"""``export``: a finished run as ONNX, with its weights, what its data was and a model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.commands.chosen import chosen_run
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.record.layout import WEIGHTS
from bakeoff.tracking.model_card import Origin
from bakeoff.tracking.plain_folder import CARD, recorded_test, write_plain_folder
from bakeoff.training.trial.saved_run import SavedRun, load_run

if TYPE_CHECKING:
    from bakeoff.delivery.package import Package

USING = """```python
import onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
names = [found.name for found in session.get_inputs()]
outputs = session.run(None, dict(zip(names, prepared)))   # arrays prepared as spec.json says
```"""


def run(config: Mapping[str, Any]) -> Package:
    """Writes the folder, prints what was found.

    Raises:
        ConfigError: no such run, one without a network, or a network that no exporter gets right.
        CheckpointError: not a run to trust.
        EnvironmentFault: onnx or onnxruntime is missing.
    """
    _require_onnx()
    from bakeoff.delivery.graph import NotExportable
    from bakeoff.delivery.package import export_run

    path, found = chosen_run(config)
    saved, origin = load_run(path), Origin(None) if found is None else Origin.of_bakeoff(found)
    folder = Path(config["output_dir"] or Path(config["run"]) / "export")
    if saved.trial.is_fitted:
        problem = f"{saved.name} is fitted in one go and is no network"
        raise ConfigError("config.not_exportable", "run", config["run"], problem, next_step="bakeoff predict uses it")
    try:
        package = export_run(saved, folder, int8=config["int8"], max_examples=config["max_examples"])
    except NotExportable as error:
        step = f"bakeoff predict, or its {WEIGHTS}: bakeoff register"
        problem = f"no ONNX file says what {saved.name} says ({error})"
        raise ConfigError("config.not_exportable", "run", config["run"], problem, next_step=step) from error
    said = list(_said(package, saved))
    test = recorded_test(saved.folder) or saved.result.get("test", {})
    files = {"model.onnx": "the network, for any batch size" + _and_length(saved), "export.json": "how it was checked"}
    files |= {"model.int8.onnx": "the same with weights of one byte"} if package.quantised else {}
    added = {"ONNX": "\n".join([*said, "", USING])}
    note = "onnxruntime runs the ONNX files without bakeoff."
    write_plain_folder(saved, folder, origin=origin, test=test, files=files, note=note, added=added)
    print("\n".join(said))
    print(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}; begin with {CARD}")
    return package


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        step = "pip install 'bakeoff[export]'"
        problem = "is needed to write ONNX and not installed"
        raise EnvironmentFault("env.missing_package", "export", error.name, problem, next_step=step) from error


def _and_length(saved: SavedRun) -> str:
    return " and length" if saved.spec.length_fields else ""


def _said(package: Package, saved: SavedRun) -> list[str]:
    """What was found, a sentence each."""
    from bakeoff.delivery.graph import OPSET, TOLERANCE

    graph = package.graph
    sizes = " and ".join(" with ".join("x".join(map(str, shape)) for shape in shapes) for shapes in graph.asked_with)
    lines = [
        f"ONNX opset {OPSET}, by torch's {graph.exporter} exporter: at most {graph.difference:.1e} from torch's "
        f"answers to inputs of {sizes} (allowed: {TOLERANCE:.0e})."
    ]
    for metric in dict.fromkeys([saved.trial.metric, "loss"]):
        values = [f"{name} {found[metric]:.6g}" for name, found in package.metrics.items() if metric in found]
        lines += [f"Validation {metric} of {package.num_examples:,} examples: {', '.join(values)}."] if values else []
    for size in next(iter(package.latency_ms.values()), {}):
        times = ", ".join(f"{name} {found[size]:.3g} ms" for name, found in package.latency_ms.items())
        lines.append(f"A batch of {size} on this machine: {times}.")
    small = package.quantised
    if small is not None:
        lines.append(f"In whole numbers (int8): {_counts(small.changed)}; as before: {_counts(small.left)}.")
    return [*lines, *(f"Note: {note}." for note in package.notes)]


def _counts(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing"
