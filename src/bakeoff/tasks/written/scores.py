"""What written answers are worth: exact match, BLEU, chrF and ROUGE-L, and each example's share of them.

An example has one reference or several: an answer is exact if it is any of them, and chrF and ROUGE-L are those of the
one that it comes nearest to.

N examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums

Answers: TypeAlias = Sequence[str]
References: TypeAlias = Sequence[Sequence[str]]

BLEU_FACTS = MetricFacts.of_100(
    "bleu",
    "BLEU",
    "How many sequences of up to four words an answer shares with its reference, over all answers; "
    "where no reference has four words, of up to as many as the longest has.",
    in_validation=False,
    is_mean=False,
)
CHRF_FACTS = MetricFacts.of_100(
    "chrf",
    "chrF",
    "How many sequences of up to six characters an answer shares with its reference, on average; "
    "spaces are not counted.",
    in_validation=False,
)
ROUGE_L_FACTS = MetricFacts.of_100(
    "rouge_l",
    "ROUGE-L",
    "How many words an answer has in common with its reference in the same order, with gaps: the harmonic mean of "
    "their shares of both, on average.",
    in_validation=False,
)
OF_TOKENS = (
    MetricFacts.share(
        "token_accuracy", "token accuracy", "The share of next tokens that are right after the right ones before."
    ),
    MetricFacts.error("loss", "loss", "The mean cross-entropy of the next token, in nats."),
)
"""What training and validation measure of single tokens."""
ORDER = 4
"""BLEU counts sequences of up to so many words."""


def exact(answers: Answers, references: References) -> np.ndarray:
    """1 where an answer is one of its references, else 0; shape ``(N,)``."""
    return np.array([answer in own for answer, own in zip(answers, references, strict=True)], dtype=np.float64)


def chrf(answers: Answers, references: References) -> np.ndarray:
    """sacreBLEU's sentence chrF2, in [0, 100]; shape ``(N,)``."""
    metric = CHRF()
    return np.array([metric.sentence_score(answer, own).score for answer, own in zip(answers, references, strict=True)])


def rouge_l(answers: Answers, references: References) -> np.ndarray:
    """F1 of the longest common subsequence of words, in [0, 100]; shape ``(N,)``.

    Lin 2004, "ROUGE: a package for automatic evaluation of summaries", section 3.1, with beta 1.
    """
    rows = zip(answers, references, strict=True)
    return np.array([max(_rouge_l(answer.split(), reference.split()) for reference in own) for answer, own in rows])


def _rouge_l(answer: Sequence[str], reference: Sequence[str]) -> float:
    total = len(answer) + len(reference)
    return 200.0 * _longest_common(answer, reference) / total if total else 100.0


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest sequence of words that both have in this order, with gaps."""
    lengths = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for place, other in enumerate(second, start=1):
            above = lengths[place]
            lengths[place] = diagonal + 1 if word == other else max(above, lengths[place - 1])
            diagonal = above
    return lengths[-1]


MEANS: dict[str, Callable[[Answers, References], np.ndarray]] = {"exact_match": exact, "chrf": chrf, "rouge_l": rouge_l}
"""Metrics that are means of what each example scores."""
KNOWN = (*MEANS, "bleu")


def score_examples(answers: Answers, references: References, metric: str) -> np.ndarray:
    """Each example's share of ``metric``, shape ``(N,)``; BLEU belongs to the corpus: the jackknife's pseudo-values.

    Raises:
        ValueError: another metric.
    """
    if metric == "bleu":
        return pseudo_values_from_sums(_bleu_counts(answers, references), _bleu)
    if metric not in MEANS:
        raise ValueError(f"an example's share is known of {', '.join(KNOWN)}; got {metric}")
    return MEANS[metric](answers, references)


def summarise(answers: Answers, references: References, metrics: Iterable[str]) -> dict[str, float]:
    """These metrics of a set of answers, by name."""
    return {
        name: float(_bleu(_bleu_counts(answers, references).sum(axis=0)))
        if name == "bleu"
        else float(MEANS[name](answers, references).mean())
        for name in metrics
    }


def _bleu_counts(answers: Answers, references: References) -> np.ndarray:
    """What each example adds, (N, 14): right, possible and the longest reference's n-grams by length, and both lengths.

    The reference's length is that of the one whose length is nearest to the answer's.
    """
    bleu = BLEU(effective_order=True)
    rows = []
    for answer, own in zip(answers, references, strict=True):
        found = bleu.sentence_score(answer, own)
        longest = max(len(bleu.tokenizer(reference).split()) for reference in own)
        asked = [max(longest - before, 0) for before in range(ORDER)]
        rows.append([*found.counts, *found.totals, *asked, found.sys_len, found.ref_len])
    return np.array(rows, dtype=np.float64)


def _bleu(totals: np.ndarray) -> np.ndarray:
    """BLEU of the corpus from ``(..., 14)`` totals, with sacreBLEU's smoothing of orders without a match.

    Papineni et al. 2002; an order of which no n-gram is right counts as 1 / 2 of one, the next such as 1 / 4.
    Departure: orders that no reference is long enough for are left out, as by ``max_ngram_order``; else perfect answers
    of one word would have a BLEU of 0.
    """
    right, possible, asked = (totals[..., start : start + ORDER] for start in range(0, 3 * ORDER, ORDER))
    answer, reference = totals[..., -2], totals[..., -1]
    missed, counted = (right <= 0) & (possible > 0), asked > 0
    smoothed = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), right)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(counted, 100.0 * smoothed / possible, 1.0)
        brevity = np.where(answer < reference, np.exp(1.0 - reference / np.maximum(answer, 1e-9)), 1.0)
        score = brevity * np.exp(np.log(precision).sum(axis=-1) / counted.sum(axis=-1))
    whole = ((possible > 0) | ~counted).all(axis=-1) & (right.sum(axis=-1) > 0)
    return np.where(whole, np.nan_to_num(score), 0.0)
