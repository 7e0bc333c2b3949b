"""Networks cut in parts, one on each device; a layer is put together for as long as it computes.

Rajbhandari et al. 2020, "ZeRO: memory optimizations toward training trillion parameter models", arXiv:1910.02054 (stage
3); Zhao et al. 2023, "PyTorch FSDP", arXiv:2304.11277. Here in torch's second form, ``fully_shard``. It runs on GPUs
and, tested so, in processes on a CPU that talk through gloo.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh


def shard(net: nn.Module, mesh: DeviceMesh) -> None:
    """Cuts a network in place, unless it is: the layers of its stacks one by one, and the rest as a whole.

    Args:
        net: the whole network.
        mesh: the devices.
    """
    # a second to import, with SymPy, which networks in one piece do without
    from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

    if isinstance(net, FSDPModule):
        return
    stacks = [module for module in net.modules() if isinstance(module, nn.ModuleList)]
    layers = [layer for stack in stacks for layer in stack if next(layer.parameters(), None) is not None]
    for part in [*reversed(layers), net]:  # a stack's layers before the layer that the stack is a part of
        fully_shard(part, mesh=mesh)
        for name in _entrances(part):
            register_fsdp_forward_method(part, name)


def _entrances(module: nn.Module) -> list[str]:
    """Public methods of a model's own by which it computes beside ``forward``, such as ``step``."""
    own = [kind for kind in type(module).__mro__ if kind.__module__.startswith("bakeoff.")]
    names = {name for kind in own for name, value in vars(kind).items() if callable(value)}
    return sorted(name for name in names if not name.startswith("_") and name != "forward")


def whole(tensor: Tensor) -> Tensor:
    """A tensor of which this process may have a part only; all processes must ask for it."""
    if "torch.distributed.tensor" not in sys.modules:  # then no tensor is one of those that it defines
        return tensor
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def whole_weights(net: nn.Module) -> dict[str, Tensor]:
    """All weights by name, as of a network that was never cut; all processes must ask for them."""
    with torch.no_grad():
        return {name: whole(tensor) for name, tensor in net.state_dict().items()}
