"""Dropout in networks of several seeds at once: each seed's drops what its own would drop.

`torch.vmap` draws numbers for all seeds from one generator. Here each seed's mask is drawn by torch's dropout itself,
from the state of the generator that the seed's step begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from bakeoff.training.loop.random_state import generator_now, set_generator

_DROPOUTS: tuple[Callable[..., Tensor], ...] = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d)


class DropoutOfSeeds(TorchFunctionMode):
    """Within the block, and within `torch.vmap` over seeds, dropout is each seed's own.

    Args:
        states: of each seed's random generator.
        device: of the networks.

    Attributes:
        seed: within `torch.vmap`, which one is computed.
    """

    seed: Tensor

    def __init__(self, states: Sequence[Tensor], device: torch.device) -> None:
        super().__init__()
        self.states = list(states)
        self.device = device

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function itself, but for dropout."""
        kwargs = kwargs or {}
        if func not in _DROPOUTS or not kwargs["training"] or kwargs["p"] == 0:
            return func(*args, **kwargs)
        return args[0] * _Noise.apply(self.seed, args[0].detach(), self._noise, func, kwargs["p"])

    def _noise(self, seed: int, x: Tensor, dropout: Callable[..., Tensor], p: float) -> Tensor:
        """What a seed's tensor is multiplied by."""
        set_generator(self.states[seed], self.device)
        # In the order in which the seed's own tensor would lie in memory, and be gone through.
        order = sorted(range(x.ndim), key=x.stride, reverse=True)
        found = dropout(torch.empty_permuted(x.shape, order, dtype=x.dtype, device=x.device).fill_(1.0), p, True)
        self.states[seed] = generator_now(self.device)
        return found


class _Noise(torch.autograd.Function):
    """Exists for its rule in `torch.vmap`, which sees the tensors of all seeds."""

    @staticmethod
    def forward(seed: Tensor, x: Tensor, noise: Callable[..., Tensor], dropout: Any, p: float) -> Tensor:
        raise RuntimeError("dropout of seeds is drawn within torch.vmap alone")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, seed_K: Tensor, x: Tensor, noise: Callable[..., Tensor], dropout: Any, p: float
    ) -> tuple[Tensor, int]:
        """Noise of all seeds."""
        each = [x] * info.batch_size if in_dims[1] is None else x.unbind(in_dims[1])
        return torch.stack([noise(seed, x, dropout, p) for seed, x in enumerate(each)]), 0
