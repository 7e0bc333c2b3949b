"""What is measured of captions."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts
from bakeoff.tasks.written.scores import BLEU_FACTS, CHRF_FACTS, OF_TOKENS, ROUGE_L_FACTS

SEEN, UNSEEN = "seen_exact_match", "unseen_exact_match"

METRICS = (
    MetricFacts.share(
        "exact_match",
        "exact match",
        "The share of captions that are one of their image's references, whatever their case and punctuation.",
    ),
    MetricFacts.share(
        SEEN,
        "exact match, seen",
        "Exact match on the test images that show nothing which training lacks.",
        in_validation=False,
        is_mean=False,
    ),
    MetricFacts.share(
        UNSEEN,
        "exact match, unseen",
        "Exact match on the test images that show what training lacks, such as combinations of colour and shape.",
        in_validation=False,
        is_mean=False,
    ),
    BLEU_FACTS,
    ROUGE_L_FACTS,
    CHRF_FACTS,
    *OF_TOKENS,
)
