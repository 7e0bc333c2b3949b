"""A finished run as something to use: found, checked against the installed configuration, and built again.

A run's folder is data. What it says of numbers (widths, rates, sizes) is taken; which classes are made is not: every
``_target_`` must be the one that the installed ``conf/`` names for the same task, model and data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from bakeoff.config.composition import compose_section, sections
from bakeoff.data.contract import NewExamples, Split, TaskData
from bakeoff.data.spec import Spec
from bakeoff.errors import CheckpointError, ConfigError
from bakeoff.files import read_json
from bakeoff.models.contracts import FittedModel
from bakeoff.record.layout import CONFIG, RESULT, RUN, SPEC, WEIGHTS
from bakeoff.record.model_files import check_model_files
from bakeoff.record.renamed import in_todays_words
from bakeoff.tasks.contract import Task
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.answering import answers_to
from bakeoff.training.trial.configuration import DESCRIPTIONS, TrialConfig
from bakeoff.training.trial.predictions import sealed_answers

MADE = ("module", "net")
"""What a section of data, task or model has the program make, out of the section's other values."""
_MOST_NAMED = 6
"""Runs to choose from that an error lists."""


@dataclass(frozen=True)
class SavedRun:
    """A finished run, its targets checked."""

    folder: Path
    trial: TrialConfig
    spec: Spec
    result: dict[str, Any]

    def fitted(self) -> FittedModel:
        """Its model, where it was fitted in one go."""
        model = self.trial.fitted_model()
        model.load(self.folder)
        return model

    @property
    def name(self) -> str:
        """Of its model."""
        return self.trial.model

    @cached_property
    def task(self) -> Task[Any]:
        """What the run was about."""
        return self.trial.make_task(self.spec)

    @cached_property
    def net(self) -> nn.Module | None:
        """The trained network, in evaluation mode; None where the model was fitted in one go."""
        return None if self.trial.is_fitted else self.module().net

    def answers(self, new: NewExamples) -> pa.Table:
        """What the run says of each new example, in their order."""
        if self.trial.is_fitted:
            return self._settled(self.fitted().respond(new.raw))
        return self._settled(answers_to(self.module(), new.loader, self.trial.trainer))

    def answers_on(self, data: TaskData, split: Split) -> pa.Table:
        """What the run says of each example of a split."""
        if self.trial.is_fitted:
            return self._settled(self.fitted().respond(data.raw(split)))
        return self._settled(answers_to(self.module(), data.predict_dataloader(split), self.trial.trainer))

    def sealed(self) -> pa.Table:
        """What it said of the test when it was trained.

        Raises:
            CheckpointError: the file is not the one that it wrote.
        """
        return sealed_answers(self.folder, self.result)

    def _settled(self, answers: pa.Table) -> pa.Table:
        return self.task.settled(answers, self.result.get("settled") or {})

    def module(self) -> TrainingModule:
        """The trained module, in evaluation mode."""
        torch.set_num_threads(self.trial.trainer.threads)
        module = self.trial.module(self.spec)
        load_weights(module.net, self.folder / WEIGHTS)
        return module.eval()

    def data(self, changes: Mapping[str, Any]) -> TaskData:
        """The run's data, or other data by ``changes`` of its ``data`` section, set up."""
        saved = self.trial.raw["data"]
        option = installed_option("data", saved, self.folder)
        form = self.trial.data_class.settings_of(self.spec) if changes else {}
        section = compose_section("data", option, {**_values(saved), **form, **changes})
        data = TrialConfig.of({**self.trial.raw, "data": section}).open_data()
        if changes:
            data.preprocess_as(self.spec)
        return data


def find_run(path: str | Path) -> Path:
    """The trial folder that ``path`` names: itself, or the only one below it.

    Raises:
        ConfigError: there is none, or there are several to choose from.
        CheckpointError: the run has not finished.
    """
    folder = Path(path)
    if (folder / RUN).exists():
        runs = [folder]
    else:
        runs = sorted(found.parent for found in folder.glob(f"**/{RUN}"))
    if not runs:
        raise ConfigError(
            "config.no_run",
            "run",
            folder,
            f"no finished run there (looked in {folder.resolve()})",
            next_step="train one: bakeoff train output_dir=runs/first",
        )
    if len(runs) > 1:
        names = sorted(map(_named, runs))
        shown = [name for *_, name in names[:_MOST_NAMED]] + (["..."] if len(runs) > _MOST_NAMED else [])
        raise ConfigError("config.several_runs", "run", folder, f"it holds {len(runs)} runs; name one", allowed=shown)
    if not (runs[0] / RESULT).exists():
        raise CheckpointError(
            "checkpoint.unfinished", "run", runs[0], "the run has not finished", next_step="give its command again"
        )
    return runs[0]


def _named(run: Path) -> tuple[int, str, str]:
    """What to sort a run by, so that each contender comes before anyone's second seed, and what to call it."""
    try:
        about = read_json(run / RUN)
        seed, contender = int(about["seed"]), str(about["contender"])
    except (OSError, ValueError, TypeError, KeyError):  # of another version, or cut short
        return 0, "", str(run)
    return seed, contender, f"{run} ({contender}, seed {seed})"


def load_run(path: str | Path) -> SavedRun:
    """Reads a finished run and checks that it names no class but the installed configuration's.

    Raises:
        ConfigError: no run, or several.
        CheckpointError: damaged, unfinished, failed, or of other classes.
    """
    folder = find_run(path)
    try:
        config, result = in_todays_words(read_json(folder / CONFIG)), read_json(folder / RESULT)
        plain = read_json(folder / SPEC)
        if result["status"] != "finished":
            raise CheckpointError("checkpoint.failed", "run", folder, f"it {result['status']}: {result['why']}")
        check_targets(folder, config)
        check_model_files(folder, result.get("model_sha256") or {})
        trial = TrialConfig.of(config)
        spec = trial.recorded_spec(plain)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError("checkpoint.unreadable", "run", folder, f"can't be read ({error})") from error
    return SavedRun(folder, trial, spec, result)


def check_targets(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuses a saved configuration that names other classes than the installed one.

    Raises:
        CheckpointError: the first differences.
    """
    for group in ("task", "model", "data"):
        installed_option(group, config[group], folder)


def installed_option(group: str, section: Mapping[str, Any], folder: Path) -> str:
    """The installed option of ``group`` that makes the same objects as a saved section.

    Its name is tried first; a section whose display name the user chose is found by what it makes. Those whose files
    say so come before the others, since to compose an option takes a tenth of a second.

    Raises:
        CheckpointError: none does.
    """
    saved = _targets_made(section)
    differences = []
    for option in _likeliest_first(group, section["name"], saved):
        try:
            installed = _targets_made(compose_section(group, option, _values(section)))
        except ConfigError:
            continue  # it needs values that this section lacks, so it is not the one that made it
        if installed == saved:
            return option
        if option == section["name"]:
            differences = [
                key for key in sorted(saved.keys() | installed.keys()) if saved.get(key) != installed.get(key)
            ]
            differences = [f"{group}.{key} is {saved.get(key)}, here {installed.get(key)}" for key in differences]
    raise CheckpointError(
        "checkpoint.mismatch",
        "run",
        folder,
        "; ".join(differences[:3]) or f"no installed {group} makes what its {group} {section['name']!r} makes",
        next_step="give --config-dir with the YAML that it was trained with",
    )


def _likeliest_first(group: str, name: str, targets: Mapping[str, str]) -> Iterator[str]:
    """The options of ``group``: the one of that name, then those in whose files these targets stand, then the rest."""
    catalog = sections()
    options = catalog.options(group)
    if name in options:
        yield name
    others = [option for option in options if option != name]
    yield from sorted(others, key=lambda option: _targets_made(catalog.content(group, option)) != targets)


def _values(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section's own values, without what the program makes of them and without the classes of their parts."""
    return {key: _without_targets(value) for key, value in section.items() if key not in MADE}


def _without_targets(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_targets(part) for key, part in value.items() if key != "_target_"}


def _targets_made(section: Mapping[str, Any]) -> dict[str, str]:
    """Those of what is made of a section, by path; not of its descriptions, which earlier versions may lack."""
    return _targets({key: value for key, value in section.items() if key not in DESCRIPTIONS})


def _targets(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Every ``_target_`` of a section by its path."""
    found: dict[str, str] = {}
    for key, value in section.items():
        if key == "_target_":
            found[f"{prefix}{key}"] = value
        elif isinstance(value, Mapping):
            found |= _targets(value, f"{prefix}{key}.")
    return found
