"""How long a network takes to answer, in a time that does not grow with the answer's."""

from __future__ import annotations

import torch
from torch import nn

from bakeoff.training.trial import latency


class Clock:
    """Time that passes in answers alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def timed(monkeypatch, seconds: dict[str, float]) -> tuple[dict, dict[str, int]]:
    """The latencies of networks that take so long, and how often each was called."""
    clock, calls = Clock(), dict.fromkeys(seconds, 0)
    names = {nn.Identity(): name for name in seconds}

    def answer(network: nn.Module, inputs: torch.Tensor) -> None:
        calls[names[network]] += 1
        clock.now += seconds[names[network]]

    monkeypatch.setattr(latency, "time", clock)
    networks = {name: network for network, name in names.items()}
    return latency.latencies_ms(networks, lambda size: torch.zeros(size), answer=answer), calls


def test_a_quick_network_is_called_often(monkeypatch) -> None:
    found, calls = timed(monkeypatch, {"quick": 0.001})
    assert [len(values) for values in found["quick"].values()] == [7, 7]
    assert calls["quick"] == 2 * (3 + 7 * 10)
    assert abs(found["quick"]["1"][0] - 1.0) < 1e-9


def test_a_slow_answer_is_timed_a_few_times_and_no_network_more_often_than_another(monkeypatch) -> None:
    """Speech of 32 sentences takes seconds: at 7 figures of 10 calls that was minutes of silence."""
    found, calls = timed(monkeypatch, {"slow": 5.0, "quick": 0.125})
    assert {len(values) for sizes in found.values() for values in sizes.values()} == {5}
    assert calls["slow"] == 2 * (1 + 5)
    assert calls["quick"] == 2 * (3 + 5 * 5)
