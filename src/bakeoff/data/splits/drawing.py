"""Splits drawn at random: in proportion to the classes, or by whole groups.

The test split is fixed by the rule's seed; the validation split is drawn anew from the trial's seed, so that trials
differ in it too. Splits that the source gives are used as they are.
"""

from __future__ import annotations

import abc

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Facts, Given, Parted, Rows, rows_asked
from bakeoff.errors import DataError

_GROUPED_ATTEMPTS = 200
_TEST_STREAM, _VAL_STREAM = 1, 2


class Drawn(Given):
    """What is not given is drawn.

    Args:
        val: validation rows, as a fraction of the rows that are not test, or as a count.
        test: test rows, as a fraction of all rows, or as a count.
        seed: what the test split is drawn from.
    """

    follows_seed = True

    def __init__(self, *, val: float, test: float, seed: int) -> None:
        self._val = val
        self._test = test
        self._seed = seed

    def draw_test(self, parted: Parted, facts: Facts) -> Parted:
        """A pure function of the rule's seed.

        Raises:
            DataError: a class with a single row, too few groups, or nothing left for a split.
        """
        if len(parted.test):
            return parted
        rng = np.random.default_rng([self._seed, _TEST_STREAM])
        test = self._draw(parted.train, self._test, rng, facts, key="data.split.test")
        return Parted(np.setdiff1d(parted.train, test), parted.val, test)

    def draw_val(self, parted: Parted, facts: Facts, *, seed: int) -> Parted:
        """A pure function of the trial's seed; as `draw_test`."""
        if len(parted.val):
            return parted
        rng = np.random.default_rng([seed, _VAL_STREAM])
        val = self._draw(parted.train, self._val, rng, facts, key="data.split.val")
        return Parted(np.setdiff1d(parted.train, val), val, parted.test)

    def _draw(self, rows: Rows, amount: float, rng: np.random.Generator, facts: Facts, *, key: str) -> Rows:
        count = rows_asked(rows, amount, key=key)
        classes = np.zeros(len(rows), dtype=np.int64) if facts.classes is None else facts.classes[rows]
        taken = self._take(rows, classes, count, rng, facts, key=key)
        if not taken.any():
            problem = f"leaves no row of {len(rows):,} for this split when every class keeps one row in train"
            raise DataError("data.empty_split", key, amount, problem, next_step="give more rows of each class")
        return rows[taken]

    @abc.abstractmethod
    def _take(
        self, rows: Rows, classes: Rows, count: int, rng: np.random.Generator, facts: Facts, *, key: str
    ) -> NDArray[np.bool_]:
        """A mask of about ``count`` of the rows that leaves every class a row outside of it."""


class ByClass(Drawn):
    """Rows at random, each class in proportion."""

    def draw_test(self, parted: Parted, facts: Facts) -> Parted:
        """As of all that is drawn; each class needs a row on either side, whichever split is missing."""
        if facts.classes is not None and not (len(parted.val) and len(parted.test)):
            _require_two_rows_a_class([facts.class_names[index] for index in facts.classes[parted.train]])
        return super().draw_test(parted, facts)

    def _take(
        self, rows: Rows, classes: Rows, count: int, rng: np.random.Generator, facts: Facts, *, key: str
    ) -> NDArray[np.bool_]:
        """Largest remainders, and never a class's last row."""
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


class ByGroup(Drawn):
    """Whole groups at random: a patient, a camera, a session."""

    def _take(
        self, rows: Rows, classes: Rows, count: int, rng: np.random.Generator, facts: Facts, *, key: str
    ) -> NDArray[np.bool_]:
        assert facts.groups is not None
        names, group_of_row, sizes = np.unique(facts.groups[rows], return_inverse=True, return_counts=True)
        num_classes = len(np.unique(classes))
        for _ in range(_GROUPED_ATTEMPTS):
            taken = _fill(sizes, count, rng)[group_of_row]
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


def _require_two_rows_a_class(classes: list[str]) -> None:
    names, sizes = np.unique(np.asarray(classes), return_counts=True)
    single = names[sizes == 1]
    if len(single):
        problem = f"{len(single)} of {len(names)} classes have a single row, which cannot be in train and test both"
        raise DataError(
            "data.single_row",
            "data.columns.label",
            ", ".join(single[:5]),
            problem,
            next_step="data.on_rare=drop or other (one class of them), or add rows, or give the splits (named train, "
            "val and test; of tables, val_file and test_file)",
        )
