"""Networks of several seeds computed as one, whose weights have a further axis for the seeds.

Each seed keeps its module, its optimizer and its gradients: their tensors become parts of the stacked ones, so that
whatever looks at a seed, such as its checkpoints, finds what it would find in a training of its own.

K seeds; `torch.func` calls it ensembling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from bakeoff.data.batches.batch import Batch, Tree, walk
from bakeoff.models.tracing import traced
from bakeoff.tasks.contract import Pass
from bakeoff.training.loop.common_optimizer import CommonOptimizer
from bakeoff.training.loop.dropout_of_seeds import DropoutOfSeeds
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.random_state import set_generator

TOLERANCE = 1e-5
"""How far losses of stacked seeds may be from those of single ones, as a share where they are above 1."""


class NotStackable(Exception):
    """Seeds of a contender can't be trained as one, in a line."""


@dataclass(frozen=True)
class Turn:
    """A seed that is about to take a step."""

    module: TrainingModule
    batch: Batch
    random: Tensor
    """The state of the random generator with which its own step would begin."""

    def take_alone(self) -> None:
        """That step."""
        set_generator(self.random, self.module.device)
        self.module.step_alone(self.batch)


class Stack:
    """Modules of several seeds, from the first step that they take together on.

    Args:
        turns: of all seeds, with their first batches.

    Raises:
        NotStackable: their networks have no common form, or do not say together what each of them says alone.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.modules = [turn.module for turn in turns]
        self.nets = [module.net for module in self.modules]
        if type(self.modules[0]._pass) is not Pass:
            raise NotStackable("its steps hand a state on from batch to batch")
        if not alike([turn.batch for turn in turns]):
            raise NotStackable("batches of its seeds differ in shape")
        alone = [_loss_alone(turn) for turn in turns]
        self.weights = _stacked([dict(net.named_parameters()) for net in self.nets])
        self.buffers = _stacked([dict(net.named_buffers()) for net in self.nets])
        self.learnt = {name: weight for name, weight in self.weights.items() if self._is_learnt(name)}
        for weight in self.learnt.values():
            weight.requires_grad_()
            weight.grad = torch.zeros_like(weight)
        own = [[net.get_parameter(name) for name in self.learnt] for net in self.nets]
        self.optimizer = CommonOptimizer(self.modules, list(self.learnt.values()), own)
        self._linked = False
        self._check(turns, alone)

    def step(self, turns: Sequence[Turn]) -> None:
        """An optimizer step of every seed; where their batches have unlike shapes, of one after the other."""
        if not alike([turn.batch for turn in turns]):
            self._one_by_one(turns)
            return
        self._link_gradients()
        outputs = self._forward(turns)
        losses = [self._loss(turn, output) for turn, output in zip(turns, outputs, strict=True)]
        losses_K = torch.stack(losses)
        losses_K.sum().backward()
        for turn, output, loss in zip(turns, outputs, losses_K.detach(), strict=True):
            turn.module.note(output, turn.batch, loss)
        finite = torch.isfinite(losses_K).tolist()
        decided = zip(self.modules, finite, strict=True)
        self.optimizer.step([module.guard.decide(is_finite) for module, is_finite in decided])

    def _forward(self, turns: Sequence[Turn]) -> list[Tree]:
        """What each seed's network says of its batch."""
        device, inputs = self.modules[0].device, join_seeds([turn.batch.inputs for turn in turns])
        seeds_K = torch.arange(len(turns), device=device)
        with traced(), DropoutOfSeeds([turn.random for turn in turns], device) as dropout:
            compute = vmap(partial(self._compute, dropout), randomness="different")
            return part_seeds(compute(self.weights, self.buffers, inputs, seeds_K), len(turns))

    def _compute(
        self,
        dropout: DropoutOfSeeds,
        weights: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        inputs: Tree,
        seed: Tensor,
    ) -> Tree:
        """What the network of one seed says, as `vmap` sees it."""
        dropout.seed = seed
        return functional_call(self.nets[0], (dict(weights), dict(buffers)), (inputs,))

    def _loss(self, turn: Turn, output: Tree) -> Tensor:
        """Of one seed by itself: few numbers, for which `vmap` takes longer than all seeds one after the other."""
        return turn.module.task.loss(output, turn.batch, training=True)

    def _check(self, turns: Sequence[Turn], alone: Sequence[float]) -> None:
        """Refuses networks that say together what they do not say alone; a first look leaves no trace in them."""
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        try:
            together = [float(self._loss(*each).detach()) for each in zip(turns, self._forward(turns), strict=True)]
        except (RuntimeError, TypeError, ValueError) as error:
            raise NotStackable(f"torch.vmap can't compute its seeds at once ({str(error).splitlines()[0]})") from error
        for name, buffer in buffers.items():
            self.buffers[name].copy_(buffer)
        for one, other in zip(alone, together, strict=True):
            if abs(one - other) > TOLERANCE * max(1.0, abs(one)):
                raise NotStackable(f"the first loss of a seed is {one:.6g} alone and {other:.6g} with the others")

    def _is_learnt(self, name: str) -> bool:
        return self.nets[0].get_parameter(name).requires_grad

    def _one_by_one(self, turns: Sequence[Turn]) -> None:
        self.optimizer.part()
        self._linked = False
        for turn in turns:
            turn.take_alone()

    def _link_gradients(self) -> None:
        """Zero gradients, of which each seed's parameters have their part."""
        stacked = [weight.grad for weight in self.learnt.values() if weight.grad is not None]
        torch._foreach_zero_(stacked)
        if not self._linked:
            for place, own in enumerate(self.optimizer.own):
                for parameter, gradient in zip(own, stacked, strict=True):
                    parameter.grad = gradient[place]
        self._linked = True


def alike(batches: Sequence[Batch]) -> bool:
    """Whether batches differ in nothing but the numbers that their tensors hold."""
    return all(_form(batch) == _form(batches[0]) for batch in batches)


def _form(tree: Tree) -> Any:
    if isinstance(tree, Tensor):
        return tree.shape, tree.dtype
    if isinstance(tree, Mapping):
        return type(tree), {name: _form(part) for name, part in tree.items()}
    return (type(tree), [_form(part) for part in tree]) if isinstance(tree, tuple | list) else tree


def join_seeds(trees: Sequence[Tree]) -> Tree:
    """Trees of one form as one, with K in front of each tensor."""
    first = trees[0]
    if isinstance(first, Tensor):
        return torch.stack(list(trees))
    if isinstance(first, tuple):
        parts = [join_seeds(parts) for parts in zip(*trees, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    raise NotStackable(f"its batches hold a {type(first).__name__}")


def part_seeds(tree: Tree, count: int) -> list[Tree]:
    """The inverse of `join_seeds`."""
    parts: list[tuple[Tensor, ...]] = []

    def note(tensor: Tensor) -> Tensor:
        parts.append(tensor.unbind())
        return tensor

    walk(tree, note)

    def of(place: int) -> Tree:
        own = iter([each[place] for each in parts])
        return walk(tree, lambda _: next(own))

    return [of(place) for place in range(count)]


def _stacked(named: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors of all seeds by name, with K in front; each seed's become parts of them."""
    found = {name: torch.stack([tensors[name].detach() for tensors in named]) for name in named[0]}
    for place, tensors in enumerate(named):
        for name, tensor in tensors.items():
            tensor.data = found[name][place]
    return found


def _loss_alone(turn: Turn) -> float:
    """A seed's loss of a batch, which leaves no trace in its network."""
    buffers = {name: buffer.clone() for name, buffer in turn.module.net.named_buffers()}
    set_generator(turn.random, turn.module.device)
    with torch.no_grad():
        outputs = functional_call(turn.module.net, buffers, (turn.batch.inputs,))
        return float(turn.module.task.loss(outputs, turn.batch, training=True))
