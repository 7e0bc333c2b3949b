"""``h_t = a_t * h_{t-1} + b_t`` at all steps at once.

Blelloch 1990, "Prefix sums and their applications" (odd steps from pairs, then even steps from odd ones); Martin and
Cundy 2018, "Parallelizing linear recurrent neural nets over sequence length", arXiv:1709.04057 (its gradient).

B batch, T time steps, H hidden units.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bakeoff.models.tracing import is_traced

ROUNDS_OF_GRAPHS = 14
"""Of a model that is drawn as a graph, which serves sequences of up to ``2**14`` steps."""


def linear_recurrence(decay_BTH: Tensor, added_BTH: Tensor, first_BH: Tensor | None = None) -> Tensor:
    """``h_t = decay_t * h_{t-1} + added_t`` for every t, shape ``(B, T, H)``, in about ``2 log2 T`` rounds.

    Only products of decays are formed, never quotients or exponentials: with decays from 0 to 1 nothing overflows, and
    what vanishes is vanishing in the recurrence too.

    Args:
        decay_BTH: what is kept of the state before.
        added_BTH: what is added to it.
        first_BH: the state before the first step; None: zeros.
    """
    if first_BH is not None:
        start_B1H = added_BTH[:, :1] + decay_BTH[:, :1] * first_BH.unsqueeze(1)
        added_BTH = torch.cat([start_B1H, added_BTH[:, 1:]], dim=1)
    if is_traced():
        return _doubled(decay_BTH, added_BTH)
    return _Recurrence.apply(decay_BTH, added_BTH)


class _Recurrence(torch.autograd.Function):
    """The recurrence from zeros; autograd by itself would keep the numbers of every round."""

    @staticmethod
    def forward(ctx: Any, decay_BTH: Tensor, added_BTH: Tensor) -> Tensor:
        states_BTH = _scan(decay_BTH, added_BTH)
        ctx.save_for_backward(decay_BTH, states_BTH)
        return states_BTH

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_BTH: Tensor) -> tuple[Tensor, Tensor]:
        decay_BTH, states_BTH = ctx.saved_tensors
        # What a state adds to the loss comes from its own output and, decayed, from the state after it.
        decay_after_BTH = torch.cat([decay_BTH[:, 1:], torch.zeros_like(decay_BTH[:, :1])], dim=1)
        added_gradient_BTH = _scan(decay_after_BTH.flip(1), gradient_BTH.flip(1)).flip(1)
        before_BTH = torch.cat([torch.zeros_like(states_BTH[:, :1]), states_BTH[:, :-1]], dim=1)
        return added_gradient_BTH * before_BTH, added_gradient_BTH


def _scan(decay_BTH: Tensor, added_BTH: Tensor) -> Tensor:
    length = added_BTH.shape[1]
    if length < 2:
        return added_BTH
    paired = length - length % 2
    even_BPH, odd_BPH = decay_BTH[:, 0:paired:2], decay_BTH[:, 1:paired:2]
    # Two steps are one step of the same kind; so half as many steps give the states after each pair.
    added_of_pair_BPH = torch.addcmul(added_BTH[:, 1:paired:2], odd_BPH, added_BTH[:, 0:paired:2])
    after_pair_BPH = _scan(odd_BPH * even_BPH, added_of_pair_BPH)
    states_BTH = added_BTH.clone(memory_format=torch.contiguous_format)
    states_BTH[:, 1::2] = after_pair_BPH
    before_BPH = after_pair_BPH[:, : (length - 1) // 2]
    states_BTH[:, 2::2] += decay_BTH[:, 2::2] * before_BPH
    return states_BTH


def _doubled(decay_BTH: Tensor, states_BTH: Tensor) -> Tensor:
    """As `_scan` without a loop whose rounds depend on the length: each reaches twice as far back as the one before it.

    Hillis and Steele 1986, "Data parallel algorithms".
    """
    step_T = torch.arange(states_BTH.shape[1], device=states_BTH.device)
    for back in (2**exponent for exponent in range(ROUNDS_OF_GRAPHS)):
        source_T, is_there_T1 = (step_T - back).clamp(min=0), (step_T >= back)[:, None]
        states_BTH = states_BTH + decay_BTH * states_BTH[:, source_T] * is_there_T1
        decay_BTH = decay_BTH * torch.where(is_there_T1, decay_BTH[:, source_T], 1.0)
    return states_BTH
