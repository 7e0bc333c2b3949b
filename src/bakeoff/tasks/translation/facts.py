"""What is measured of translations."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts
from bakeoff.tasks.written.scores import BLEU_FACTS, CHRF_FACTS, OF_TOKENS

METRICS = (
    MetricFacts.share("exact_match", "exact match", "The share of answers that are right to the last character."),
    BLEU_FACTS,
    CHRF_FACTS,
    *OF_TOKENS,
)
