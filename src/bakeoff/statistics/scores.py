"""From a table of per-example scores to one seeds x examples matrix per contender, refusing what cannot be compared.

One example of the table (two contenders, two seeds, two test examples; higher is better)::

    contender  seed  example  score
    resnet     0     img-7    1.0
    resnet     0     img-9    0.0
    resnet     1     img-7    1.0
    ...
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bakeoff.errors import DataError, nearest
from bakeoff.statistics.clusters import Clusters, clusters_of

COLUMNS = ("contender", "seed", "example", "score")
CLUSTER = "cluster"
"""A further column, where examples hang together: what they share."""
SPREADS = (1e-140, 1e140)
"""Ranges of scores whose squares a float64 holds; what underflows to no variance at all would look certain."""


@dataclass(frozen=True)
class ScoreTable:
    """A table of scores as matrices.

    Attributes:
        labelled: by contender, the labels of its rows and the rows, (S, N).
        cluster_N: each example's cluster; None where the table names none.
    """

    labelled: dict[str, tuple[list, np.ndarray]]
    cluster_N: np.ndarray | None

    @property
    def matrices(self) -> dict[str, np.ndarray]:
        """One (S, N) matrix a contender."""
        return {name: matrix for name, (_, matrix) in self.labelled.items()}

    def clusters(self, name: str) -> Clusters | None:
        """Which examples hang together; None where they do not."""
        return None if self.cluster_N is None else clusters_of(self.cluster_N, name=name)


def score_table(frame: pd.DataFrame, *, run_column: str = "seed") -> ScoreTable:
    """Matrices and clusters of a table of scores, contenders and examples sorted: row order cannot matter.

    Args:
        frame: columns ``contender``, ``seed`` (or ``run_column``), ``example`` and ``score``; one row per contender,
            seed, example.
        run_column: what a row of a matrix is: ``seed`` or ``trial``.

    Raises:
        DataError: missing columns, NaN, duplicate or missing rows, fewer than two contenders, examples that differ,
            two names that read alike (1 and "1"), scores too large or too small for their squares.
    """
    columns = tuple(run_column if column == "seed" else column for column in COLUMNS)
    score = _checked_scores(frame, columns)
    contender, names = _numbered(frame["contender"])
    run, runs = _numbered(frame[run_column])
    example, examples = _numbered(frame["example"])
    if len(names) < 2:
        problem = f"a comparison needs at least two contenders, the table holds {len(names)}"
        raise DataError("data.one_contender", "contender", ", ".join(map(str, names)) or None, problem)
    row, rows = pd.factorize(contender * len(runs) + run, sort=True)
    cell = row * len(examples) + example
    counts = np.bincount(cell, minlength=len(rows) * len(examples))
    _check_complete(
        counts.reshape(len(rows), -1),
        [(names[r // len(runs)], runs[r % len(runs)]) for r in rows],
        examples,
        run_column,
    )
    flat = np.empty(counts.size)
    flat[cell] = score
    matrix = flat.reshape(len(rows), -1)
    owner = rows // len(runs)
    labelled = {
        str(name): ([runs[r % len(runs)] for r in rows[owner == index]], matrix[owner == index])
        for index, name in enumerate(names)
    }
    return ScoreTable(labelled, _clusters(frame, example, examples))


def _clusters(frame: pd.DataFrame, example: np.ndarray, examples: pd.Index) -> np.ndarray | None:
    """Each example's cluster, by the place of the example."""
    if CLUSTER not in frame.columns:
        return None
    if frame[CLUSTER].isna().any():
        raise DataError(
            "data.missing_value", CLUSTER, None, f"{int(frame[CLUSTER].isna().sum())} rows have no {CLUSTER}"
        )
    place, _ = _numbered(frame[CLUSTER])
    place_N = np.empty(len(examples), dtype=np.int64)
    place_N[example] = place
    if (place_N[example] != place).any():
        wrong = examples[example[int(np.flatnonzero(place_N[example] != place)[0])]]
        raise DataError("data.two_clusters", CLUSTER, None, f"example {wrong} is in two clusters")
    return place_N


def without_seed_order(matrix_SN: np.ndarray) -> np.ndarray:
    """Rows in an order of their own content, so that relabelling seeds cannot change even the last digit."""
    order = sorted(range(len(matrix_SN)), key=lambda index: matrix_SN[index].tobytes())
    return matrix_SN[order]


def _numbered(values: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Each value's place among the distinct ones, and those, sorted."""
    try:
        places, distinct = pd.factorize(values, sort=True)
    except TypeError as error:  # lists and mappings, as JSON and Parquet can hold
        raise DataError("data.bad_names", str(values.name), None, "must be names or numbers") from error
    texts = pd.Index([str(value) for value in distinct])
    if texts.has_duplicates:
        twice = texts[texts.duplicated()][0]
        problem = f"two values read {twice!r}, one a text and one a number; they could not be told apart"
        raise DataError("data.bad_names", str(values.name), None, problem, next_step="give both the same type")
    return places, distinct


def _checked_scores(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError("data.bad_scores", str(twice), None, "the scores table has this column twice")
    for column in columns:
        if column not in frame.columns:
            present = [str(name) for name in frame.columns]
            next_step = f"rename {nearest(column, present, count=1)[0]!r} to {column!r}" if present else None
            problem = "the scores table lacks this column"
            raise DataError(
                "data.missing_column", column, None, problem, allowed=", ".join(columns), next_step=next_step
            )
    if frame.empty:
        raise DataError("data.empty", "scores", None, "the scores table has no rows")
    for column in columns[:-1]:
        if frame[column].isna().any():
            raise DataError(
                "data.missing_value", column, None, f"{int(frame[column].isna().sum())} rows have no {column}"
            )
    score = numbers_of(frame[columns[-1]])
    bad = ~np.isfinite(score)
    if bad.any():
        where = frame.iloc[int(np.flatnonzero(bad)[0])]
        problem = f"{int(bad.sum())} scores are NaN or infinite, first: " + ", ".join(
            f"{c} {where[c]}" for c in columns[:-1]
        )
        next_step = "score failed trials as the trivial predictor; never drop them"
        raise DataError("data.nan_scores", columns[-1], None, problem, next_step=next_step)
    _check_spread(score)
    return score


def numbers_of(column: pd.Series) -> np.ndarray:
    """A column as float64; texts that are numbers are read.

    Raises:
        DataError: other texts, dates, complex numbers.
    """
    problem = f"scores must be numbers, got {column.dtype}"
    if getattr(column.dtype, "kind", "") in "cmM":
        raise DataError("data.bad_scores", str(column.name), None, problem)
    try:
        return column.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("data.bad_scores", str(column.name), None, problem) from error


def _check_spread(score: np.ndarray) -> None:
    low, high = float(score.min()), float(score.max())
    spread = high / 2 - low / 2
    if spread != 0 and not SPREADS[0] < spread < SPREADS[1]:
        problem = f"scores from {low:.3g} to {high:.3g} are too far apart or too close for their squares"
        step = "give them in another unit, such as the logarithm of a probability"
        raise DataError("data.bad_scores", "score", None, problem, next_step=step)


def _check_complete(counts_RN: np.ndarray, runs: list[tuple[str, object]], examples: pd.Index, run_column: str) -> None:
    """Every contender and seed has exactly one row for every example."""
    for wrong, code, what in (
        (counts_RN > 1, "data.duplicate_rows", "more than one row"),
        (counts_RN == 0, "data.missing_rows", "no row"),
    ):
        if wrong.any():
            run, example = np.argwhere(wrong)[0]
            name, label = runs[run]
            problem = (
                f"{int(wrong.sum())} combinations have {what}, first: contender {name}, {run_column} {label}, "
                f"example {examples[example]}"
            )
            next_step = "every contender and seed must score the same examples, once each"
            raise DataError(code, "scores", None, problem, next_step=next_step)
