"""Whether a model is being drawn as a graph for a runtime that is not torch, or computed for several seeds at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_TRACED = ContextVar("_TRACED", default=False)


@contextmanager
def traced() -> Iterator[None]:
    """In the block `is_traced`: what is computed stands for several networks, as with `torch.func.vmap`."""
    before = _TRACED.set(True)
    try:
        yield
    finally:
        _TRACED.reset(before)


def is_traced() -> bool:
    """Whether what is computed now becomes a graph for any batch and any length, or stands for several networks.

    Nothing in it can hang on what a tensor holds, and no loop on how long a sequence is.
    """
    return torch.jit.is_tracing() or torch.compiler.is_exporting() or _TRACED.get()
