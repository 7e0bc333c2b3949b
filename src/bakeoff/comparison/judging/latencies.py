"""How long contenders take to answer, measured side by side once all trials are done (rule 21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from bakeoff.comparison.guards import settled
from bakeoff.comparison.judging.scored import ScoredTrial, finished_by_contender
from bakeoff.data.spec import Spec
from bakeoff.record.layout import WEIGHTS
from bakeoff.tasks.contract import Task
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.assembly import network
from bakeoff.training.trial.fitted_trial import is_fitted
from bakeoff.training.trial.latency import BATCH_SIZES, latencies_ms

TRIES = 3

Repeats = Mapping[str, list[float]]
"""Milliseconds a call, one figure a repeat, by batch size."""


def contender_latencies(
    trials: Sequence[ScoredTrial], spec: Spec, task: Task[Any]
) -> dict[str, dict[str, list[float]]]:
    """Repeats of every contender's first finished trial, taking turns on this machine.

    Repeats that spread by more than 10 % are rejected and measured again; what does not settle is left out.
    """
    networks = {}
    for name, trial in finished_by_contender(trials).items():
        config = trial.recorded.config
        assert config is not None
        torch.set_num_threads(int(config["trainer"]["threads"]))
        if not is_fitted(config):
            net = network(config, spec)
            load_weights(net, trial.recorded.folder / WEIGHTS)
            networks[name] = net
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(TRIES):
        left = {name: net for name, net in networks.items() if len(found.get(name, {})) < len(BATCH_SIZES)}
        for name, sizes in latencies_ms(left, spec.example_inputs, answer=task.answer).items():
            found.setdefault(name, {}).update({size: values for size, values in sizes.items() if settled(values)})
    return found


def medians(repeats: Repeats) -> dict[str, Any]:
    """What a row of the leaderboard says of them."""
    middle = {size: float(np.median(values)) for size, values in repeats.items()}
    return {"latency_ms": middle, "latency_repeats_ms": dict(repeats)}
