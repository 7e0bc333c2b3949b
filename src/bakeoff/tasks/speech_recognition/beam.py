"""Search for the likeliest transcript, summed over its alignments, with a model of its language or without.

Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs",
arXiv:1408.2873, algorithm 1 (prefix beam search).

T steps, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from bakeoff.data.text.ngrams import Gram, NgramModel
from bakeoff.data.text.spec import END
from bakeoff.tasks.speech_recognition.ctc import BLANK

NEVER = -math.inf
Ends = dict[Gram, tuple[float, float]]
"""Of each prefix the log-probability of its alignments that end in a blank, and of the others."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """How transcripts are searched for.

    A transcript's score is its log-probability, plus ``language_weight`` times that of its text in the model of the
    language, plus ``token_bonus`` for each of its tokens, which makes up for what long texts lose there.

    Args:
        beams: prefixes kept side by side; also how many tokens of a step are tried.
        language: None for none.
        language_weight: at least 0.
        token_bonus: in nats.
    """

    beams: int
    language: NgramModel | None = None
    language_weight: float = 0.0
    token_bonus: float = 0.0

    def best(self, log_p_TV: np.ndarray) -> Gram:
        """The best transcript of steps; with as many beams as there are prefixes, the best of all."""
        ends: Ends = {(): (0.0, NEVER)}
        said: dict[Gram, float] = {(): 0.0}
        for log_p_V in log_p_TV.tolist():
            ends = self._extended(ends, log_p_V)
            for prefix in ends:
                if prefix not in said:
                    said[prefix] = said[prefix[:-1]] + self._gain(prefix[-1], prefix[:-1])
            kept = sorted(ends, key=lambda prefix: -(_sum(*ends[prefix]) + said[prefix]))[: self.beams]
            ends = {prefix: ends[prefix] for prefix in kept}
        return max(ends, key=lambda prefix: _sum(*ends[prefix]) + said[prefix] + self._gain(END, prefix))

    def _extended(self, ends: Ends, log_p_V: list[float]) -> Ends:
        """One step later."""
        found: Ends = {}
        tried = sorted(range(1, len(log_p_V)), key=lambda token: -log_p_V[token])[: self.beams]
        for prefix, (blank, token_last) in ends.items():
            whole, last = _sum(blank, token_last), prefix[-1] if prefix else BLANK
            _add(found, prefix, whole + log_p_V[BLANK], token_last + log_p_V[last] if prefix else NEVER)
            for token in tried:
                before = blank if token == last else whole  # without a blank between, repeats are one token
                _add(found, (*prefix, token), NEVER, before + log_p_V[token])
        return found

    def _gain(self, token: int, before: Gram) -> float:
        bonus = self.token_bonus if token != END else 0.0
        if self.language is None or not self.language_weight:
            return bonus
        return bonus + self.language_weight * self.language.log_probability(token, before)


def _add(found: Ends, prefix: Gram, blank: float, token_last: float) -> None:
    before = found.get(prefix)
    found[prefix] = (blank, token_last) if before is None else (_sum(before[0], blank), _sum(before[1], token_last))


def _sum(one: float, other: float) -> float:
    """The logarithm of the sum of two numbers given by theirs."""
    if one < other:
        one, other = other, one
    return one if other == NEVER else one + math.log1p(math.exp(other - one))
