"""A batch gone through in parts: the gradient of the whole, with the activations of one part in memory at a time.

B batch. Batch normalisation alone sees the difference: its statistics are those of a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


class GradientSum:
    """The gradient of a batch's mean loss, gathered part by part.

    Args:
        parameters: what is learnt.
        num_terms: how many terms the whole batch's mean loss is a mean of.
        scale: what each part's loss is multiplied with on its way back, and its gradient divided by: half precision
            has no small gradients.
    """

    def __init__(self, parameters: Iterable[Tensor], *, num_terms: int, scale: float = 1.0) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.num_terms = max(num_terms, 1)
        self.scale = scale
        self._sums: list[Tensor | None] = [None] * len(self.parameters)
        self._loss: Tensor | None = None

    def add(self, loss: Tensor, num_terms: int) -> None:
        """Goes back through a part, and lets go of its graph; a part without terms has no loss."""
        if num_terms == 0:
            return
        share = loss * (num_terms / self.num_terms)
        found = torch.autograd.grad(share * self.scale, self.parameters, allow_unused=True)
        self._sums = [_sum(before, now) for before, now in zip(self._sums, found, strict=True)]
        self._loss = _sum(self._loss, share.detach())

    def mean_loss(self) -> Tensor:
        """The batch's mean loss; its ``backward`` hands each parameter what was gathered for it."""
        gradients = [None if gradient is None else gradient / self.scale for gradient in self._sums]
        loss = self.parameters[0].new_tensor(float("nan")) if self._loss is None else self._loss
        return _Gathered.apply(loss, gradients, *self.parameters)


class _Gathered(torch.autograd.Function):
    """A loss whose gradients are known."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, gradients: Sequence[Tensor | None], *parameters: Tensor) -> Tensor:
        ctx.gradients = gradients
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return None, None, *(None if known is None else known * gradient for known in ctx.gradients)


def _sum(before: Tensor | None, now: Tensor | None) -> Tensor | None:
    if before is None or now is None:
        return now if before is None else before
    return before + now
