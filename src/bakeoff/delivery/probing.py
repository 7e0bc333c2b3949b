"""Inputs to hold two forms of a network against each other with: of any batch size and length, padding among them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bakeoff.data.spec import Spec
from bakeoff.data.text.spec import PAD
from bakeoff.training.trial.interface import parts_of

_FIRST_REAL = PAD + 1


def probing_inputs(net: nn.Module, spec: Spec, batch_size: int, *, seed: int) -> tuple[Tensor, ...]:
    """Noise where a network takes numbers, tokens that it has an embedding of where it takes tokens.

    All rows of tokens but the first end in padding, each in one more step than the row before it.
    """
    generator = torch.Generator().manual_seed(seed)
    tables = [module.num_embeddings for module in net.modules() if isinstance(module, nn.Embedding)]
    return tuple(_drawn(part, generator, tables) for part in parts_of(spec.example_inputs(batch_size)))


def _drawn(example: Tensor, generator: torch.Generator, tables: list[int]) -> Tensor:
    if example.is_floating_point():
        return torch.randn(example.shape, generator=generator)
    if example.ndim != 2:  # lengths or numbers of classes, which mean something
        return example
    highest = max(min(tables, default=0), int(example.max()) + 1)
    tokens_BT = torch.randint(_FIRST_REAL, highest, example.shape, generator=generator)
    step_T, row_B1 = torch.arange(example.shape[1]), torch.arange(len(example))[:, None]
    real_BT = step_T < (example.shape[1] - row_B1).clamp(min=1)
    return tokens_BT.where(real_BT, PAD)


def real_places(inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Where an output means something: everywhere, or, where it has a row for each token, at those that are real."""
    tokens = inputs[-1]
    if tokens.is_floating_point() or tokens.ndim != 2 or output.shape[:2] != tokens.shape:
        return torch.ones(output.shape[:1], dtype=torch.bool)
    return tokens != PAD
