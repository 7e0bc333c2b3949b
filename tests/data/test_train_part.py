"""Parts of the train rows: in proportion, nested, by the seed, with groups whole, and the latest windows of series."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.data.splits.train_part import train_part

CLASSES = np.repeat([0, 1, 2], [700, 250, 50])
ROWS = np.arange(1000) * 3


@pytest.mark.parametrize("seed", range(3))
def test_classes_are_in_proportion_and_smaller_parts_lie_within_larger_ones(seed: int) -> None:
    parts = [train_part(ROWS, fraction, classes=CLASSES, seed=seed) for fraction in (0.1, 0.3, 1.0)]
    for part, count in zip(parts, (100, 300, 1000), strict=True):
        assert len(part) == count and (np.diff(part) > 0).all()
        np.testing.assert_allclose(np.bincount(CLASSES[part // 3]) / count, [0.7, 0.25, 0.05], atol=0.015)
    assert set(parts[0]) < set(parts[1]) < set(parts[2])


def test_another_seed_draws_another_part_and_the_same_seed_the_same() -> None:
    first, again, other = (train_part(ROWS, 0.1, classes=CLASSES, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert 0 < len(set(first) & set(other)) < 40


def test_the_rarest_class_keeps_a_row_and_so_does_each_of_very_many() -> None:
    rare = np.array([0] * 99 + [1])
    assert 99 in train_part(np.arange(100), 0.05, classes=rare, seed=0)
    assert len(train_part(np.arange(100), 0.01, classes=np.arange(100) % 50, seed=0)) == 50
    assert len(train_part(np.arange(100), 0.001, seed=0)) == 2


def test_groups_stay_whole_and_bring_every_class() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(40, size=1000)
    classes = (groups == 7).astype(int)  # one group alone has the second class
    seen: set[int] = set()
    for fraction in (0.1, 0.3, 0.6):
        part = train_part(np.arange(1000), fraction, classes=classes, groups=groups, seed=4)
        own = set(groups[part].tolist())
        assert len(part) == np.isin(groups, list(own)).sum() == pytest.approx(1000 * fraction, abs=20)
        assert 7 in own and seen < own
        seen = own


def test_without_classes_rows_are_drawn_evenly_from_everywhere() -> None:
    part = train_part(np.arange(10_000), 0.3, seed=1)
    assert len(part) == 3000
    np.testing.assert_allclose(np.histogram(part, bins=10, range=(0, 10_000))[0], 300, atol=70)
