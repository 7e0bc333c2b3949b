"""Which contender is better? Statistics over seeds and test examples, usable alone on per-example scores of any tool.

from bakeoff.statistics import verdict_from_scores

verdict = verdict_from_scores(frame, margin=0.01, metric="accuracy")    # contender, seed, example, score
print(verdict.verdict, verdict.sentence)
"""

from bakeoff.statistics.advice import Advice
from bakeoff.statistics.configuration import verdict_from_matrices, verdict_from_scores
from bakeoff.statistics.crossed import Sample, crossed_mean, crossed_t, sample_difference
from bakeoff.statistics.datasets import DatasetsSummary, datasets_summary
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.family import family_verdict, family_verdict_from_matrices
from bakeoff.statistics.guards import Guard
from bakeoff.statistics.looks import Looks, declare_looks
from bakeoff.statistics.margins import FixedMargin, margin_from_validation
from bakeoff.statistics.multiplicity import holm, pair_tests
from bakeoff.statistics.options import EDITION, Options
from bakeoff.statistics.own import own_interval
from bakeoff.statistics.planning import can_show_sentence, plan_rows
from bakeoff.statistics.pooled import pool
from bakeoff.statistics.pseudo import pseudo_values, pseudo_values_from_left_out, pseudo_values_from_sums
from bakeoff.statistics.racing import race_verdict
from bakeoff.statistics.rows import Contender, Pair
from bakeoff.statistics.simultaneous import simultaneous_intervals
from bakeoff.statistics.verdicts import Verdict
from bakeoff.statistics.words import EQUIVALENT, NOT_ENOUGH_EVIDENCE, WINS, WINS_SMALL, WORDS

__all__ = [
    "EDITION",
    "EQUIVALENT",
    "NOT_ENOUGH_EVIDENCE",
    "WINS",
    "WINS_SMALL",
    "WORDS",
    "Advice",
    "Contender",
    "DatasetsSummary",
    "Estimate",
    "FixedMargin",
    "Guard",
    "Looks",
    "Options",
    "Pair",
    "Sample",
    "Verdict",
    "can_show_sentence",
    "crossed_mean",
    "crossed_t",
    "datasets_summary",
    "declare_looks",
    "family_verdict",
    "family_verdict_from_matrices",
    "holm",
    "margin_from_validation",
    "own_interval",
    "pair_tests",
    "plan_rows",
    "pool",
    "pseudo_values",
    "pseudo_values_from_left_out",
    "pseudo_values_from_sums",
    "race_verdict",
    "sample_difference",
    "simultaneous_intervals",
    "verdict_from_matrices",
    "verdict_from_scores",
]
