"""Guard on what is held equal: augmentation, preprocessing, batches and stopping, by the hash of their settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding, few
from bakeoff.record.plan import PlannedTrial
from bakeoff.record.reading import sha256_of

GUARDS = {
    "augment": "unequal_augmentation",
    "data": "unequal_preprocessing",
    "task": "unequal_training",
    "trainer": "unequal_training",
}
"""Sections of a trial's configuration that no contender may change for itself, and the guard of each."""

STOP_BY_BUDGET = {"flops": ("contender", "baseline"), "time": ("contender", "baseline"), "examples": ("baseline",)}
"""Whose stop may differ: what the budget itself sets (rule 2); baselines stop by no budget."""
STOP = "max_"
"""How settings of the trainer begin that say when training stops."""


def held_equal(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Every trial that was run has the same settings outside of its model, optimizer and scheduler."""
    apart = STOP_BY_BUDGET.get(bakeoff.plan.budget["mode"], ())
    for section, guard in GUARDS.items():
        hashes: dict[str, set[str]] = defaultdict(set)
        stops: dict[str, set[str]] = defaultdict(set)
        for trial in bakeoff.plan.trials:
            recorded = bakeoff.trials.get(trial.trial_id)
            if recorded is None or recorded.config is None:
                continue
            settings = _settings(section, recorded.config, trial)
            stop = {key: settings.pop(key) for key in list(settings) if section == "trainer" and key.startswith(STOP)}
            hashes[sha256_of(settings)].add(trial.contender)
            if trial.role not in apart:
                stops[sha256_of(stop)].add(trial.contender)
        for unequal in (hashes, stops):
            if len(unequal) > 1:
                groups = "; ".join(f"{key[:8]} {', '.join(sorted(names))}" for key, names in unequal.items())
                yield Finding(guard, "refuse", f"Not equal for all trials: {section} (hash and contenders: {groups}).")
    yield from _unequal_rows(bakeoff)


def _settings(section: str, config: Mapping[str, Any], trial: PlannedTrial) -> dict[str, Any]:
    """A section without what was searched."""
    searched = {key.split(".")[1] for key in trial.point.values if key.startswith(f"{section}.")}
    return {key: value for key, value in (config[section] or {}).items() if key not in searched}


def _unequal_rows(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Trials of one seed saw the same rows, normalised alike."""
    seen: dict[int, dict[str, str]] = defaultdict(dict)
    for trial in bakeoff.plan.trials:
        recorded = bakeoff.trials.get(trial.trial_id)
        if recorded is not None and recorded.spec is not None:
            seen[trial.seed][trial.contender] = sha256_of(recorded.spec)
    unequal = {seed: hashes for seed, hashes in seen.items() if len(set(hashes.values())) > 1}
    if unequal:
        first = next(iter(unequal.values()))
        shown = ", ".join(f"{name} {value[:8]}" for name, value in first.items())
        seeds = few([str(seed) for seed in unequal])
        problem = f"Rows or normalisation differ between contenders at the same seed: {seeds} (spec.json: {shown})."
        yield Finding(GUARDS["data"], "refuse", problem)
