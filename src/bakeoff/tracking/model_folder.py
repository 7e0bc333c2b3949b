"""A finished run as a model folder of MLflow: safetensors, JSON, a signature and a card; nothing pickled.

MLflow's own ``log_model`` pickles a module, or traces it. Here its description names a loader instead, which builds the
network from the configuration, checked against the installed one, and loads the weights into it. The user's own classes
lie beside it (`bakeoff.tracking.own_code`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import ColSpec, Schema, TensorSpec

from bakeoff.data.spec import Inputs
from bakeoff.files import read_json
from bakeoff.record.layout import CONFIG, RESULT, SPEC
from bakeoff.record.renamed import in_todays_words
from bakeoff.tracking.model_card import Origin
from bakeoff.tracking.own_code import own_packages, pack, use
from bakeoff.tracking.plain_folder import write_plain_folder
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.interface import as_inputs, named_outputs, parts_of, shorter
from bakeoff.training.trial.saved_run import SavedRun, check_targets

_ANY = -1


def write_model(saved: SavedRun, folder: Path, *, run_id: str, origin: Origin, test: dict[str, float]) -> Model:
    """Writes the model folder; returns MLflow's description of it.

    Args:
        saved: the run.
        folder: where to; made if it is not there.
        run_id: the MLflow run.
        origin: where the model comes from.
        test: the run's test metrics, which a trial of a bakeoff does not know by itself.
    """
    files = {"MLmodel": "MLflow's description, with the signature of inputs and outputs"}
    note = "`mlflow.pyfunc.load_model` needs bakeoff installed."
    write_plain_folder(saved, folder, origin=origin, test=test, files=files, note=note)
    model = Model(run_id=run_id, artifact_path="model", signature=signature(saved))
    packages = own_packages(saved.trial.raw)
    pack(folder, packages)
    pyfunc.add_to_model(model, loader_module=__name__, model_config={"allow_code": []} if packages else None)
    about = {"task": saved.trial.task, "model": saved.name, "data": saved.spec.name}
    model.add_flavor("bakeoff", **about, settled=saved.result.get("settled") or {})
    model.save(str(folder / "MLmodel"))
    return model


def signature(saved: SavedRun) -> ModelSignature:
    """Shapes and types of what the network takes and returns; -1 is any size."""
    task = saved.module()
    first, second = _arrays(saved.spec.example_inputs(2)), _arrays(shorter(saved.spec).example_inputs(3))
    with torch.inference_mode():
        answers = [_named(task.net(_tensors(inputs))) for inputs in (first, second)]
    inputs: list[ColSpec | TensorSpec] = [
        _spec(f"input_{index}", pair) for index, pair in enumerate(zip(first, second, strict=True))
    ]
    if len(inputs) == 1:
        inputs = [_spec(None, (first[0], second[0]))]
    outputs: list[ColSpec | TensorSpec] = [_spec(name, (answers[0][name], answers[1][name])) for name in answers[0]]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _arrays(inputs: Inputs) -> tuple[np.ndarray, ...]:
    return tuple(part.numpy() for part in parts_of(inputs))


def _tensors(arrays: tuple[np.ndarray, ...]) -> Inputs:
    return as_inputs(tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


def _named(outputs: Any) -> dict[str, np.ndarray]:
    return {name: part.cpu().numpy() for name, part in named_outputs(outputs).items()}


def _spec(name: str | None, pair: tuple[np.ndarray, np.ndarray]) -> TensorSpec:
    """A tensor whose sizes are free wherever two examples of it differ."""
    first, second = pair
    shape = [a if a == b else _ANY for a, b in zip(first.shape, second.shape, strict=True)]
    return TensorSpec(first.dtype, (_ANY, *shape[1:]), name)


class Served:
    """A registered model as ``mlflow.pyfunc.load_model`` gives it."""

    def __init__(self, folder: Path, *, allow_code: Sequence[str] = ()) -> None:
        config = in_todays_words(read_json(folder / CONFIG))
        packages = own_packages(config)
        if packages:
            use(folder, packages, allow_code)
        check_targets(folder, config)
        trial = TrialConfig.of(config)
        spec = trial.recorded_spec(read_json(folder / SPEC))
        self.task = SavedRun(folder, trial, spec, read_json(folder / RESULT)).module()

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> dict[str, np.ndarray]:
        """The network's outputs (of a classifier: logits) for prepared inputs, an array or ``{"input_0": ...}``."""
        named = isinstance(model_input, dict)
        arrays = tuple(model_input[name] for name in sorted(model_input)) if named else (model_input,)
        with torch.inference_mode():
            return _named(self.task.net(_tensors(tuple(np.asarray(array) for array in arrays))))


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> Served:
    """What MLflow calls to load the model.

    Args:
        path: its folder.
        model_config: ``allow_code`` names the packages that came with it and may run.

    Raises:
        CheckpointError: damaged files, a configuration that names other classes than the installed one, or code that
            nobody has named.
    """
    return Served(Path(path), allow_code=(model_config or {}).get("allow_code") or ())
