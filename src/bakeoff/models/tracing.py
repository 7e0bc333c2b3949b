"""Whether a model is being drawn as a graph, for a runtime that is not torch."""

from __future__ import annotations

import torch


def is_traced() -> bool:
    """Whether what is computed now becomes a graph for any batch and any length.

    Nothing in it can hang on what a tensor holds, and no loop on how long a sequence is.
    """
    return torch.jit.is_tracing() or torch.compiler.is_exporting()
