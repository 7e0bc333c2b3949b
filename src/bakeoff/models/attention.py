"""Attention to a memory: what all ways of doing it share, so that a report can show where a model looked.

B batch, T time steps, S steps of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


class CrossAttention(nn.Module):
    """A layer that attends to a memory. It keeps its weights where `recorded_attention` asks for them."""

    recorded_BTS: list[Tensor] | None = None
    """While recording, the weights of each call (averaged over heads), rows summing to 1 over S."""
    records_gradient: bool = False
    """Whether recorded weights can be learnt by."""

    def record(self, weights_BTS: Tensor) -> None:
        """Keeps the weights of a call, if anybody asked."""
        if self.recorded_BTS is not None:
            self.recorded_BTS.append(weights_BTS if self.records_gradient else weights_BTS.detach())

    @property
    def recording(self) -> bool:
        """Whether a call must make its weights, which fused kernels do not."""
        return self.recorded_BTS is not None


@contextmanager
def recorded_attention(module: nn.Module, *, gradient: bool = False) -> Iterator[dict[str, list[Tensor]]]:
    """The attention weights of every call inside the block, by the name of the layer: ``(B, T, S)`` each.

    Args:
        module: what attends.
        gradient: whether weights keep their graph, so that a loss may say where to look.
    """
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, CrossAttention)}
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    for name, layer in layers.items():
        layer.recorded_BTS, layer.records_gradient = found[name], gradient
    try:
        yield found
    finally:
        for layer in layers.values():
            layer.recorded_BTS, layer.records_gradient = None, False
