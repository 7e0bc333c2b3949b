"""False winners between equal contenders, judged by metrics of a rare class: 1,000 comparisons a cell.

python -m tests.tasks.rare_simulation METRIC [METRIC ...]
"""

from __future__ import annotations

import sys

import numpy as np

from bakeoff.statistics import Options, verdict_from_matrices
from bakeoff.tasks.classes.answered import Answered
from bakeoff.tasks.classes.scores import ClassScores

SCORES = ClassScores(num_classes=2, positive=1)
CELLS = [(640, 20, 5), (640, 20, 10), (2000, 60, 5), (2000, 60, 10), (2000, 400, 5), (2000, 400, 10)]
"""Test examples, those of the class that is looked for, and seeds."""


def matrix(metric: str, labels_N: np.ndarray, shared_N: np.ndarray, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Example scores of one contender, (seeds, examples): shared and own difficulty, and luck of seeds."""
    own_N = shared_N + rng.normal(0, 0.7, len(labels_N))
    rows = []
    for _ in range(seeds):
        skill = 2.0 + rng.normal(0, 0.15)
        yes_N = 1 / (1 + np.exp(3 - skill * labels_N - own_N - rng.normal(0, 0.5, len(labels_N))))
        answered = Answered.of(np.column_stack([1 - yes_N, yes_N]), labels_N)
        rows.append(SCORES.score_examples(answered, metric))
    return np.stack(rows)


def false_winners(metric: str, *, examples: int, positive: int, seeds: int, comparisons: int = 1000) -> int:
    """How many comparisons of two equal but different contenders name a winner."""
    rng, found = np.random.default_rng(1), 0
    labels_N = (np.arange(examples) < positive).astype(int)
    for _ in range(comparisons):
        shared_N = rng.normal(0, 1, examples)
        matrices = {name: matrix(metric, labels_N, shared_N, seeds, rng) for name in "ab"}
        found += verdict_from_matrices(matrices, options=Options(bounded_influence=True)).winner is not None
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for examples, positive, seeds in CELLS:
            count = false_winners(name, examples=examples, positive=positive, seeds=seeds)
            print(f"{name}: {positive} of {examples} examples, {seeds} seeds: {count} of 1,000", flush=True)
