"""How long a network takes to answer."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

BATCH_SIZES = (1, 32)
FIGURE_S = 0.5
"""Calls in a figure take no longer, if it has one at least."""
SLOW_S, SLOW_REPEATS = 1.0, 5
"""Where a call takes longer than a second, as speech does, there are fewer figures, too."""


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
    does can only make a call slower. Of a call that takes long there are fewer, so that all takes seconds.

    Args:
        networks: by name; put in evaluation mode here.
        example_inputs: makes inputs of typical size for a number of examples.
        answer: what is timed: a network's answer to inputs.
        repeats: how many figures for each, at most.
        calls: calls in a figure, at most.
    """
    found: dict[str, dict[str, list[float]]] = {name: {str(size): [] for size in BATCH_SIZES} for name in networks}
    for size in BATCH_SIZES:
        inputs = example_inputs(size)
        timed = {name: functools.partial(answer, network.eval(), inputs) for name, network in networks.items()}
        first = {name: _time_calls(call, 3, limit_s=FIGURE_S) for name, call in timed.items()}
        figures = min(repeats, SLOW_REPEATS) if max(first.values(), default=0.0) > SLOW_S else repeats
        for _ in range(figures):
            for name, call in timed.items():
                found[name][str(size)].append(1e3 * _time_calls(call, calls, limit_s=FIGURE_S))
    return found


def _time_calls(call: Callable[[], Any], calls: int, *, limit_s: float) -> float:
    """Seconds of the fastest call; after ``limit_s`` none begins any more."""
    synchronize = torch.cuda.synchronize if torch.cuda.is_initialized() else lambda: None
    fastest, begun = float("inf"), time.perf_counter()
    for _ in range(calls):
        synchronize()
        start = time.perf_counter()
        call()
        synchronize()
        end = time.perf_counter()
        fastest = min(fastest, end - start)
        if end - begun > limit_s:
            break
    return fastest
