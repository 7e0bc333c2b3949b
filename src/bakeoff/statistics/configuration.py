"""The configuration claim: fixed configurations, fresh seeds (rules 10, 12-19). The main entry point of the package."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bakeoff.errors import DataError
from bakeoff.statistics.assembly import Entry, assemble
from bakeoff.statistics.crossed import Sample, crossed_t, sample, sample_difference, sample_mean
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.looks import declare_looks
from bakeoff.statistics.options import MIN_SEEDS_PROVISIONAL, Options, check_failed, margin_of
from bakeoff.statistics.scores import labelled_matrices, without_seed_order
from bakeoff.statistics.sentences import CONFIGURATION_CLAIM
from bakeoff.statistics.verdicts import Verdict

MIN_SEEDS_PAIRED = 10


def verdict_from_scores(
    frame: pd.DataFrame,
    *,
    alpha: float = 0.05,
    margin: float | None = None,
    margin_reference: float | None = None,
    paired: bool = False,
    looks: Sequence[int] | Mapping[int, float] | None = None,
    failed: Mapping[str, Sequence[str]] | None = None,
    direction: str = "maximize",
    metric: str = "score",
    notes: Sequence[str] = (),
) -> Verdict:
    """Which contender is better on new seeds and new test examples, from per-example scores of any tool.

    Args:
        frame: columns ``contender``, ``seed``, ``example``, ``score``; one row per contender, seed and example, where
            an example is an independent unit (a document, a speaker, a patient, a block of a series).
        alpha: error rate of the verdict, all pairs and looks together.
        margin: smallest difference that matters, score units, fixed before the test was opened.
        margin_reference: best validation error, of which the margin is 10 %; instead of ``margin``.
        paired: seeds of equal label share their train/validation split; used from 10 seeds on (rule 13).
        looks: seeds at which the verdict may be read, declared before the first run: (5, 10, 20), (5, 10), or levels
            by seeds.
        failed: names of failed trials per contender; their scores must be those of the trivial predictor.
        direction: ``minimize`` if lower scores are better.
        metric: name of the score, for the sentence.
        notes: sentences to carry among the warnings, such as a budget that was not met.

    Returns:
        The verdict; the order of rows, contenders and seed labels does not matter.

    Raises:
        DataError: columns missing, NaN, duplicate or missing rows, fewer than two contenders or three seeds.
        ConfigError: an impossible option.
    """
    labelled = labelled_matrices(frame)
    matrices = {name: matrix for name, (_, matrix) in labelled.items()}
    if paired:
        check_paired(labelled)
    return verdict_from_matrices(
        matrices,
        options=Options(
            alpha=alpha,
            margin=margin_of(margin, margin_reference),
            metric=metric,
            direction=direction,
            failed=failed or {},
            notes=notes,
            looks=None if looks is None else declare_looks(looks, alpha=alpha),
        ),
        paired=paired,
    )


def verdict_from_matrices(
    matrices: Mapping[str, np.ndarray],
    *,
    options: Options,
    paired: bool = False,
    racing: bool = False,
    previous: Verdict | None = None,
) -> Verdict:
    """As ``verdict_from_scores``, from one (seeds, examples) matrix per contender over the same examples.

    Args:
        matrices: scores by contender; where ``paired``, row s of each shares its design.
        options: what was fixed beforehand.
        paired: use the row differences, if there are at least 10 seeds.
        racing: contenders beaten at this look leave the race (see ``racing.race_verdict``).
        previous: verdict at the look before.
    """
    check_failed(options.failed, [*matrices, *([row.name for row in previous.contenders] if previous else [])])
    _check_seeds(matrices)
    num_seeds = min(map(len, matrices.values()))
    by_rows = paired and num_seeds >= MIN_SEEDS_PAIRED
    scores = {name: options.sign * np.asarray(matrices[name], dtype=np.float64) for name in sorted(matrices)}
    if by_rows:
        stacked = without_seed_order(np.concatenate(list(scores.values()), axis=1))
        scores = dict(zip(scores, np.split(stacked, len(scores), axis=1), strict=True))
    else:
        scores = {name: without_seed_order(matrix) for name, matrix in scores.items()}
    samples = {name: sample(matrix) for name, matrix in scores.items()}

    def compare(a: str, b: str) -> Estimate:
        return crossed_t(scores[a], scores[b], paired=True) if by_rows else sample_difference(samples[a], samples[b])

    return assemble(
        {name: _entry(found) for name, found in samples.items()},
        compare,
        options=options,
        kind="configuration",
        claim=CONFIGURATION_CLAIM,
        points=all(right_or_wrong(matrix) for matrix in matrices.values()),
        warnings=_seed_warnings(matrices, paired=paired, by_rows=by_rows),
        racing=racing,
        previous=previous,
    )


def check_paired(labelled: Mapping[str, tuple[list, np.ndarray]]) -> None:
    """Rows that are to be paired carry the same seeds for every contender.

    Raises:
        DataError: they do not.
    """
    if len({tuple(labels) for labels, _ in labelled.values()}) > 1:
        problem = "paired by design needs the same seeds for every contender"
        raise DataError("data.unequal_seeds", "paired", True, problem, next_step="paired=false")


def right_or_wrong(matrix: np.ndarray) -> bool:
    """Whether all scores are 0 or 1, so that their mean is a share and reads in percentage points."""
    return bool(((matrix == 0) | (matrix == 1)).all())


def _entry(found: Sample) -> Entry:
    return Entry(sample_mean(found), math.sqrt(found.v * found.num_seeds), found.num_seeds)


def _check_seeds(matrices: Mapping[str, np.ndarray]) -> None:
    for name, matrix in matrices.items():
        if len(matrix) < MIN_SEEDS_PROVISIONAL:
            problem = f"contender {name} has {len(matrix)} seeds: no verdict, not even a provisional one"
            allowed = f"{MIN_SEEDS_PROVISIONAL} or more (a verdict needs 5, 10 are recommended)"
            raise DataError("data.too_few_seeds", "seed", None, problem, allowed=allowed)


def _seed_warnings(matrices: Mapping[str, np.ndarray], *, paired: bool, by_rows: bool) -> list[str]:
    found = []
    counts = {name: len(matrix) for name, matrix in matrices.items()}
    if len(set(counts.values())) > 1:
        found.append(
            "unequal numbers of seeds: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        )
    if paired and not by_rows:
        found.append(f"paired by design, but fewer than {MIN_SEEDS_PAIRED} seeds: compared without pairing")
    return found
