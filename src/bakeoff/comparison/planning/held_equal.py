"""What is the same for all contenders, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.config import build
from bakeoff.data.contract import TaskData
from bakeoff.data.spec import Spec

LONGEST_LISTED = 10
"""Seeds in a row that are named one by one."""


def held_equal(config: Mapping[str, Any], data: TaskData, seeds: Sequence[int]) -> list[dict[str, str]]:
    """Each thing that is held equal, and how.

    Args:
        config: the bakeoff's resolved configuration.
        data: its data.
        seeds: of its trials, without tuning.
    """
    trainer, tuned = config["trainer"], int(config["tune"]["trials"])
    optimizer = {name: value for name, value in config["optimizer"].items() if not name.startswith("_")}
    devices = int(trainer["devices"])
    batch = f"{config['data']['batch_size']} examples" + (f" on each of {devices} devices" if devices > 1 else "")
    batch += ", of each class equally many" if config["data"].get("sampler") == "balanced" else ""
    task = {name: value for name, value in config["task"]["module"].items() if not name.startswith("_") and value}
    fraction = data.train_fraction
    part = [{"what": "Train part", "value": part_in_words(fraction)}] if fraction < 1 else []
    tune = f"{tuned} random trials each, over as many settings" if tuned else "none: as configured"
    return [
        {"what": "Budget", "value": budget_in_words(config["budget"], trainer)},
        {"what": "Batches", "value": f"{batch}, in the same order for the same seed"},
        {"what": "Data", "value": f"{config['data']['name']}: {split_in_words(data)}"},
        *part,
        {"what": "Tuning", "value": tune},
        {"what": "Seeds", "value": "a fresh one for each trial" if tuned else seeds_in_words(seeds)},
        {"what": "Optimizer", "value": f"{config['optimizer']['_target_'].rsplit('.', 1)[-1]} {_words(optimizer)}"},
        {"what": "Task", "value": _words(task) or "as it is by default"},
        {"what": "Augmentation", "value": _augmentation_in_words(config["augment"], data.spec)},
        {"what": "Stem and head", "value": "the same on every backbone"},
        {"what": "Selection", "value": f"the {trainer['select']} weights by validation {config['task']['metric']}"},
    ]


def split_in_words(data: TaskData) -> str:
    """Which rows trials share; of given splits, and of those by time, all."""
    if data.val_follows_seed:
        return "one test set; train and validation drawn anew for each seed"
    return "the same train, validation and test set for each seed"


def part_in_words(fraction: float) -> str:
    """What is learnt from, and for how long."""
    return f"{fraction:.4g} of the train examples; as many are seen as in so many epochs of all of them"


def seeds_in_words(seeds: Sequence[int]) -> str:
    """``0, 1, 2, 7``; more than ten in a row by their ends, ``0 to 199``."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    parts = [f"{run[0]} to {run[-1]}" if len(run) > LONGEST_LISTED else ", ".join(map(str, run)) for run in runs]
    return ", ".join(parts)


def budget_in_words(budget: Mapping[str, Any], trainer: Mapping[str, Any]) -> str:
    """What the budget holds equal, and when training stops."""
    epochs = int(trainer["max_epochs"])
    stop = f"{epochs} epoch{'s' * (epochs != 1)}" + (f", patience {trainer['patience']}" if trainer["patience"] else "")
    value = budget["value"]
    return {
        "params": f"{value or 0:,} trainable parameters within {budget['tolerance']:.0%}; {stop}",
        "flops": f"training FLOPs: {value or 'what the cheapest contender spends in ' + stop}; sizes as configured",
        "time": f"{value} s of training on this machine; sizes as configured",
        "examples": f"{value or stop} training examples seen; sizes as configured",
        "none": f"nothing but the stopping rule: {stop}; sizes as configured",
    }[budget["mode"]]


def _augmentation_in_words(augment: Mapping[str, Any] | None, spec: Spec) -> str:
    if not augment or build(augment, "augment").for_data(spec) is None:
        return "none"
    return _words({name: value for name, value in augment.items() if name != "_target_" and value})


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
