"""A finished run as a model folder of MLflow: safetensors, JSON, a signature and a card; nothing pickled.

MLflow's own ``log_model`` pickles a module, or traces it. Here its description names a loader instead, which builds the
network from the configuration, checked against the installed one, and loads the weights into it. The user's own classes
lie beside it (`bakeoff.tracking.own_code`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import ColSpec, Schema, TensorSpec

from bakeoff.data.spec import Inputs, Spec
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import CONFIG, RESULT, SPEC, TEST_METRICS, WEIGHTS
from bakeoff.record.renamed import in_todays_words
from bakeoff.tracking.model_card import Origin, model_card
from bakeoff.tracking.own_code import own_packages, pack, use
from bakeoff.tracking.secrets import mask_text
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.saved_run import SavedRun, check_targets

CARD = "README.md"
_COPIED = (WEIGHTS, SPEC)
_TEXTS = (CONFIG, RESULT)
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
    folder.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        shutil.copyfile(saved.folder / name, folder / name)
    for name in _TEXTS:
        (folder / name).write_text(mask_text((saved.folder / name).read_text(encoding="utf-8")), encoding="utf-8")
    result = {**saved.result, "test": test} if test else saved.result
    write_json(folder / RESULT, result)
    card = mask_text(model_card(saved.trial, saved.spec, result, origin))
    (folder / CARD).write_text(card, encoding="utf-8")
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
    first, second = _arrays(saved.spec.example_inputs(2)), _arrays(_shorter(saved.spec).example_inputs(3))
    with torch.inference_mode():
        answers = [_named(task.net(_tensors(inputs))) for inputs in (first, second)]
    inputs: list[ColSpec | TensorSpec] = [
        _spec(f"input_{index}", pair) for index, pair in enumerate(zip(first, second, strict=True))
    ]
    if len(inputs) == 1:
        inputs = [_spec(None, (first[0], second[0]))]
    outputs: list[ColSpec | TensorSpec] = [_spec(name, (answers[0][name], answers[1][name])) for name in answers[0]]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _shorter(spec: Spec) -> Spec:
    """Data with sequences of one step less, since they may be of any length; other data as they are."""
    lengths = [getattr(spec, name) for name in spec.length_fields]
    return spec.at_length(max(min(lengths) - 1, 1)) if lengths else spec


def _arrays(inputs: Inputs) -> tuple[np.ndarray, ...]:
    return tuple(part.numpy() for part in (inputs if isinstance(inputs, tuple) else (inputs,)))


def _tensors(arrays: tuple[np.ndarray, ...]) -> Inputs:
    tensors = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)
    return tensors[0] if len(tensors) == 1 else tensors


def _named(outputs: Any) -> dict[str, np.ndarray]:
    """A network's outputs by name: ``outputs`` where there is one tensor."""
    if isinstance(outputs, torch.Tensor):
        return {"outputs": outputs.cpu().numpy()}
    named = outputs if isinstance(outputs, dict) else {f"output_{index}": part for index, part in enumerate(outputs)}
    return {name: part.cpu().numpy() for name, part in named.items()}


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


def recorded_test(folder: Path) -> dict[str, float]:
    """The test metrics of a bakeoff's trial, which the scorer writes beside the result; none for others."""
    path = folder / TEST_METRICS
    return read_json(path) if path.exists() else {}
