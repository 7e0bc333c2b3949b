"""A recommender: a causal backbone between the embedding of items and its transpose.

Kang and McAuley 2018, "Self-attentive sequential recommendation", arXiv:1808.09781 (SASRec: every step of a history
is learnt at once, and one table of items serves as input and output).

B batch, T steps of a history, S items that are masked, D model width, E width of the embedding, C items, V tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bakeoff.data.interactions.spec import FIRST, PAD
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.tokens import Pool, TokenStem, padding_mask


class States(NamedTuple):
    """What a history is after each step, and what items are compared with it by.

    Attributes:
        states_BTE: after each step.
        items_CE: the table of items.
        bias_C: of each item.
    """

    states_BTE: Tensor
    items_CE: Tensor
    bias_C: Tensor


class Recommender(nn.Module):
    """A causal backbone with the stem and head that every contender shares; the head's table is the stem's.

    Args:
        backbone: in the middle.
        counts: how often train has each item: its bias begins at the logarithm of its share, so that training begins
            with what is popular instead of learning it.
        embedding_width: E.
    """

    def __init__(self, backbone: SequenceBackbone, *, counts: Sequence[int], embedding_width: int) -> None:
        super().__init__()
        num_tokens = FIRST + len(counts)
        self.stem = TokenStem(vocab_size=num_tokens, embedding_width=embedding_width, width=backbone.width)
        self.backbone = backbone
        self.project = nn.Linear(backbone.width, embedding_width)
        shares_C = torch.tensor(counts, dtype=torch.float32)
        self.bias = nn.Parameter((shares_C / shares_C.sum()).log())
        self.last = Pool("last", width=embedding_width)

    def states(self, history_BT: Tensor) -> States:
        """What training compares with items, at every step of a history."""
        encoded_BTD = self.backbone(self.stem(history_BT), padding_mask_BT=padding_mask(history_BT))
        return States(self.project(encoded_BTD), self.stem.embedding.weight[FIRST:], self.bias)

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """The score of every item as the next one, shape ``(B, C)``; -inf for those that are masked."""
        history_BT, seen_BS = inputs[:2]
        states_BTE, items_CE, bias_C = self.states(history_BT)
        scores_BC = self.last(states_BTE, padding_mask(history_BT)) @ items_CE.T + bias_C
        others_B2 = scores_BC.new_zeros(scores_BC.shape[0], FIRST)  # PAD, which fills up what is masked, and START
        return torch.cat([others_B2, scores_BC], dim=1).scatter(1, seen_BS, -torch.inf)[:, FIRST:]


class LearntScores(nn.Module):
    """What a training step computes, as tensors alone: on these its cost is counted.

    Args:
        net: the recommender.
        num_compared: items that each step is compared with; None: all.
    """

    def __init__(self, net: Recommender, num_compared: int | None) -> None:
        super().__init__()
        self.net = net
        self.num_compared = num_compared

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Scores at every step, shape ``(B, T, C)`` or those of some items."""
        states_BTE, items_CE, _ = self.net.states(inputs[0])
        return states_BTE @ items_CE[: self.num_compared].T


def last_states(outputs: States, history_BT: Tensor) -> Tensor:
    """The state after the last real step of each history, shape ``(B, E)``."""
    steps_B = (history_BT != PAD).sum(dim=1) - 1
    return outputs.states_BTE[torch.arange(len(history_BT), device=history_BT.device), steps_B]
