"""How long a network takes to answer."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

BATCH_SIZES = (1, 32)


@torch.inference_mode()
def latencies_ms(
    networks: Mapping[str, nn.Module],
    example_inputs: Callable[[int], Any],
    *,
    answer: Callable[[nn.Module, Any], Any],
    repeats: int = 7,
    calls: int = 10,
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a call at batch 1 and 32, one figure a repeat: ``{network: {"1": [...], "32": [...]}}``.

    The networks take turns within every repeat, so that a drift of the machine's speed reaches all of them alike
    (rule 21 of the protocol); each repeat is the fastest of ``calls`` calls, after a warm-up: what else the machine
    does can only make a call slower.

    Args:
        networks: by name; put in evaluation mode here.
        example_inputs: makes inputs of typical size for a number of examples.
        answer: what is timed: a network's answer to inputs.
        repeats: how many figures for each.
        calls: calls in a figure.
    """
    found: dict[str, dict[str, list[float]]] = {name: {str(size): [] for size in BATCH_SIZES} for name in networks}
    for size in BATCH_SIZES:
        inputs = example_inputs(size)
        for network in networks.values():
            network.eval()
            _time_calls(functools.partial(answer, network, inputs), 3)
        for _ in range(repeats):
            for name, network in networks.items():
                found[name][str(size)].append(1e3 * _time_calls(functools.partial(answer, network, inputs), calls))
    return found


def _time_calls(call: Callable[[], Any], calls: int) -> float:
    """Seconds of the fastest call."""
    synchronize = torch.cuda.synchronize if torch.cuda.is_initialized() else lambda: None
    fastest = float("inf")
    for _ in range(calls):
        synchronize()
        start = time.perf_counter()
        call()
        synchronize()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
