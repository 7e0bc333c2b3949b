"""Greedy and beam search, the same for every family: they only ask a network for its next logits.

B batch, K beams, L length so far, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.text.spec import END, PAD, START, UNKNOWN
from bakeoff.data.text.tokenizer import Tokenizer
from bakeoff.models.contracts import select_rows


@dataclasses.dataclass(frozen=True)
class Specials:
    """Tokens that are no part of an answer's text; padding is PAD in every vocabulary."""

    start: int = START
    end: int = END
    unknown: int = UNKNOWN

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Specials:
        """Those of a vocabulary: a pretrained one has its own."""
        return cls(tokenizer.start, tokenizer.end, tokenizer.unknown)

    def forbid(self, logits_NV: Tensor) -> Tensor:
        """The logits without tokens that no answer holds."""
        never = {PAD, self.start, self.unknown} - {self.end}
        return logits_NV.index_fill(1, torch.tensor(sorted(never), device=logits_NV.device), -torch.inf)


OUR_SPECIALS = Specials()


def greedy_search(net: Any, sources: Tensor, *, max_length: int, specials: Specials = OUR_SPECIALS) -> Tensor:
    """The likeliest next token, again and again, until every answer has ended.

    Args:
        net: has ``initial_state`` and ``step``.
        sources: the sources.
        max_length: the most tokens of an answer, the end token counted.
        specials: of the target's vocabulary.

    Returns:
        Answers ``(B, L)``: tokens, the end token, then padding.
    """
    state = net.initial_state(sources)
    tokens_B = torch.full((len(sources),), specials.start, dtype=torch.int64, device=sources.device)
    ended_B = torch.zeros(len(sources), dtype=torch.bool, device=sources.device)
    answer = []
    for _ in range(max_length):
        logits_BV, state = net.step(tokens_B, state)
        tokens_B = torch.where(ended_B, PAD, specials.forbid(logits_BV).argmax(dim=1))
        answer.append(tokens_B)
        ended_B = ended_B | (tokens_B == specials.end)
        if bool(ended_B.all()):
            break
        # An ended row goes on with some real token: what it says is dropped.
        tokens_B = torch.where(ended_B, specials.end, tokens_B)
    return torch.stack(answer, dim=1)


def beam_search(
    net: Any,
    sources: Tensor,
    *,
    beams: int,
    max_length: int,
    length_penalty: float = 0.6,
    specials: Specials = OUR_SPECIALS,
) -> Tensor:
    """The best of ``beams`` answers kept side by side, by log-probability over a length penalty.

    The penalty is ``((5 + L) / 6) ** length_penalty`` (Wu et al. 2016, arXiv:1609.08144, equation 14). A beam that has
    ended stays among the candidates with its score; search ends when all have ended or ``max_length`` is reached.

    Args:
        net: has ``initial_state`` and ``step``.
        sources: the sources.
        beams: K; 1 gives greedy search.
        max_length: the most tokens of an answer, the end token counted.
        length_penalty: 0 compares plain log-probabilities.
        specials: of the target's vocabulary.

    Returns:
        Answers ``(B, L)`` as `greedy_search` gives them.
    """
    batch, device = len(sources), sources.device
    state = select_rows(net.initial_state(sources), torch.arange(batch, device=device).repeat_interleave(beams))
    answers_BKL = torch.zeros(batch, beams, 0, dtype=torch.int64, device=device)
    scores_BK = torch.full((batch, beams), -torch.inf, device=device)
    scores_BK[:, 0] = 0.0
    lengths_BK = torch.zeros(batch, beams, dtype=torch.int64, device=device)
    ended_BK = torch.zeros(batch, beams, dtype=torch.bool, device=device)
    tokens_N = torch.full((batch * beams,), specials.start, dtype=torch.int64, device=device)
    for _ in range(max_length):
        logits_NV, state = net.step(tokens_N, state)
        candidates_BKV = _candidates(specials.forbid(logits_NV).view(batch, beams, -1), scores_BK, ended_BK)
        vocab_size = candidates_BKV.shape[-1]
        grown_BKV = lengths_BK[..., None] + (~ended_BK[..., None]).long()
        ranked_BKV = candidates_BKV / _penalty(grown_BKV, length_penalty)
        best_BK = ranked_BKV.flatten(1).topk(beams, dim=1).indices
        from_BK, tokens_BK = best_BK // vocab_size, best_BK % vocab_size
        scores_BK = candidates_BKV.flatten(1).gather(1, best_BK)
        was_BK = ended_BK.gather(1, from_BK)
        lengths_BK = lengths_BK.gather(1, from_BK) + (~was_BK).long()
        answers_BKL = torch.cat(
            [answers_BKL.gather(1, from_BK[..., None].expand_as(answers_BKL)), tokens_BK[..., None]], dim=-1
        )
        ended_BK = was_BK | (tokens_BK == specials.end)
        if bool(ended_BK.all()):
            break
        rows_N = (from_BK + beams * torch.arange(batch, device=device)[:, None]).flatten()
        state = select_rows(state, rows_N)
        tokens_N = torch.where(ended_BK, specials.end, tokens_BK).flatten()
    best_B = (scores_BK / _penalty(lengths_BK, length_penalty)).argmax(dim=1)
    return answers_BKL[torch.arange(batch, device=device), best_B]


def _candidates(logits_BKV: Tensor, scores_BK: Tensor, ended_BK: Tensor) -> Tensor:
    """The log-probability of each beam with each next token; an ended beam has one next token, padding, for nothing."""
    candidates_BKV = scores_BK[..., None] + torch.log_softmax(logits_BKV.float(), dim=-1)
    stays_V = torch.full_like(candidates_BKV[0, 0], -torch.inf)
    stays_V[PAD] = 0.0
    return torch.where(ended_BK[..., None], scores_BK[..., None] + stays_V, candidates_BKV)


def _penalty(lengths: Tensor, length_penalty: float) -> Tensor:
    return ((5.0 + lengths) / 6.0) ** length_penalty


def are_same(answers_BL: Tensor, targets_BT: Tensor) -> Tensor:
    """Whether each answer is the target to the last token, however both are padded, shape ``(B,)``."""
    longest = max(answers_BL.shape[1], targets_BT.shape[1])
    answers_BL, targets_BT = (F.pad(x, (0, longest - x.shape[1]), value=PAD) for x in (answers_BL, targets_BT))
    return (answers_BL == targets_BT).all(dim=1)
