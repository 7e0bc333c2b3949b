"""How far back the loss reaches: gradients of a sequence model by layer, and by distance from the loss.

Bengio et al. 1994, "Learning long-term dependencies with gradient descent is difficult", IEEE Transactions on Neural
Networks 5(2); Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063.

B batch, T time steps, D model width.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, TokenBackbone
from bakeoff.models.sharding import whole

_WRAPPING = re.compile(r"\.?parametrizations\.\w+$")
_STACKED = re.compile(r"_(l\d+)(?:_reverse)?$")


@dataclass(frozen=True)
class GradientFlow:
    """Gradients of a loss on the last step alone.

    Attributes:
        by_distance: norm of the gradient at the input, for the step of the loss first and then one step further back
            each; exactly 0 where the loss does not reach.
        by_layer: root mean square of the gradient of each layer's parameters, in the order of the network.
    """

    by_distance: tuple[float, ...]
    by_layer: dict[str, float]


def gradient_flow(backbone: SequenceBackbone, x_BTD: Tensor) -> GradientFlow:
    """Gradients of a fixed random projection (a unit vector) of each row's last output, in double precision.

    In single precision a gradient that has vanished is soon 0 and tells nothing of how fast. Dropout is off. The norm
    at a step is the root mean square over the rows of the batch.

    Args:
        backbone: without cross-attention; it is left as it was.
        x_BTD: its input.
    """
    double = copy.deepcopy(backbone).double().cpu().eval()
    double.requires_grad_(True)
    double.zero_grad(set_to_none=True)
    x_BTD = x_BTD.detach().double().cpu().requires_grad_(True)
    last_BD = double(x_BTD)[:, -1]
    # Not the sum of the outputs: a layer norm at the end holds that constant.
    direction_D = torch.randn(last_BD.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (last_BD @ (direction_D / direction_D.norm())).sum().backward()
    assert x_BTD.grad is not None
    # Scaled by its largest number: squares of very small ones would be 0.
    largest_1T1 = x_BTD.grad.abs().amax(dim=(0, 2), keepdim=True)
    scaled_BTD = x_BTD.grad / torch.where(largest_1T1 > 0, largest_1T1, 1.0)
    norms_T = largest_1T1.flatten() * scaled_BTD.square().sum(dim=2).mean(dim=0).sqrt()
    return GradientFlow(tuple(norms_T.flip(0).tolist()), gradient_rms(double))


def gradient_rms(module: nn.Module) -> dict[str, float]:
    """Root mean square of the gradient of each layer that has one, in the order of the network.

    A layer is a module that holds parameters itself; of stacked recurrent layers in one module, each is one.
    """
    sums: dict[str, list[tuple[Tensor, int]]] = {}
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            norm = whole(torch.linalg.vector_norm(parameter.grad))
            sums.setdefault(_layer(name), []).append((norm, parameter.numel()))
    if not sums:
        return {}
    # One transfer from the device for all of them.
    norms = torch.stack([norm for parts in sums.values() for norm, _ in parts]).tolist()
    found, start = {}, 0
    for name, parts in sums.items():
        own = norms[start : start + len(parts)]
        start += len(parts)
        found[name] = math.hypot(*own) / math.sqrt(sum(count for _, count in parts))
    return found


def gradient_norm(module: nn.Module) -> float:
    """Norm of the gradient over all parameters."""
    gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    return float(whole(nn.utils.get_total_norm(gradients))) if gradients else 0.0


def backbone_of(net: nn.Module) -> SequenceBackbone:
    """The sequence backbone of a task's network.

    Raises:
        ValueError: it has none, or one with an embedding of its own, whose input has no gradient.
    """
    backbone = getattr(net, "backbone", None) or getattr(net, "decoder", None)
    if not isinstance(backbone, SequenceBackbone) or isinstance(backbone, TokenBackbone) or backbone.cross_attention:
        raise ValueError(f"{type(net).__name__} holds no sequence backbone that reads vectors and nothing else")
    return backbone


def _layer(parameter: str) -> str:
    """``layers.0.conv.parametrizations.weight.original0`` is of ``layers.0.conv``, ``rnn.bias_hh_l1`` of ``rnn.l1``."""
    owner, _, own = parameter.rpartition(".")
    owner, stacked = _WRAPPING.sub("", owner), _STACKED.search(own)
    return ".".join(part for part in (owner, stacked[1] if stacked else "") if part) or "itself"
