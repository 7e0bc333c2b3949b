"""What training minimises: full softmax, sampled softmax or pairs.

Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback", arXiv:1205.2618; Jean et al. 2015, "On
using very large target vocabulary for neural machine translation", arXiv:1412.2007, section 3 (sampled softmax).

N steps that have a target, E width of the embedding, C items, K sampled items.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.tasks.recommendation.network import States

Objective: TypeAlias = Literal["softmax", "sampled_softmax", "bpr"]


def full_softmax(states_NE: Tensor, targets_N: Tensor, outputs: States) -> Tensor:
    """The mean cross-entropy of the right item among all, in nats; 0 is best, ``log C`` a uniform guess."""
    return F.cross_entropy(torch.addmm(outputs.bias_C, states_NE, outputs.items_CE.T), targets_N)


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
