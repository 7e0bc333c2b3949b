"""How long a network takes to answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

BATCH_SIZES = (1, 32)


@torch.inference_mode()
def latencies_ms(
    networks: Mapping[str, nn.Module], example: Tensor, *, repeats: int = 7, calls: int = 10
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a call at batch 1 and 32, one figure a repeat: ``{network: {"1": [...], "32": [...]}}``.

    The networks take turns within every repeat, so that a drift of the machine's speed reaches all of them alike
    (rule 21 of the protocol); each repeat is the fastest of ``calls`` calls, after a warm-up: what else the machine
    does can only make a call slower.

    Args:
        networks: by name; put in evaluation mode here.
        example: one input without its batch dimension.
        repeats: how many figures for each.
        calls: calls in a figure.
    """
    found: dict[str, dict[str, list[float]]] = {name: {str(size): [] for size in BATCH_SIZES} for name in networks}
    for size in BATCH_SIZES:
        batch = example.unsqueeze(0).expand(size, *example.shape).contiguous()
        for network in networks.values():
            network.eval()
            _time_calls(network, batch, 3)
        for _ in range(repeats):
            for name, network in networks.items():
                found[name][str(size)].append(1e3 * _time_calls(network, batch, calls))
    return found


def _time_calls(network: nn.Module, batch: Tensor, calls: int) -> float:
    """Seconds of the fastest call."""
    synchronize = torch.cuda.synchronize if batch.is_cuda else lambda: None
    fastest = float("inf")
    for _ in range(calls):
        synchronize()
        start = time.perf_counter()
        network(batch)
        synchronize()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return float(torch.tensor(values, dtype=torch.float64).median())
