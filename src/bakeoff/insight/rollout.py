"""Attention rollout: what layers of self-attention pass on from each place of the input, taken together.

Abnar and Zuidema 2020, "Quantifying attention flow in Transformers", arXiv:2005.00928: each layer's weights, averaged
over heads and with as much again for the residual path, multiplied from the first layer to the last. Rows are averaged
over the steps that the task's head averages.

Weights are caught where torch attends, so that architectures of other libraries show theirs too.

B batch, N heads, T time steps, S steps attended to, H size of a head, P places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from bakeoff.tasks.explained import Explained


class CaughtAttention(TorchFunctionMode):
    """While entered, the weights of every scaled dot-product attention, averaged over heads, are kept.

    Attributes:
        weights: of each call, ``(B, T, S)``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Passes every call on."""
        kwargs = kwargs or {}
        if func is F.scaled_dot_product_attention:
            self.weights.append(_weights(*args, **kwargs).mean(dim=1))
        return func(*args, **kwargs)


def _weights(
    query_BNTH: Tensor,
    key_BNSH: Tensor,
    value_BNSH: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """As torch's documentation defines them, ``(B, N, T, S)``."""
    if enable_gqa:
        key_BNSH = key_BNSH.repeat_interleave(query_BNTH.shape[1] // key_BNSH.shape[1], dim=1)
    factor = 1 / math.sqrt(query_BNTH.shape[-1]) if scale is None else scale
    scores_BNTS = query_BNTH @ key_BNSH.transpose(-2, -1) * factor
    if is_causal:
        attn_mask = torch.ones(scores_BNTS.shape[-2:], dtype=torch.bool, device=scores_BNTS.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores_BNTS = scores_BNTS.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores_BNTS = scores_BNTS + attn_mask
    return scores_BNTS.softmax(dim=-1)


def rollout(weights: Sequence[Tensor]) -> Tensor:
    """What each step of the last layer has of each step of the input, ``(B, T, T)``; rows sum to 1.

    Args:
        weights: of each layer, first one first, ``(B, T, T)``.
    """
    mixed_BTT = torch.eye(weights[0].shape[-1], device=weights[0].device).expand_as(weights[0])
    for layer_BTT in weights:
        mixed_BTT = (0.5 * layer_BTT + 0.5 * torch.eye(layer_BTT.shape[-1], device=layer_BTT.device)) @ mixed_BTT
    return mixed_BTT


def rolled_out(explained: Explained) -> Tensor | None:
    """The rollout of a network over places, ``(B, P)``; None where it does not attend, or not from all steps to all.

    Steps before those that stand for places, such as a class token, are left out.
    """
    shapes: list[torch.Size] = []
    handle = None
    if explained.last_map is not None:
        handle = explained.last_map.register_forward_hook(lambda layer, inputs, made: shapes.append(made.shape[2:]))
    try:
        with CaughtAttention() as caught:
            explained.driven(explained.features, *explained.others)
    finally:
        if handle is not None:
            handle.remove()
    places, batch = explained.real_BP.shape[1:], len(explained.features)
    grid = shapes[0] if shapes else places
    if not caught.weights or {found.shape for found in caught.weights} != {_square(caught.weights[0], batch)}:
        return None
    mixed_BTT, steps = rollout(caught.weights), math.prod(grid)
    if len(grid) == 1 and mixed_BTT.shape[-1] != steps:
        steps = mixed_BTT.shape[-1]  # patches of steps: each stands for all of its own
    if mixed_BTT.shape[-1] < steps:
        return None
    return _over_places(mixed_BTT[:, -steps:, -steps:], grid, explained.real_BP)


def _square(weights_BTS: Tensor, batch: int) -> torch.Size:
    return torch.Size([batch, weights_BTS.shape[1], weights_BTS.shape[1]])


def _over_places(mixed_BTT: Tensor, grid: Sequence[int], real_BP: Tensor) -> Tensor:
    """The mean over the rows of real steps, each place with its step's share."""
    steps = mixed_BTT.shape[-1]
    if len(grid) == 1:
        rows_BT = F.interpolate(real_BP[:, None].float(), size=steps)[:, 0]
        shares_BT = (mixed_BTT * rows_BT[..., None]).sum(dim=1) / rows_BT.sum(dim=1, keepdim=True).clamp(min=1)
        return F.interpolate(shares_BT[:, None], size=real_BP.shape[1])[:, 0] * real_BP
    shares_Bp = mixed_BTT.mean(dim=1).unflatten(1, tuple(grid))
    return F.interpolate(shares_Bp[:, None], size=real_BP.shape[1:])[:, 0] * real_BP
