"""One optimizer for the networks of several seeds, whose moments are parts of its own.

K seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from bakeoff.training.loop.module import TrainingModule, parameter_groups

ELEMENTWISE = (torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD)
"""Optimizers that treat each number by itself, so that those of several seeds can be one."""


class CommonOptimizer:
    """Takes the step of all seeds at once, where that does to each what its own optimizer would do.

    Args:
        modules: of the seeds.
        weights: what is learnt of all of them, with K in front; their gradients are there.
        own: the parameters of each seed, in the order of ``weights``, which are parts of them.
    """

    def __init__(
        self, modules: Sequence[TrainingModule], weights: Sequence[Tensor], own: Sequence[Sequence[Tensor]]
    ) -> None:
        self.modules = modules
        self.weights = weights
        self.own = own
        self.optimizers = [module.only_optimizer() for module in modules]
        self._linked = False
        self._common: torch.optim.Optimizer | None = None
        if type(self.optimizers[0].optimizer) in ELEMENTWISE:
            self._common = modules[0].make_optimizer(parameter_groups(weights, matrix_axes=3))

    def step(self, taken: Sequence[bool]) -> None:
        """A step of each seed, or its count alone where it is not to be taken."""
        if all(taken) and self._is_in_step():
            self._step_at_once()
            return
        self.part()
        for module, optimizer, is_taken in zip(self.modules, self.optimizers, taken, strict=True):
            (module.apply_gradients if is_taken else module.count_step)(optimizer)

    def part(self) -> None:
        """Lets each seed go on counting its steps by itself; its moments stay where they are."""
        if self._linked:
            for own in self.optimizers:
                for state in own.optimizer.state.values():
                    state.update({name: _copied(value) for name, value in state.items() if not _is_moment(value)})
        self._linked = False

    def _is_in_step(self) -> bool:
        """Whether all seeds have taken as many steps, and take this one at the same learning rates."""
        if self._common is None:
            return False
        rates = [[group["lr"] for group in own.param_groups] for own in self.optimizers]
        if any(rate != rates[0] for rate in rates):
            return False
        self._linked = self._linked or self._gather()
        return self._linked

    def _states(self, index: int) -> list[dict[str, Any]]:
        """What each seed's optimizer keeps of a parameter."""
        pairs = zip(self.optimizers, self.own, strict=True)
        return [own.optimizer.state.get(parameters[index], {}) for own, parameters in pairs]

    def _gather(self) -> bool:
        """Takes over the moments of all seeds; whether they are of equally many steps."""
        assert self._common is not None
        for index, weight in enumerate(self.weights):
            states = self._states(index)
            if any(_counts(state) != _counts(states[0]) for state in states):
                return False
            if states[0]:
                self._common.state[weight] = {
                    name: torch.stack([state[name] for state in states]) if _is_moment(value) else _copied(value)
                    for name, value in states[0].items()
                }
        self._link()
        return True

    def _link(self) -> None:
        """Moments of each seed become parts of the common ones."""
        assert self._common is not None
        for index, weight in enumerate(self.weights):
            common = self._common.state.get(weight, {})
            for place, (own, parameters) in enumerate(zip(self.optimizers, self.own, strict=True)):
                if common:
                    own.optimizer.state[parameters[index]] = {
                        name: value[place] if _is_moment(value) else value for name, value in common.items()
                    }

    def _step_at_once(self) -> None:
        assert self._common is not None
        for group, own in zip(self._common.param_groups, self.optimizers[0].param_groups, strict=True):
            group["lr"] = own["lr"]
        self._clip()
        for optimizer in self.optimizers:
            optimizer._on_before_step()
        is_first = not self._common.state
        self._common.step()
        if is_first:
            self._link()
        for optimizer in self.optimizers:
            optimizer._on_after_step()

    def _clip(self) -> None:
        """Clips the gradients of each seed by their norm, as `torch.nn.utils.clip_grad_norm_` does."""
        most = self.modules[0].gradient_clip_norm
        if most is None:
            return
        gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        norms_K = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
        factors_K = (most / (norms_K + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factors_K.view(-1, *[1] * (gradient.ndim - 1)))
        for module, norm in zip(self.modules, norms_K.unbind(), strict=True):
            module.norm_before_clipping = norm


def _is_moment(value: Any) -> bool:
    """What an optimizer keeps of a parameter is of its shape, or a count of steps."""
    return isinstance(value, Tensor) and value.ndim > 0


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _counts(state: Mapping[str, Any]) -> dict[str, Any]:
    """What is no moment, as plain values."""
    plain = {
        name: value.item() if isinstance(value, Tensor) and not value.ndim else value for name, value in state.items()
    }
    return {name: None if _is_moment(value) else value for name, value in plain.items()}
