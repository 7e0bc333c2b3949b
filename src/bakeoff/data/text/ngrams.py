"""Counts of sequences of tokens, and the model of the next token that they make.

Witten and Bell 1991, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bakeoff.data.text.spec import END, START

Gram = tuple[int, ...]


def count_ngrams(texts: Iterable[Sequence[int]], order: int) -> dict[str, int]:
    """How often each sequence of up to ``order`` tokens is found, START and END among them, as plain JSON."""
    counts: Counter[Gram] = Counter()
    for text in texts:
        framed = (START, *text, END)
        for length in range(1, order + 1):
            counts.update(framed[first : first + length] for first in range(len(framed) - length + 1))
    return {" ".join(map(str, gram)): count for gram, count in sorted(counts.items())}


class NgramModel:
    """The next token after those before it, by counts of all orders, mixed as Witten and Bell (1991) do.

    ``p_n(b | context) = (count(context b) + types(context) p_(n-1)(b | shorter context)) / (count(context) +
    types(context))``, down to a uniform guess over the vocabulary.

    Args:
        counts: of `count_ngrams`.
        vocab_size: of the tokens.
    """

    def __init__(self, counts: Mapping[str, int], vocab_size: int) -> None:
        grams = {tuple(map(int, gram.split())): count for gram, count in counts.items()}
        self._counts = {gram: count for gram, count in grams.items() if gram[-1] != START}  # it follows nothing
        self._order = max(map(len, self._counts), default=0)
        self._vocab_size = vocab_size
        self._totals: defaultdict[Gram, int] = defaultdict(int)
        self._types: defaultdict[Gram, int] = defaultdict(int)
        for gram, count in self._counts.items():
            self._totals[gram[:-1]] += count
            self._types[gram[:-1]] += 1

    def log_probability(self, token: int, before: Gram) -> float:
        """Of a token, or of END, after the tokens before it, in nats.

        Args:
            token: the next one.
            before: all of the text before it, without START.
        """
        context = (START, *before)[-(self._order - 1) :] if self._order > 1 else ()
        return math.log(self._probability(token, context))

    def _probability(self, token: int, context: Gram) -> float:
        shorter = self._probability(token, context[1:]) if context else 1 / self._vocab_size
        types = self._types[context]
        if not types:
            return shorter
        return (self._counts.get((*context, token), 0) + types * shorter) / (self._totals[context] + types)
