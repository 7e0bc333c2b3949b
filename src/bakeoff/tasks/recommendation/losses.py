"""What training minimises: full softmax, sampled softmax or pairs.

Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback", arXiv:1205.2618; Jean et al. 2015, "On
using very large target vocabulary for neural machine translation", arXiv:1412.2007, section 3 (sampled softmax);
Wijmans et al. 2024, "Cut your losses in large-vocabulary language models", arXiv:2411.09009 (scores that are never
held all at once).

N steps that have a target, E width of the embedding, C items, K sampled items, R rows at a time.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.tasks.recommendation.network import States

Objective: TypeAlias = Literal["softmax", "sampled_softmax", "bpr"]


_SCORES_AT_ONCE = 1 << 19
"""They stay in a processor's cache, which makes a step 1.7 times (of 1,700 items) to 2.8 times (of 9,000) as fast."""


def full_softmax(states_NE: Tensor, targets_N: Tensor, outputs: States) -> Tensor:
    """The mean cross-entropy of the right item among all, in nats; 0 is best, ``log C`` a uniform guess."""
    inputs = (states_NE.float(), outputs.items_CE.float(), outputs.bias_C.float())
    with torch.autocast(states_NE.device.type, enabled=False):
        loss: Tensor = _CutCrossEntropy.apply(*inputs, targets_N)
    return loss


class _CutCrossEntropy(torch.autograd.Function):
    """Cross-entropy that goes through some rows at a time, and has their gradients while their scores are at hand."""

    @staticmethod
    def forward(ctx: Any, states_NE: Tensor, items_CE: Tensor, bias_C: Tensor, targets_N: Tensor) -> Tensor:
        """The mean over rows."""
        num_rows, rows_at_once = len(states_NE), max(_SCORES_AT_ONCE // len(items_CE), 1)
        total, of_states = states_NE.new_zeros(()), torch.empty_like(states_NE)
        of_items, of_bias = torch.zeros_like(items_CE), torch.zeros_like(bias_C)
        for start in range(0, num_rows, rows_at_once):
            rows = slice(start, start + rows_at_once)
            scores_RC, targets_R1 = torch.addmm(bias_C, states_NE[rows], items_CE.T), targets_N[rows, None]
            highest_R1, right_R1 = scores_RC.amax(dim=1, keepdim=True), scores_RC.gather(1, targets_R1)
            powers_RC = scores_RC.sub_(highest_R1).exp_()
            sums_R1 = powers_RC.sum(dim=1, keepdim=True)
            total += (sums_R1.log() + highest_R1 - right_R1).sum()
            slopes_RC = powers_RC.div_(sums_R1 * num_rows)
            slopes_RC.scatter_add_(1, targets_R1, slopes_RC.new_full(targets_R1.shape, -1.0 / num_rows))
            torch.mm(slopes_RC, items_CE, out=of_states[rows])
            of_items.addmm_(slopes_RC.T, states_NE[rows])
            of_bias += slopes_RC.sum(dim=0)
        ctx.save_for_backward(of_states, of_items, of_bias)
        return total / num_rows

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients, times that of the loss."""
        return (*(slopes[0] * found for found in ctx.saved_tensors), None)


def sampled_softmax(states_NE: Tensor, targets_N: Tensor, outputs: States, num_sampled: int) -> Tensor:
    """The cross-entropy of the right item among it and K that are drawn for the whole batch, all equally likely.

    The K stand for the other C - 1: ``log((C - 1) / K)`` is added to their scores, so that the loss estimates the full
    one. A drawn item that is the right one of a step is left out there.
    """
    num_items = len(outputs.items_CE)
    drawn_K = torch.randint(num_items, (num_sampled,), device=targets_N.device)
    scores_NK = torch.addmm(outputs.bias_C[drawn_K], states_NE, outputs.items_CE[drawn_K].T)
    scores_NK = scores_NK + math.log(max(num_items - 1, 1) / num_sampled)
    scores_NK = scores_NK.masked_fill(drawn_K == targets_N[:, None], -torch.inf)
    every_NK = torch.cat([_scores_of(states_NE, targets_N, outputs)[:, None], scores_NK], dim=1)
    return F.cross_entropy(every_NK, torch.zeros_like(targets_N))


def pairs(states_NE: Tensor, targets_N: Tensor, outputs: States) -> Tensor:
    """``-log sigmoid`` of how far the right item scores above another one, drawn for each step (BPR)."""
    shift_N = torch.randint(1, max(len(outputs.items_CE), 2), targets_N.shape, device=targets_N.device)
    other_N = (targets_N + shift_N) % len(outputs.items_CE)
    ahead_N = _scores_of(states_NE, targets_N, outputs) - _scores_of(states_NE, other_N, outputs)
    return F.softplus(-ahead_N).mean()


def all_pairs(states_NE: Tensor, targets_N: Tensor, outputs: States) -> Tensor:
    """What `pairs` is the estimate of: the mean over all other items."""
    scores_NC = torch.addmm(outputs.bias_C, states_NE, outputs.items_CE.T)
    lost_NC = F.softplus(scores_NC - scores_NC.gather(1, targets_N[:, None]))
    return (lost_NC.sum(dim=1) - math.log(2)).mean() / max(scores_NC.shape[1] - 1, 1)


def _scores_of(states_NE: Tensor, items_N: Tensor, outputs: States) -> Tensor:
    return (states_NE * F.embedding(items_N, outputs.items_CE)).sum(dim=1) + outputs.bias_C[items_N]
