"""What a study found: ``optimization_results.yaml``, and the line that a person reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bakeoff.files import atomic_writer
from bakeoff.sweep.space import plain_value
from bakeoff.sweep.study import Study

NAME = "optimization_results.yaml"


def write_results(
    study: Study, folder: Path, *, metric: str, command: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """Writes and returns the study's results so far.

    Args:
        study: with some trials ended.
        folder: the study's.
        metric: what was searched for, ``val/...``.
        command: the command that trains with a trial's parameters.
    """
    best = study.best()
    results: dict[str, Any] = {
        "study_name": study.study.study_name,
        "storage": "optuna.db",
        "metric": metric,
        "direction": study.study.direction.name.lower(),
        "sampler": study.settings.sampler,
        "seed": study.settings.seed,
        "pruner": study.settings.pruner,
        "trials": study.counts(),
        "best": None,
    }
    if best is not None:
        results["best"] = {
            "trial": best.number,
            "value": best.value,
            "params": {key: plain_value(value) for key, value in best.params.items()},
            "trial_id": best.user_attrs.get("trial_id"),
            "command": command(best.params),
        }
    with atomic_writer(folder / NAME) as file:
        file.write(yaml.safe_dump(results, sort_keys=False, allow_unicode=True).encode())
    return results


def best_line(results: Mapping[str, Any]) -> str:
    """How many trials there were, the best one, and the command that trains it."""
    counts, best = results["trials"], results["best"]
    lost = ", ".join(f"{counts[name]} {name}" for name in ("pruned", "failed") if counts[name])
    told = f"{counts['total']} trials{f' ({lost})' if lost else ''}"
    if best is None:
        return f"{told}; none finished"
    return f"{told}; best {results['metric']} {best['value']:.4f} in trial {best['trial']}; train it: {best['command']}"
