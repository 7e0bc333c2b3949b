"""Connectionist temporal classification: a loss over all alignments, and what is read off them.

Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented sequence data with recurrent neural
networks". A network says a token or nothing (the blank, which is PAD) at each step; repeats without a blank between are
one token. So a transcript needs as many steps as it has tokens, and one more between equal neighbours.

B batch, T steps, L tokens, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.text.spec import PAD

BLANK = PAD


class Span(NamedTuple):
    """A token that was read, from its first step to the one after its last."""

    token: int
    start: int
    end: int


def steps_needed(targets_BL: Tensor) -> Tensor:
    """The fewest steps that can say each transcript, ``(B,)``; padding is PAD."""
    real_BL = targets_BL != PAD
    repeats_BL = (targets_BL[:, 1:] == targets_BL[:, :-1]) & real_BL[:, 1:]
    return real_BL.sum(dim=1) + repeats_BL.sum(dim=1)


def ctc_loss(logits_BTV: Tensor, steps_B: Tensor, targets_BL: Tensor) -> Tensor:
    """The mean over recordings of nats a token; those too short for their transcript are left out of it.

    An empty transcript counts as one token. torch's own mean keeps recordings that are too short in its divisor, as 0.
    Without any that is long enough, the loss is 0 and so is its gradient.
    """
    lengths_B = (targets_BL != PAD).sum(dim=1)
    possible_B = steps_needed(targets_BL) <= steps_B
    nats_B = F.ctc_loss(
        logits_BTV.float().log_softmax(dim=-1).transpose(0, 1),
        targets_BL,
        steps_B,
        lengths_B,
        blank=BLANK,
        reduction="none",
        zero_infinity=True,
    )
    return (nats_B / lengths_B.clamp(min=1))[possible_B].sum() / possible_B.sum().clamp(min=1)


def likeliest(logits_BTV: Tensor, steps_B: Tensor) -> Tensor:
    """The likeliest token of each step, ``(B, T)``; blanks after the end."""
    best_BT = logits_BTV.argmax(dim=-1)
    real_BT = torch.arange(best_BT.shape[1], device=best_BT.device) < steps_B[:, None]
    return torch.where(real_BT, best_BT, BLANK)


def collapsed(path_T: list[int]) -> list[Span]:
    """The tokens of a path: repeats are one, blanks none."""
    spans: list[Span] = []
    before = BLANK
    for step, token in enumerate(path_T):
        if token == before and token != BLANK:
            spans[-1] = spans[-1]._replace(end=step + 1)
        elif token != BLANK:
            spans.append(Span(token, step, step + 1))
        before = token
    return spans
