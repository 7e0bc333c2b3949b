"""How far transcripts are from what was said: edits of words and characters, pooled over the data set.

An edit puts one word (character) in place of another (substitution), leaves one out (deletion) or adds one (insertion);
jiwer finds the fewest. The rate is of all edits over all reference words, so that it may exceed 1, and is no mean over
recordings. All white space parts words, however much of it; of characters a blank between words is one. A reference
without words scores by its insertions.

N recordings.
"""

from __future__ import annotations

from collections.abc import Sequence

import jiwer
import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torchmetrics import Metric

from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums


def _pooled(name: str, label: str, meaning: str) -> MetricFacts:
    return MetricFacts.error(name, label, meaning, is_mean=False, unit="fraction")


METRICS = (
    _pooled(
        "wer",
        "word error rate",
        "Words put in place of others, left out or added, over the words that were said, in all recordings together; "
        "it may exceed 100 %.",
    ),
    _pooled(
        "cer",
        "character error rate",
        "Characters put in place of others, left out or added, over those that were said, in all recordings together.",
    ),
    _pooled("substitutions", "substitutions", "Words put in place of others, over those said."),
    _pooled("deletions", "deletions", "Words left out, over those said."),
    _pooled("insertions", "insertions", "Words added, over those said."),
    MetricFacts.share("exact_match", "exact match", "The share of recordings that are right to the last word."),
    MetricFacts.error(
        "impossible",
        "too short",
        "The share of recordings that have fewer steps than their transcript needs, which no alignment can spell; they "
        "are left out of the loss.",
        unit="fraction",
    ),
    MetricFacts.error("loss", "loss", "CTC loss, in nats a token: the mean over recordings long enough."),
)
COUNTS = ("substitutions", "deletions", "insertions", "words")
"""What is counted of words, and then in the same order of characters."""
_RATES = {"wer": (0, 1, 2), "cer": (4, 5, 6), "substitutions": (0,), "deletions": (1,), "insertions": (2,)}
_MEANS = {"exact_match": 8, "impossible": 9}
NUM_COUNTS = 2 * len(COUNTS) + len(_MEANS)


def counts_of(answers: Sequence[str], references: Sequence[str], impossible: Sequence[bool]) -> np.ndarray:
    """What each recording adds, ``(N, 10)``: `COUNTS` of words and of characters, whether it is right, or too short."""
    said, true = ([" ".join(text.split()) for text in texts] for texts in (answers, references))
    if not said:
        return np.zeros((0, NUM_COUNTS))
    words, characters = jiwer.process_words(true, said), jiwer.process_characters(true, said)
    edits = [[_edits(chunks) for chunks in found.alignments] for found in (words, characters)]
    rows = zip(*edits, said, true, impossible, strict=True)
    return np.array(
        [[*of_words, *of_characters, answer == own, short] for of_words, of_characters, answer, own, short in rows],
        dtype=np.float64,
    )


def alignment(answer: str, reference: str) -> list[tuple[str, str, str]]:
    """The fewest edits that make an answer of a reference: equal, substitute, delete or insert, what was said, and what
    was answered, in their order."""
    found = jiwer.process_words(" ".join(reference.split()), " ".join(answer.split()))
    true, said = found.references[0], found.hypotheses[0]
    return [
        (
            chunk.type,
            " ".join(true[chunk.ref_start_idx : chunk.ref_end_idx]),
            " ".join(said[chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )
        for chunk in found.alignments[0]
    ]


def _edits(chunks: Sequence[jiwer.AlignmentChunk]) -> tuple[int, int, int, int]:
    """`COUNTS` of one recording."""
    found = dict.fromkeys(("substitute", "delete", "insert", "equal"), 0)
    for chunk in chunks:
        found[chunk.type] += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
    total = found["equal"] + found["substitute"] + found["delete"]
    return found["substitute"], found["delete"], found["insert"], total


def rate(totals: np.ndarray, metric: str) -> np.ndarray:
    """A metric of totals ``(..., 10)``; without anything said, edits over one."""
    if metric in _MEANS:
        raise ValueError(f"{metric} is a mean over recordings")
    columns = _RATES[metric]
    said = totals[..., 7 if metric == "cer" else 3]
    found: np.ndarray = totals[..., columns].sum(axis=-1) / np.maximum(said, 1.0)
    return found


def score_examples(counts_NK: np.ndarray, metric: str) -> np.ndarray:
    """Each recording's score, or its pseudo-value where the metric is pooled.

    Raises:
        ValueError: another metric.
    """
    if metric in _MEANS:
        scores_N: np.ndarray = counts_NK[:, _MEANS[metric]]
        return scores_N
    if metric not in _RATES:
        raise ValueError(f"a recording's share is known of {', '.join([*_RATES, *_MEANS])}; got {metric}")
    return pseudo_values_from_sums(counts_NK, lambda totals: rate(totals, metric))


def summarise(counts_NK: np.ndarray) -> dict[str, float]:
    """All metrics but the loss."""
    totals_K = counts_NK.sum(axis=0)
    pooled = {name: float(rate(totals_K, name)) for name in _RATES}
    return pooled | {name: float(counts_NK[:, place].mean()) for name, place in _MEANS.items()}


def counts_of_tables(answers: pa.Table, labels: pa.Table, impossible: np.ndarray) -> np.ndarray:
    """As `counts_of`, of columns ``text``."""
    return counts_of(answers["text"].to_pylist(), labels["text"].to_pylist(), impossible.tolist())


class EditTotals(Metric):
    """All metrics but the loss, of counts ``(B, 10)``, by name."""

    totals: Tensor
    rows: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("totals", torch.zeros(NUM_COUNTS, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("rows", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, counts_BK: Tensor) -> None:
        """Adds a batch."""
        self.totals += counts_BK.to(self.totals).sum(dim=0)
        self.rows += len(counts_BK)

    def compute(self) -> dict[str, Tensor]:
        """The metrics of all batches."""
        totals_K = self.totals.cpu().numpy()
        found = {name: float(rate(totals_K, name)) for name in _RATES}
        found |= {name: float(totals_K[place]) / max(int(self.rows), 1) for name, place in _MEANS.items()}
        return {name: torch.tensor(value) for name, value in found.items()}
