"""The trial of a model that is fitted in one go: a baseline without gradients, judged like any other trial."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.data.contract import TaskData
from bakeoff.files import atomic_writer, finite
from bakeoff.record.layout import METRICS
from bakeoff.record.model_files import digests
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.predictions import seal_answers


def fit_and_predict(trial: TrialConfig, folder: Path, data: TaskData) -> dict[str, Any]:
    """Fits on train, scores validation, seals what is said of the test; the same figures as of a trained network."""
    model, task = trial.fitted_model(), trial.make_task(data.spec)
    started = time.perf_counter()
    model.fit(data.raw("train"), data.labels("train"), data.spec)
    seconds = time.perf_counter() - started
    before = {path.name for path in folder.iterdir()}
    model.save(folder)
    saved = sorted({path.name for path in folder.iterdir()} - before)
    answers, labels = model.respond(data.raw("val")), data.labels("val")
    found = task.settle(answers, labels) if task.settles else {}
    validation = task.summarise(task.settled(answers, found), labels)
    num_train = data.spec.num_train
    _write_log(folder / METRICS, validation, num_train, seconds)
    return {
        "status": "finished",
        "params": model.num_parameters(data.spec),
        "train_flops_per_example": 0,
        "train_flops": 0,
        "train_seconds": round(seconds, 3),
        "examples_seen": num_train,
        "examples_per_second": round(num_train / max(seconds, 1e-9), 1),
        "first_step_at": None,
        "epochs": 1,
        "selected_epoch": 0,
        "validation": validation,
        "settled": found,
        "test_predictions_sha256": seal_answers(task.settled(model.respond(data.raw("test")), found), folder),
        "model_sha256": digests(folder, saved),
        "data_fingerprint": data.fingerprint,
    }


def _write_log(path: Path, validation: Mapping[str, float], examples: int, seconds: float) -> None:
    """One validation, in the form of the metric log."""
    cost = {"step": 1, "epoch": 0, "examples_seen": examples, "flops": 0, "seconds": round(seconds, 4)}
    record = {"kind": "val", **cost, "time": time.time(), **{f"val/{k}": v for k, v in validation.items()}}
    with atomic_writer(path) as file:
        file.write(json.dumps(finite(record)).encode() + b"\n")
