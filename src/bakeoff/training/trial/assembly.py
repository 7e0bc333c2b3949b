"""From a trial's configuration and its data to the module that Lightning trains."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from torch import nn

from bakeoff.config import build
from bakeoff.config.allowlist import resolve
from bakeoff.data.contract import TaskData
from bakeoff.data.spec import Spec
from bakeoff.tasks.contract import Task
from bakeoff.training.loop.module import TrainingModule

TRIAL_SECTIONS = ("seed", "task", "data", "model", "optimizer", "scheduler", "trainer", "augment")
"""What a trial is a function of; the rest of a command's configuration says where to write and what to print."""


DESCRIPTIONS = ("paper", "knobs", "search", "contenders", "metrics", "predict", "simple")
"""Keys of ``task`` and ``model`` that no trial depends on."""


def trial_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a resolved configuration that a trial depends on."""
    return {section: config[section] for section in TRIAL_SECTIONS}


def trial_id(config: Mapping[str, Any], data_fingerprint: str) -> str:
    """Twelve hexadecimal digits that stand for the configuration, the seed and the data.

    What only describes a task or a model, and what only other trials use, is no part of it.
    """
    plain = trial_config(config)
    for section in ("task", "model"):
        plain[section] = {key: value for key, value in plain[section].items() if key not in DESCRIPTIONS}
    text = json.dumps([plain, data_fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def open_data(config: Mapping[str, Any], seed: int | None = None) -> TaskData:
    """The data of a trial: prepared where it was not before, and split.

    Args:
        config: a resolved configuration.
        seed: what splits it; None is the configuration's own.
    """
    data: TaskData = build(config["data"]["module"], "data.module", seed=config["seed"] if seed is None else seed)
    data.prepare_data()
    data.setup()
    return data


def task_class(config: Mapping[str, Any]) -> type[Task[Any]]:
    """The class of the trial's task."""
    found = resolve(config["task"]["module"]["_target_"])
    assert isinstance(found, type) and issubclass(found, Task)
    return found


def data_class(config: Mapping[str, Any]) -> type[TaskData]:
    """The class of the trial's data, which knows what describes it and how new examples of its kind are read."""
    found = resolve(config["data"]["module"]["_target_"])
    assert isinstance(found, type) and issubclass(found, TaskData)
    return found


def recorded_spec(config: Mapping[str, Any], plain: Mapping[str, Any]) -> Spec:
    """What the trial's data was, from the JSON of ``spec.json``."""
    return data_class(config).spec_class.from_dict(plain)


def make_task(config: Mapping[str, Any], spec: Spec) -> Task[Any]:
    """The trial's task, for data of this description."""
    task: Task[Any] = build(config["task"]["module"], "task.module", spec=spec)
    return task


def network(config: Mapping[str, Any], spec: Spec) -> nn.Module:
    """The whole network of a trial: the model's backbone for the data, and the task's stem and head."""
    return _network(config, make_task(config, spec))


def _network(config: Mapping[str, Any], task: Task[Any]) -> nn.Module:
    make = functools.partial(build, config["model"]["net"], "model.net")
    return task.network(make, **(config["task"].get("network") or {}))


def assemble(config: Mapping[str, Any], spec: Spec) -> TrainingModule:
    """The module that Lightning trains, with everything that the configuration names."""
    augment, task = build(config["augment"], "augment"), make_task(config, spec)
    return TrainingModule(
        task=task,
        net=_network(config, task),
        optimizer=build(config["optimizer"], "optimizer"),
        schedule=build(config["scheduler"], "scheduler"),
        augment=augment.for_data(spec) if augment else None,
        gradient_clip_norm=config["trainer"]["gradient_clip_norm"],
        seed=config["seed"],
    )
