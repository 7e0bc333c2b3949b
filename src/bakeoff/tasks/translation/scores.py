"""What translations are worth: exact match, BLEU and chrF, and each example's share of them.

N examples.
"""

from __future__ import annotations

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums

METRICS = (
    MetricFacts.share("exact_match", "exact match", "The share of answers that are right to the last character."),
    MetricFacts.of_100(
        "bleu",
        "BLEU",
        "How many sequences of up to four words an answer shares with its reference, over all answers; "
        "where no reference has four words, of up to as many as the longest has.",
        in_validation=False,
        is_mean=False,
    ),
    MetricFacts.of_100(
        "chrf",
        "chrF",
        "How many sequences of up to six characters an answer shares with its reference, on average; "
        "spaces are not counted.",
        in_validation=False,
    ),
    MetricFacts.share(
        "token_accuracy", "token accuracy", "The share of next tokens that are right after the right ones before."
    ),
    MetricFacts.error("loss", "loss", "The mean cross-entropy of the next token, in nats."),
)
"""What is measured of translations."""
ORDER = 4
"""BLEU counts sequences of up to so many words."""


def score_examples(answers_N: np.ndarray, references_N: np.ndarray, metric: str) -> np.ndarray:
    """Each example's share of ``metric``, shape ``(N,)``.

    Exact match is 0 or 1. chrF is that of the sentence. BLEU belongs to the corpus: the jackknife's pseudo-values.

    Raises:
        ValueError: another metric.
    """
    if metric == "exact_match":
        return (answers_N == references_N).astype(np.float64)
    if metric == "chrf":
        return _chrf(answers_N, references_N)
    if metric == "bleu":
        return pseudo_values_from_sums(_bleu_counts(answers_N, references_N), _bleu)
    raise ValueError(f"an example's share is known of exact_match, chrf and bleu; got {metric}")


def summarise(answers_N: np.ndarray, references_N: np.ndarray) -> dict[str, float]:
    """Exact match, in [0, 1]; sacreBLEU's BLEU of the corpus and the mean of its sentence chrF2, both in [0, 100]."""
    return {
        "exact_match": float((answers_N == references_N).mean()),
        "bleu": float(_bleu(_bleu_counts(answers_N, references_N).sum(axis=0))),
        "chrf": float(_chrf(answers_N, references_N).mean()),
    }


def _chrf(answers_N: np.ndarray, references_N: np.ndarray) -> np.ndarray:
    chrf = CHRF()
    pairs = zip(answers_N.tolist(), references_N.tolist(), strict=True)
    return np.array([chrf.sentence_score(answer, [reference]).score for answer, reference in pairs])


def _bleu_counts(answers_N: np.ndarray, references_N: np.ndarray) -> np.ndarray:
    """What each example adds, (N, 14): right, possible and the reference's n-grams by length, and both lengths."""
    bleu = BLEU(effective_order=True)
    rows = []
    for answer, reference in zip(answers_N.tolist(), references_N.tolist(), strict=True):
        found = bleu.sentence_score(answer, [reference])
        asked = [max(found.ref_len - before, 0) for before in range(ORDER)]
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
