"""What a model costs: its parameters, and the floating-point operations of a step.

Operations are counted by torch's `FlopCounterMode` on the ``meta`` device, where no number is computed and every layer
is taken apart into matrix products: on CPU it counts 0 for fused LSTM and attention kernels (torch 2.14). A
multiplication and an addition are two operations; element-wise work (norms, activations, pooling) is not counted.

B batch, T time steps, D size of a step, H hidden units, G gates times H.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.errors import ConfigError

# Batch norm refuses a single example in train mode where the map is one pixel, so two are counted and halved.
_EXAMPLES = 2


def count_parameters(module: nn.Module) -> int:
    """Trainable numbers of a module, each shared tensor once."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def count_non_embedding(module: nn.Module) -> int:
    """Trainable numbers outside `nn.Embedding` tables (vocabulary and learned positions), each shared tensor once."""
    tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding)}
    return sum(p.numel() for p in module.parameters() if p.requires_grad and id(p) not in tables)


def build_on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """What ``make`` builds, with shapes only: no memory, no initial values, milliseconds at any size."""
    with torch.device("meta"), _NoInitialValues():
        return make()


class _NoInitialValues(TorchFunctionMode):
    """Skips the setting of first values of tensors that hold none, most of the time of a build on ``meta``.

    A mode does not see the calls within a call that it was handed, so the functions of `torch.nn.init` that are handed
    to it are named as well as what they call.
    """

    _SETTERS = frozenset(
        {Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_}
        | {nn.init.normal_, nn.init.uniform_, nn.init.constant_, nn.init.kaiming_uniform_}
    )

    def __torch_function__(
        self, func: Callable, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in self._SETTERS:
            tensor = args[0] if args else (kwargs or {})["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **(kwargs or {}))


def flops_per_example(module: nn.Module, example_inputs: Callable[[int], Any], *, training: bool = True) -> int:
    """Operations of one example's forward and backward pass in train mode, or of the forward pass in eval mode.

    Args:
        module: a whole network, from a batch of inputs to a tensor or a list of tensors; it is left as it was.
        example_inputs: makes inputs of typical size on torch's default device, for a number of examples.
        training: whether there is a backward pass.

    Returns:
        Operations an example: for a dense layer 2 forward and 4 backward per weight and use, less the input gradient of
        the first layer, which training does not need.

    Raises:
        ConfigError: nothing was counted (``config.flops_uncounted``).
    """
    shapes_only = copy.deepcopy(module).to("meta").train(training)
    for part in shapes_only.modules():
        if isinstance(part, nn.RNNBase):
            part.forward = functools.partial(_all_steps_at_once, part, part.forward)
    with torch.device("meta"):
        inputs = example_inputs(_EXAMPLES)
    # With gradients on in eval mode too: without, nn.TransformerEncoder takes a fused path that counts 0.
    with FlopCounterMode(display=False) as counter:
        outputs = shapes_only(inputs)
        if training:
            torch.stack([tensor.sum() for tensor in _tensors(outputs)]).sum().backward()
    total = counter.get_total_flops()
    if total == 0:
        raise ConfigError(
            "config.flops_uncounted",
            "model",
            type(module).__name__,
            "no floating-point operation was counted, so its cost is unknown",
            next_step="use budget=params, or write the layer with torch's matrix operations",
        )
    return total // _EXAMPLES


def _tensors(outputs: Tensor | list[Tensor] | tuple[Tensor, ...]) -> Iterator[Tensor]:
    yield from (outputs,) if isinstance(outputs, Tensor) else outputs


def _all_steps_at_once(
    layers: nn.RNNBase, step_by_step: Callable[..., tuple], x_BTD: Tensor, state: Tensor | None = None
) -> tuple:
    """The matrix products of a recurrent layer's steps as one product: the same count, in milliseconds.

    Step by step on ``meta``, 224 steps of two layers take many seconds; a size solver counts dozens of times. Inputs in
    another layout than ``(B, T, D)`` and given first states are left to the layer itself.
    """
    plain = state is None and isinstance(x_BTD, Tensor) and x_BTD.dim() == 3
    if not plain or not layers.batch_first or layers.proj_size:
        return step_by_step(x_BTD, state)
    last_states = []
    for layer in range(layers.num_layers):
        names = [f"l{layer}", f"l{layer}_reverse"][: 1 + layers.bidirectional]
        states = [_one_direction(x_BTD, layers, suffix=name) for name in names]
        last_states += [states_BTH[:, -1] for states_BTH in states]
        x_BTD = torch.cat(states, dim=-1)
    last_LBH = torch.stack(last_states)
    return x_BTD, (last_LBH, last_LBH) if isinstance(layers, nn.LSTM) else last_LBH


def _one_direction(x_BTD: Tensor, layers: nn.RNNBase, *, suffix: str) -> Tensor:
    from_input_BTG = F.linear(x_BTD, getattr(layers, f"weight_ih_{suffix}"))
    before_BTH = from_input_BTG[..., : layers.hidden_size]
    recurrent_GH = getattr(layers, f"weight_hh_{suffix}")
    # The zero state before the first step is no result of anything: it needs no gradient.
    first_B1G = F.linear(before_BTH[:, :1].detach(), recurrent_GH)
    gates_BTG = from_input_BTG + torch.cat([first_B1G, F.linear(before_BTH[:, 1:], recurrent_GH)], dim=1)
    return gates_BTG[..., : layers.hidden_size]
