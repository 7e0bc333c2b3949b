"""The family claim: what the best of m tuning trials scores on test, tuning luck inside the interval (rule 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
import pandas as pd

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics.assembly import OWN_LEVEL, Entry, assemble
from bakeoff.statistics.clusters import Clusters, cluster_values
from bakeoff.statistics.configuration import guard_of
from bakeoff.statistics.crossed import Sample, sample_difference, sample_mean
from bakeoff.statistics.guards import Guard, right_or_wrong
from bakeoff.statistics.looks import EVERY, Declared, Looks, edition_looks
from bakeoff.statistics.options import ALPHA, DIRECTIONS, EDITION, Options, Rules, check_failed, options_of
from bakeoff.statistics.pooled import MIN_TRIALS, best_of, crossings, pool
from bakeoff.statistics.scores import ScoreTable, numbers_of, score_table
from bakeoff.statistics.setting import Setting, Units
from bakeoff.statistics.verdicts import Verdict
from bakeoff.statistics.wording import family_claim

Trials = tuple[np.ndarray, np.ndarray]


def family_verdict(
    frame: pd.DataFrame,
    validation: pd.DataFrame,
    *,
    m: int | None = None,
    validation_direction: str | None = None,
    looks: Declared | None = None,
    notes: Sequence[str] = (),
    cluster_name: str = "cluster",
    **rules: Unpack[Rules],
) -> Verdict:
    """Which family is better after tuning it with the best of ``m`` random trials.

    Args:
        frame: test scores of every trial, opened once: columns ``contender``, ``trial``, ``example``, ``score``.
        validation: columns ``contender``, ``trial``, ``score``: what the trials were selected by.
        m: trials of one search; 5, or a quarter of the trials if that is less.
        looks: numbers of *trials* at which the verdict may be read, by information. The expected score of the best of
            m is a U-statistic of exchangeable trials, so looks hang together as those of seeds do; m is the same at all
            of them, by itself 5, or a quarter of the first look's trials if that is less.
        validation_direction: ``minimize`` if lower validation scores are better; that of the test scores if None.
        notes, cluster_name: as for ``verdict_from_scores``.
        **rules: alpha, margin, margin_reference, failed, direction, metric, label, score_range, bounded_influence,
            shares, futility, edition: likewise.

    Returns:
        The verdict, with ``curves`` for m = 1 .. T / 4 and a warning where two of them cross.

    Raises:
        DataError: as ``verdict_from_scores``; unequal numbers of trials; a trial without validation score.
        ConfigError: fewer than 12 trials, or fewer than 4 m; looks of ``every`` trial, or with levels.
    """
    declared = looks_of_trials(looks, m, alpha=rules.get("alpha", ALPHA), edition=rules.get("edition", EDITION))
    options = options_of(looks=declared, notes=notes, **rules)
    table = score_table(frame, run_column="trial")
    trials = tuned_trials(table, validation, direction=validation_direction or options.direction)
    clusters = table.clusters(cluster_name) if options.edition > 1 else None
    m = first_best_of(declared, m) if declared else m
    return family_verdict_from_matrices(trials, options=options, m=m, clusters=clusters)


def tuned_trials(table: ScoreTable, validation: pd.DataFrame, *, direction: str) -> dict[str, Trials]:
    """By contender, its trials' test scores (T, N) and validation scores (T,), of which the higher is better.

    Args:
        table: test scores, a row a trial.
        validation: as for ``family_verdict``.
        direction: ``minimize`` if lower validation scores are better.

    Raises:
        DataError: a trial with only one of the two.
        ConfigError: an unknown direction.
    """
    if direction not in DIRECTIONS:
        raise ConfigError("config.direction", "validation_direction", direction, "not known", allowed=DIRECTIONS)
    sign = 1.0 if direction == "maximize" else -1.0
    return {
        name: (test, sign * _validation_of(validation, name, labels)) for name, (labels, test) in table.labelled.items()
    }


def family_verdict_from_matrices(
    trials: Mapping[str, Trials],
    *,
    options: Options,
    m: int | None = None,
    clusters: Clusters | None = None,
    racing: bool = False,
    previous: Verdict | None = None,
) -> Verdict:
    """As ``family_verdict``, from (trials, examples) test and (trials,) validation scores, higher is better.

    Args:
        trials: test and validation scores by contender.
        options: what was fixed beforehand.
        m: trials of one search.
        clusters: which examples hang together.
        racing, previous: as for ``verdict_from_matrices``.
    """
    check_failed(options.failed, [*trials, *([row.name for row in previous.contenders] if previous else [])])
    counts = {name: len(validation) for name, (_, validation) in trials.items()}
    if len(set(counts.values())) > 1:
        problem = "unequal trials: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        raise DataError(
            "data.unequal_trials", "trial", None, problem, next_step="give every contender the same number of trials"
        )
    num_trials = next(iter(counts.values()))
    m = best_of(num_trials, m)
    tests = {name: np.asarray(test, dtype=np.float64) for name, (test, _) in trials.items()}
    units = Units(next(iter(tests.values())).shape[1], clusters)
    guard = guard_of(options, tests, crowding=units.crowding)
    values = tests if clusters is None else {name: cluster_values(test, clusters) for name, test in tests.items()}
    ordered = {name: _without_trial_order(options.sign * values[name], trials[name][1]) for name in sorted(trials)}
    by_m = {size: {name: pool(*ordered[name], m=size) for name in ordered} for size in range(1, num_trials // 4 + 1)}
    pools = by_m[m]
    verdict = assemble(
        {name: _entry(pools[name], ordered[name][0], guard) for name in pools},
        lambda a, b: sample_difference(pools[a], pools[b], guard=guard),
        options=options,
        setting=Setting(
            kind="family",
            claim=family_claim(m, num_trials),
            points=options.shares or right_or_wrong(tests.values()),
            units=units,
            guard=guard,
            warnings=_crossing_notes(by_m),
            racing=racing,
        ),
        previous=previous,
    )
    earlier = previous.curves if previous else {}
    return replace(verdict, best_of=m, curves={**earlier, **_curves(by_m, options, guard)})


def looks_of_trials(looks: Declared | None, m: int | None, *, alpha: float, edition: int) -> Looks | None:
    """Declared looks of a search, all of which estimate the best of the same m.

    Raises:
        ConfigError: looks of ``every`` trial or by level, or a first look of fewer than 12 or 4 m trials.
    """
    if looks is None:
        return None
    declared = edition_looks(looks, alpha=alpha, edition=edition)
    assert declared is not None
    if looks == EVERY or not declared.by_information:
        problem = "looks of tuning trials are named numbers of trials, which spend by information"
        shown = looks if isinstance(looks, str) else list(declared.seeds)
        raise ConfigError("config.looks", "looks", shown, problem, next_step="looks=[12,20,40]")
    fewest = max(MIN_TRIALS, 4 * (m or 1))
    if declared.seeds[0] < fewest:
        problem = f"the first look at a search takes {fewest} trials: at least {MIN_TRIALS}, and 4 m for the best of m"
        step = f"looks=[{fewest},{2 * fewest}]"
        raise ConfigError("config.looks", "looks", list(declared.seeds), problem, next_step=step)
    return declared


def first_best_of(looks: Looks, m: int | None) -> int:
    """The m that all looks of a search share, so that they estimate one thing: by itself that of the first look."""
    return best_of(looks.seeds[0], m)


def _crossing_notes(by_m: Mapping[int, Mapping[str, Sample]]) -> list[str]:
    """A sentence for every two contenders whose order depends on how much they are tuned."""
    curves = {name: {size: pools[name].mean for size, pools in by_m.items()} for name in by_m[1]}
    return [
        f"the curves of {min(first, then)} and {max(first, then)} cross: {first} leads at best of {before}, {then} at "
        f"best of {after}"
        for first, before, then, after in crossings(curves)
    ]


def _entry(pooled: Sample, test_TN: np.ndarray, guard: Guard) -> Entry:
    return Entry(sample_mean(pooled, guard=guard.own), float(test_TN.mean(axis=1).std(ddof=1)), pooled.num_seeds)


def _curves(
    by_m: Mapping[int, Mapping[str, Sample]], options: Options, guard: Guard
) -> dict[str, list[dict[str, float]]]:
    curves: dict[str, list[dict[str, float]]] = {name: [] for name in by_m[1]}
    for size, pools in sorted(by_m.items()):
        for name, pooled in pools.items():
            own = sample_mean(pooled, guard=guard.own).interval(OWN_LEVEL)
            low, high = guard.clip(*sorted(options.sign * end for end in own))
            curves[name].append({"m": size, "mean": options.sign * pooled.mean, "low": low, "high": high})
    return curves


def _without_trial_order(test_TN: np.ndarray, validation_T: np.ndarray) -> Trials:
    order = sorted(range(len(validation_T)), key=lambda index: (validation_T[index], test_TN[index].tobytes()))
    return test_TN[order], validation_T[order]


def _validation_of(validation: pd.DataFrame, name: str, labels: list) -> np.ndarray:
    """Validation scores of one contender's trials, in the order of ``labels``."""
    for column in ("contender", "trial", "score"):
        if column not in validation.columns:
            raise DataError("data.missing_column", column, None, "the validation table lacks this column")
    own = validation[validation["contender"].astype(str) == name]
    if own["trial"].duplicated().any():
        raise DataError(
            "data.duplicate_rows", "validation", None, f"contender {name} has a trial with two validation scores"
        )
    if set(own["trial"]) != set(labels):
        missing = sorted(map(str, set(labels) ^ set(own["trial"])))
        problem = (
            f"trials of contender {name} have a test or a validation score, but not both: {', '.join(missing[:5])}"
        )
        raise DataError("data.missing_rows", "validation", None, problem)
    scores_T = numbers_of(own.set_index("trial")["score"].loc[labels])
    if not np.isfinite(scores_T).all():
        bad = labels[int(np.flatnonzero(~np.isfinite(scores_T))[0])]
        problem = f"contender {name}, trial {bad}: the validation score is NaN or infinite"
        next_step = "give failed trials the validation score of the trivial predictor"
        raise DataError("data.nan_scores", "validation", None, problem, next_step=next_step)
    return scores_T
