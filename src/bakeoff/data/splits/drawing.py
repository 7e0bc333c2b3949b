"""Which rows are train, validation and test.

Splits that the source or a column gives are used as they are. Missing ones are made: stratified by class, or, with a
group column (a patient, a camera, a session), by whole groups. The test split is fixed by ``split.seed``; the
validation split is made anew from the trial's seed, so that trials differ in it too.
"""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import ConfigError, DataError

Rows: TypeAlias = NDArray[np.int64]

_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_GROUPED_ATTEMPTS = 200
_TEST_STREAM, _VAL_STREAM = 1, 2


@dataclasses.dataclass(frozen=True)
class SplitRule:
    """How the missing splits are made.

    Args:
        val: validation rows, as a fraction of the rows that are not test, or as a count.
        test: test rows, as a fraction of all rows, or as a count.
        seed: what the test split is drawn from; the same for all trials.
        group: a column; rows that share its value stay on one side of every split that is made.
        column: a column that says train, val or test of every row; of the last two, those that it lacks are made.
        time: a column of times; the latest rows are test, the latest of the others validation, in all trials.
    """

    val: float = 0.15
    test: float = 0.2
    seed: int = 0
    group: str | None = None
    column: str | None = None
    time: str | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that leave a split empty, and two rules for one split."""
        for key, amount in (("val", self.val), ("test", self.test)):
            if not (0 < amount < 1 or (amount >= 1 and amount == int(amount))):
                allowed = "a fraction between 0 and 1, or a count of rows"
                raise ConfigError("config.out_of_range", f"data.split.{key}", amount, "is neither", allowed=allowed)
        if self.time is not None and (self.column is not None or self.group is not None):
            other = "column" if self.column is not None else "group"
            problem = f"data.split.{other} parts the rows in another way"
            next_step = f"leave out data.split.time or data.split.{other}"
            raise ConfigError("config.contradiction", "data.split.time", self.time, problem, next_step=next_step)


def canonical_split(name: str) -> str | None:
    """``train``, ``val`` or ``test`` for the names in use for them, None for any other."""
    return _SPLIT_NAMES.get(name.lower())


def carve_test(rows: Rows, rule: SplitRule, *, classes: NDArray[np.int64], groups: Rows | None) -> Rows:
    """The test rows out of ``rows``, a pure function of ``rule.seed``.

    Args:
        rows: the row numbers to choose from.
        rule: how many, and from which seed.
        classes: the class of every row of the data, indexed by row number.
        groups: the group of every row, or None.

    Raises:
        DataError: a class with a single row, too few groups, or nothing left for a split.
    """
    rng = np.random.default_rng([rule.seed, _TEST_STREAM])
    return _carve(rows, rule.test, rng, classes=classes, groups=groups, key="data.split.test")


def carve_val(rows: Rows, rule: SplitRule, *, seed: int, classes: NDArray[np.int64], groups: Rows | None) -> Rows:
    """The validation rows out of ``rows``, a pure function of the trial's ``seed``; as `carve_test`."""
    rng = np.random.default_rng([seed, _VAL_STREAM])
    return _carve(rows, rule.val, rng, classes=classes, groups=groups, key="data.split.val")


def _carve(
    rows: Rows,
    amount: float,
    rng: np.random.Generator,
    *,
    classes: NDArray[np.int64],
    groups: Rows | None,
    key: str,
) -> Rows:
    count = rows_asked(rows, amount, key=key)
    if groups is None:
        taken = _stratified(classes[rows], count, rng)
    else:
        taken = _grouped(groups[rows], classes[rows], count, rng, key=key)
    if not taken.any():
        problem = f"leaves no row of {len(rows):,} for this split when every class keeps one row in train"
        raise DataError("data.empty_split", key, amount, problem, next_step="give more rows of each class")
    return rows[taken]


def rows_asked(rows: Rows, amount: float, *, key: str) -> int:
    """How many of ``rows`` a fraction or a count takes.

    Raises:
        DataError: none of them, or all.
    """
    count = round(amount * len(rows)) if amount < 1 else int(amount)
    if not 0 < count < len(rows):
        problem = f"takes {count:,} of {len(rows):,} rows, which leaves a split empty"
        raise DataError("data.empty_split", key, amount, problem, next_step="give more rows or another amount")
    return count


def _stratified(classes: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A mask of about ``count`` rows, each class in proportion (largest remainders) and never a class's last row."""
    _, class_of_row, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    quotas = count * sizes / len(classes)
    shares = np.floor(quotas).astype(int)
    by_remainder = np.argsort(-(quotas - shares), kind="stable")
    shares[by_remainder[: count - shares.sum()]] += 1
    shares = np.minimum(shares, sizes - 1)
    taken = np.zeros(len(classes), dtype=bool)
    for index, share in enumerate(shares):
        taken[rng.permutation(np.flatnonzero(class_of_row == index))[:share]] = True
    return taken


def _grouped(
    groups: Rows, classes: NDArray[np.int64], count: int, rng: np.random.Generator, *, key: str
) -> NDArray[np.bool_]:
    """A mask of whole groups, about ``count`` rows, that leaves every class a row outside of it."""
    names, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    num_classes = len(np.unique(classes))
    for _ in range(_GROUPED_ATTEMPTS):
        chosen = _fill(sizes, count, rng)
        taken = chosen[group_of_row]
        if taken.any() and len(np.unique(classes[~taken])) == num_classes:
            return taken
    problem = f"{len(names):,} groups cannot be parted so that train keeps every class"
    next_step = "group by a finer column, or give the splits"
    raise DataError("data.too_few_groups", key, count, problem, next_step=next_step)


def _fill(sizes: Rows, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Groups in random order, each taken if that brings the number of rows nearer to ``count``; never all of them."""
    chosen, total = np.zeros(len(sizes), dtype=bool), 0
    for group in rng.permutation(len(sizes)):
        if chosen.sum() < len(sizes) - 1 and abs(total + sizes[group] - count) < abs(total - count):
            chosen[group], total = True, total + sizes[group]
    return chosen


def require_two_rows_a_class(classes: list[str]) -> None:
    """Stratifying needs two rows of each class.

    Raises:
        DataError: naming the classes that have one.
    """
    names, sizes = np.unique(np.asarray(classes), return_counts=True)
    single = names[sizes == 1]
    if len(single):
        problem = f"{len(single)} of {len(names)} classes have a single row, which cannot be in train and test both"
        raise DataError(
            "data.single_row",
            "data.columns.label",
            ", ".join(single[:5]),
            problem,
            next_step="add rows, remove the class, or give the splits (named train, val and test; of tables, val_file "
            "and test_file)",
        )
