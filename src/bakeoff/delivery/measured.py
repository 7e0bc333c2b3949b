"""What two forms of a network are worth on validation examples, and how long each takes to answer."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch
from bakeoff.data.spec import Spec
from bakeoff.tasks.contract import Task
from bakeoff.training.trial.latency import latencies_ms

REPEATS = 5
"""Figures of which a latency is the median."""


class Whole(nn.Module):
    """A network that is only ever called on whole inputs, as an exported one is: it carries no state from call to call.

    Args:
        net: the network.
    """

    carries_state = False

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, inputs: Any) -> Any:
        """What the network says."""
        return self.net(inputs)


@torch.inference_mode()
def validation_metrics(
    task: Task[Any], networks: Mapping[str, nn.Module], batches: Iterable[Batch], *, most_examples: int
) -> tuple[int, dict[str, dict[str, float]]]:
    """How many examples were gone through, and each network's validation metrics of them, by name.

    What needs more of a network than its outputs, such as whole texts that are searched for, is left out.

    Args:
        task: whose metrics they are.
        networks: by name, in evaluation mode.
        batches: of validation.
        most_examples: batches end once so many were gone through.
    """
    metrics = {name: task.metrics("val") for name in networks}
    passes = {name: task.begin_pass(training=False) for name in networks}
    count = 0
    for batch in batches:
        for name, net in networks.items():
            outputs, terms = passes[name](net, batch.inputs), torch.tensor([float(task.num_terms(batch))])
            metrics[name]["loss"].update(task.loss(outputs, batch, training=False).reshape(1), terms)
            task.update(metrics[name], task.observe(outputs, batch))
        count += batch.size
        if count >= most_examples:
            break
    return count, {name: _computed(task, found) for name, found in metrics.items()}


def _computed(task: Task[Any], metrics: MetricCollection) -> dict[str, float]:
    """Those that have seen anything."""
    unseen = {name for name, metric in metrics.items(keep_base=True) if not metric.update_count}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that those have seen nothing
        values = {name: float(value) for name, value in metrics.compute().items() if name not in unseen}
    return values | task.derived(values)


def median_latencies(networks: Mapping[str, nn.Module], spec: Spec) -> dict[str, dict[str, float]]:
    """Milliseconds a call at each batch size, ``{network: {"1": ...}}``, the networks taking turns."""
    found = latencies_ms(networks, spec.example_inputs, answer=lambda net, inputs: net(inputs), repeats=REPEATS)
    return {name: {size: float(np.median(values)) for size, values in sizes.items()} for name, sizes in found.items()}
