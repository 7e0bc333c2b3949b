"""The configuration claim: fixed configurations, fresh seeds (rules 10, 12-19). The main entry point of the package."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bakeoff.errors import DataError
from bakeoff.statistics.assembly import Entry, assemble
from bakeoff.statistics.clusters import Clusters, cluster_values
from bakeoff.statistics.crossed import Sample, crossed_t, sample, sample_difference, sample_mean
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.guards import UNGUARDED, Guard, guard_for, right_or_wrong
from bakeoff.statistics.looks import Declared, edition_looks
from bakeoff.statistics.options import EDITION, MIN_SEEDS_PROVISIONAL, Options, check_failed, options_of
from bakeoff.statistics.pairing import MIN_SEEDS_PAIRED, check_paired, pairing_notes
from bakeoff.statistics.scores import score_table, without_seed_order
from bakeoff.statistics.setting import Setting, Units
from bakeoff.statistics.verdicts import Verdict
from bakeoff.statistics.wording import CONFIGURATION_CLAIM


def verdict_from_scores(
    frame: pd.DataFrame,
    *,
    alpha: float = 0.05,
    margin: float | None = None,
    margin_reference: float | None = None,
    paired: bool = False,
    looks: Declared | None = None,
    failed: Mapping[str, Sequence[str]] | None = None,
    direction: str = "maximize",
    metric: str = "score",
    label: str | None = None,
    notes: Sequence[str] = (),
    score_range: tuple[float, float] | None = None,
    bounded_influence: bool = False,
    shares: bool = False,
    cluster_name: str = "cluster",
    futility: bool = False,
    edition: int = EDITION,
) -> Verdict:
    """Which contender is better on new seeds and new test examples, from per-example scores of any tool.

    Args:
        frame: columns ``contender``, ``seed``, ``example``, ``score``; one row per contender, seed and example. Where
            examples hang together (one speaker, patient, document, series), ``cluster`` names what they share, and is
            the unit; under 20 of them, or of examples whose scores have no bounds, no winner is named. A column
            ``split`` names the train/validation split of each run, which ``paired`` is checked against.
        alpha: error rate of the verdict, all pairs and looks together.
        margin: smallest difference that matters, score units, fixed before the test was opened.
        margin_reference: best validation error, of which the margin is 10 %; instead of ``margin``.
        paired: seeds of equal label share their train/validation split; used from 10 seeds on (rule 13).
        looks: seeds at which the verdict may be read, declared before the first run: (5, 10, 20), any other ascending
            numbers, ``"every"`` from 5 to 20 (all by information), or levels by seeds.
        failed: names of failed trials per contender; their scores must be those of the trivial predictor.
        direction: ``minimize`` if lower scores are better.
        metric: name of the score.
        label: what the sentence calls it; None: ``metric``.
        notes: sentences to carry among the warnings, such as a budget that was not met.
        score_range: lowest and highest possible score of an example, such as (0, 1) for an overlap; None takes (0, 1)
            where all scores are 0 or 1, and no bounds elsewhere (losses, pseudo-values).
        bounded_influence: scores are pseudo-values of a metric that has bounds (F1, BLEU), so that no heavy tail hides
            behind them; scores without bounds are guarded against one otherwise.
        shares: scores are shares of 1, so that differences are told in percentage points; those that are all 0 or 1
            always are.
        cluster_name: what a cluster is, in the singular, for the sentence.
        futility: stop where a decision by the last look has become unlikely; needs looks by information.
        edition: of the protocol; 1 derives the verdict of an older bakeoff again.

    Returns:
        The verdict; the order of rows, contenders and seed labels does not matter.

    Raises:
        DataError: columns missing, NaN, duplicate or missing rows, fewer than two contenders or three seeds, scores
            outside their range, an example in two clusters, splits that were not shared where ``paired``.
        ConfigError: an impossible option.
    """
    table = score_table(frame)
    if paired:
        check_paired(table.labelled)
    return verdict_from_matrices(
        table.matrices,
        options=options_of(
            alpha=alpha,
            margin=margin,
            margin_reference=margin_reference,
            metric=metric,
            label=label,
            direction=direction,
            failed=failed,
            notes=[*notes, *(pairing_notes(frame) if paired and edition > 1 else [])],
            looks=edition_looks(looks, alpha=alpha, edition=edition),
            score_range=score_range,
            bounded_influence=bounded_influence,
            shares=shares,
            futility=futility,
            edition=edition,
        ),
        paired=paired,
        clusters=table.clusters(cluster_name) if edition > 1 else None,
    )


def verdict_from_matrices(
    matrices: Mapping[str, np.ndarray],
    *,
    options: Options,
    paired: bool = False,
    racing: bool = False,
    previous: Verdict | None = None,
    clusters: Clusters | None = None,
) -> Verdict:
    """As ``verdict_from_scores``, from one (seeds, examples) matrix per contender over the same examples.

    Args:
        matrices: scores by contender; where ``paired``, row s of each shares its design.
        options: what was fixed beforehand.
        paired: use the row differences, if there are at least 10 seeds.
        racing: contenders beaten at this look leave the race (see ``racing.race_verdict``).
        previous: verdict at the look before.
        clusters: which examples hang together, so that they are no independent units (see ``clusters.clusters_of``).
    """
    check_failed(options.failed, [*matrices, *([row.name for row in previous.contenders] if previous else [])])
    _check_seeds(matrices)
    by_rows = paired and min(map(len, matrices.values())) >= MIN_SEEDS_PAIRED
    units = Units(np.shape(next(iter(matrices.values())))[1], clusters)
    guard = guard_of(options, matrices, crowding=units.crowding)
    scores = _in_order(matrices, options, clusters, by_rows=by_rows)
    samples = {name: sample(matrix) for name, matrix in scores.items()}

    def compare(a: str, b: str) -> Estimate:
        if by_rows:
            return crossed_t(scores[a], scores[b], paired=True, guard=guard)
        return sample_difference(samples[a], samples[b], guard=guard)

    setting = Setting(
        kind="configuration",
        claim=CONFIGURATION_CLAIM,
        points=options.shares or right_or_wrong(matrices.values()),
        units=units,
        guard=guard,
        warnings=_seed_warnings(matrices, paired=paired, by_rows=by_rows),
        racing=racing,
    )
    entries = {name: _entry(found, guard.own) for name, found in samples.items()}
    return assemble(entries, compare, options=options, setting=setting, previous=previous)


def guard_of(options: Options, matrices: Mapping[str, np.ndarray], *, crowding: float = 1.0) -> Guard:
    """What guards a comparison of these contenders, by the edition."""
    if options.edition == 1:
        return UNGUARDED
    num_tests = len(matrices) * (len(matrices) - 1) // 2
    return guard_for(
        options.score_range,
        matrices,
        num_tests=num_tests,
        alpha=options.alpha,
        looks=options.looks is not None and len(options.looks.seeds) > 1,
        crowding=crowding,
        bounded_influence=options.bounded_influence,
    )


def _in_order(
    matrices: Mapping[str, np.ndarray], options: Options, clusters: Clusters | None, *, by_rows: bool
) -> dict[str, np.ndarray]:
    """Scores of the units, higher is better, in an order that no name or label can change."""
    scores = {name: options.sign * np.asarray(matrices[name], dtype=np.float64) for name in sorted(matrices)}
    if clusters is not None:
        scores = {name: cluster_values(matrix, clusters) for name, matrix in scores.items()}
    if not by_rows:
        return {name: without_seed_order(matrix) for name, matrix in scores.items()}
    stacked = without_seed_order(np.concatenate(list(scores.values()), axis=1))
    return dict(zip(scores, np.split(stacked, len(scores), axis=1), strict=True))


def _entry(found: Sample, guard: Guard) -> Entry:
    own = sample_mean(found, guard=guard)
    return Entry(own, math.sqrt(found.v * found.num_seeds), found.num_seeds)


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
