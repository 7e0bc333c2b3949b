"""Guard on effort: every contender is tried as often, over as many dimensions, by the same sampler (rules 6 to 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding, few

NAME = "unequal_tuning"
EXCHANGEABLE = "random"
"""The sampler whose trials are exchangeable, as the estimator of rule 9 asks."""


def equal_tuning(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Equal trials, dimensions and sampler; every point inside its contender's ranges; every seed fresh."""
    entries, tune = bakeoff.plan.entered, bakeoff.plan.tune
    yield from _unequal("numbers of trials", {entry.name: len(entry.trials) for entry in entries})
    if not bakeoff.plan.num_tuning:
        return
    yield from _unequal("numbers of points", {entry.name: len(entry.points) for entry in entries})
    yield from _unequal("numbers of searched dimensions", {entry.name: len(entry.search) for entry in entries})
    samplers = {entry.name: str(entry.sampler or tune.get("sampler", EXCHANGEABLE)) for entry in entries}
    yield from _unequal("samplers", samplers)
    others = sorted(set(samplers.values()) - {EXCHANGEABLE})
    if others:
        yield _finding(f"The trials of sampler {few(others)} are not exchangeable; allowed is {EXCHANGEABLE}.")
    for entry in entries:
        outside = [key for point in entry.points for key in _outside(point.values, entry.search)]
        if outside:
            yield _finding(f"{entry.name} was tried outside of its search space: {few(sorted(set(outside)))}.")
    seeds = Counter(point.seed for entry in entries for point in entry.points)
    repeated = [str(seed) for seed, count in seeds.items() if count > 1]
    if repeated:
        yield _finding(f"Trials share seeds, so they are not independent: {few(repeated)}.")


def _finding(problem: str) -> Finding:
    return Finding(NAME, "refuse", problem)


def _unequal(what: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    if len(set(values.values())) > 1:
        yield _finding(f"Unequal {what}: " + ", ".join(f"{name} {value}" for name, value in values.items()) + ".")


def _outside(values: Mapping[str, Any], search: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Keys of a point that are not searched, or are missing, or lie outside of their range."""
    found = sorted(values.keys() ^ search.keys())
    for key in values.keys() & search.keys():
        space = search[key]
        choices = space.get("choices")
        inside = values[key] in choices if choices is not None else space["low"] <= values[key] <= space["high"]
        found += [] if inside else [key]
    return found
