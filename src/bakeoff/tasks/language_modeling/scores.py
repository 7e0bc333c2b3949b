"""What a language model's bits are worth: bits per byte, and each document's share of them.

N documents.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tables import column

BITS_OF_UNIFORM_BYTES = 8.0
METRICS = (
    MetricFacts.error(
        "bits_per_byte",
        "bits per byte",
        "What the model would need to store a byte of the text; 8 is a uniform guess.",
        is_mean=False,
    ),
    MetricFacts.error(
        "perplexity",
        "perplexity",
        "Between how many equally likely tokens the model would be as unsure; it depends on the tokenizer.",
        perfect=1.0,
        is_mean=False,
    ),
    MetricFacts.error("loss", "loss", "The mean cross-entropy of the next token, in nats."),
)
"""What is measured of a language model."""


def score_examples(answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
    """Each document's pseudo-value of bits per byte, shape ``(N,)``: the metric is a ratio of sums over documents.

    Args:
        answers: ``bits`` of each document, or ``bits_per_byte``.
        labels: ``bytes`` of each document.
        metric: ``bits_per_byte``; of nothing else is a document's share known.

    Raises:
        ValueError: another metric.
    """
    if metric != "bits_per_byte":
        raise ValueError(f"a document's share is known of bits_per_byte only; got {metric}")
    bytes_N = column(labels, "bytes")
    sums_N2 = np.stack([_bits(answers, bytes_N), bytes_N.astype(np.float64)], axis=1)
    return pseudo_values_from_sums(sums_N2, lambda totals: totals[..., 0] / totals[..., 1])


def summarise(answers: pa.Table, labels: pa.Table) -> dict[str, float]:
    """Bits per byte over all documents."""
    bytes_N = column(labels, "bytes")
    return {"bits_per_byte": float(_bits(answers, bytes_N).sum() / bytes_N.sum())}


def _bits(answers: pa.Table, bytes_N: np.ndarray) -> np.ndarray:
    if "bits" in answers.column_names:
        return column(answers, "bits")
    return column(answers, "bits_per_byte") * bytes_N
