"""A trial's configuration, and what it makes: the data, the task, the network, the module that Lightning trains."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from torch import nn

from bakeoff.config import build
from bakeoff.config.allowlist import resolve
from bakeoff.data.contract import TaskData
from bakeoff.data.spec import Spec
from bakeoff.metrics import MetricFacts
from bakeoff.models.contracts import FittedModel
from bakeoff.tasks.contract import ConfiguredModel, Task
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.settings import TrainerSettings

TRIAL_SECTIONS = ("seed", "task", "data", "model", "optimizer", "scheduler", "trainer", "augment")
"""What a trial is a function of; the rest of a command's configuration says where to write and what to print."""
TRAIN_FRACTION = "train_fraction"
"""The part of the train examples that is learnt from; where it is 1, a trial does not say so."""


DESCRIPTIONS = ("paper", "knobs", "search", "contenders", "metrics", "predict", "simple")
"""Keys of ``task`` and ``model`` that no trial depends on."""


@dataclass(frozen=True)
class TrialConfig:
    """The configuration of a trial.

    Attributes:
        raw: its sections as plain values, for its id and its folder.
        seed: of everything that is random in it.
        task: the task's name.
        metric: what selects weights and decides.
        direction: ``maximize`` or ``minimize``.
        data: the data set's name.
        batch_size: rows of each process's batches.
        model: the model's name.
        family: the model's.
    """

    raw: dict[str, Any]
    seed: int
    task: str
    metric: str
    direction: str
    data: str
    batch_size: int
    model: str
    family: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TrialConfig:
        """The part of a resolved configuration, of a trial or a command, that a trial depends on."""
        task, data, model = config["task"], config["data"], config["model"]
        return cls(
            raw=_sections(config),
            seed=int(config["seed"]),
            task=task["name"],
            metric=task["metric"],
            direction=task["direction"],
            data=data["name"],
            batch_size=int(data["batch_size"]),
            model=model["name"],
            family=model["family"],
        )

    @property
    def train_fraction(self) -> float:
        """The part of the train examples that it learns from."""
        return float(self.raw.get(TRAIN_FRACTION, 1.0))

    @cached_property
    def trainer(self) -> TrainerSettings:
        """How it trains; epochs are as long as those of all train examples, so that a part of them is seen as often
        more as it is smaller.
        """
        settings: TrainerSettings = build(self.raw["trainer"], "trainer")
        if self.train_fraction == 1:
            return settings
        epochs, every = (round(count / self.train_fraction) for count in (settings.max_epochs, settings.val_every))
        return replace(settings, max_epochs=epochs, val_every=every)

    @property
    def data_class(self) -> type[TaskData]:
        """The class of its data, which knows what describes it and how new examples of its kind are read."""
        found = resolve(self.raw["data"]["module"]["_target_"])
        assert isinstance(found, type) and issubclass(found, TaskData)
        return found

    def open_data(self, seed: int | None = None) -> TaskData:
        """Its data: prepared where it was not before, and split by a seed; None is its own."""
        split_by = self.seed if seed is None else seed
        data: TaskData = build(self.raw["data"]["module"], "data.module", seed=split_by)
        data.train_fraction = self.train_fraction
        data.prepare_data()
        data.setup()
        return data

    def recorded_spec(self, plain: Mapping[str, Any]) -> Spec:
        """What its data was, from the JSON of ``spec.json``."""
        return self.data_class.spec_class.from_dict(plain)

    @property
    def task_class(self) -> type[Task[Any]]:
        """The class of its task."""
        found = resolve(self.raw["task"]["module"]["_target_"])
        assert isinstance(found, type) and issubclass(found, Task)
        return found

    @property
    def facts(self) -> MetricFacts:
        """What its task declares of its metric."""
        return self.task_class.facts(self.metric, direction=self.direction)

    def make_task(self, spec: Spec) -> Task[Any]:
        """Its task, for data of this description."""
        task: Task[Any] = build(self.raw["task"]["module"], "task.module", spec=spec)
        return task

    @property
    def is_fitted(self) -> bool:
        """Whether its model is fitted in one go, and is no network."""
        target = resolve(self.raw["model"]["net"]["_target_"])
        return isinstance(target, type) and issubclass(target, FittedModel)

    def fitted_model(self) -> FittedModel:
        """Such a model, before it is fitted."""
        return build(self.raw["model"]["net"], "model.net")

    def network(self, spec: Spec) -> nn.Module:
        """The whole network: the model's backbone for the data, and the task's stem and head."""
        return self._network(self.make_task(spec))

    def _network(self, task: Task[Any]) -> nn.Module:
        return task.network(ConfiguredModel(self.raw["model"]["net"]), **(self.raw["task"].get("network") or {}))

    def module(self, spec: Spec) -> TrainingModule:
        """The module that Lightning trains, with everything that the configuration names."""
        augment, task = build(self.raw["augment"], "augment"), self.make_task(spec)
        return TrainingModule(
            task=task,
            net=self._network(task),
            optimizer=build(self.raw["optimizer"], "optimizer"),
            schedule=build(self.raw["scheduler"], "scheduler"),
            augment=augment.for_data(spec) if augment else None,
            gradient_clip_norm=self.trainer.gradient_clip_norm,
            seed=self.seed,
        )


def trial_id(config: Mapping[str, Any], data_fingerprint: str) -> str:
    """Twelve hexadecimal digits that stand for a raw configuration, its seed and the data.

    What only describes a task or a model, and what only other trials use, is no part of it.
    """
    plain = _sections(without_usual(config))
    for section in ("task", "model"):
        plain[section] = {key: value for key, value in plain[section].items() if key not in DESCRIPTIONS}
    text = json.dumps([plain, data_fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _sections(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {section: config[section] for section in TRIAL_SECTIONS}
    fraction = config.get(TRAIN_FRACTION, 1.0)
    return found if fraction == 1 else found | {TRAIN_FRACTION: float(fraction)}


def without_usual(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without settings that came later and stand at what was done before, so that its id stays."""
    trainer = {key: value for key, value in config["trainer"].items() if (key, value) != ("stack_seeds", 1)}
    return {**config, "trainer": trainer}
