"""Splits: given ones kept, missing ones made in proportion, the test split fixed, groups whole."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.data.splits.drawing import SplitRule, canonical_split, carve_test, carve_val
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, table
from tests.values import values


def test_stratified_split_takes_each_class_in_proportion() -> None:
    classes = np.repeat([0, 1, 2], [60, 30, 10])
    test = carve_test(np.arange(100), SplitRule(test=0.2), classes=classes, groups=None)
    assert np.bincount(classes[test]).tolist() == [12, 6, 2]


def test_largest_remainders_fill_the_count_exactly() -> None:
    classes = np.repeat([0, 1, 2], [7, 5, 3])  # quotas of 5 are 2.33, 1.67, 1.0: the spare row goes to class 1
    test = carve_test(np.arange(15), SplitRule(test=5), classes=classes, groups=None)
    assert np.bincount(classes[test]).tolist() == [2, 2, 1]


def test_no_class_loses_its_last_row() -> None:
    classes = np.repeat([0, 1], [98, 2])
    test = carve_test(np.arange(100), SplitRule(test=90), classes=classes, groups=None)
    assert np.bincount(classes[test]).tolist()[1] == 1


def test_validation_follows_the_seed_and_test_does_not() -> None:
    classes, rule = np.arange(200) % 4, SplitRule()
    rows = np.arange(200)
    assert np.array_equal(*[carve_test(rows, rule, classes=classes, groups=None) for _ in range(2)])
    first, again, other = (carve_val(rows, rule, seed=seed, classes=classes, groups=None) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_groups_stay_on_one_side_and_train_keeps_every_class() -> None:
    rng = np.random.default_rng(0)
    groups, classes = rng.integers(0, 30, 300), rng.integers(0, 5, 300)
    for seed in range(20):
        test = carve_test(np.arange(300), SplitRule(test=0.3, seed=seed), classes=classes, groups=groups)
        rest = np.setdiff1d(np.arange(300), test)
        assert not set(groups[test]) & set(groups[rest])
        assert set(classes[rest]) == set(range(5))
        assert abs(len(test) - 90) <= 10  # within a group's size of the 90 asked


def test_groups_that_hold_a_class_each_cannot_be_split() -> None:
    classes = np.repeat([0, 1], 10)
    with pytest.raises(DataError, match=r"data.too_few_groups.*data.split.test"):
        carve_test(np.arange(20), SplitRule(), classes=classes, groups=classes)


def test_a_count_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match=r"error\[data.empty_split\] data.split.test=50: takes 50 of 40 rows"):
        carve_test(np.arange(40), SplitRule(test=50), classes=np.arange(40) % 2, groups=None)


@pytest.mark.parametrize("amount", [0, -1, 1.5, float("nan")])
def test_amounts_that_are_no_amounts_are_refused(amount: float) -> None:
    with pytest.raises(ConfigError, match=r"config.out_of_range\] data.split.val"):
        SplitRule(val=amount)


@pytest.mark.parametrize(("name", "canonical"), [("validation", "val"), ("DEV", "val"), ("test", "test"), ("x", None)])
def test_split_names_in_use_are_understood(name: str, canonical: str | None) -> None:
    assert canonical_split(name) == canonical


def test_given_splits_are_used_as_they_are(module) -> None:
    source = InMemory(
        {
            "test": table(["a", "b"] * 3, first=300),
            "train": table(["a", "b"] * 10),
            "validation": table(["b", "a"] * 2, first=200),
        }
    )
    data = module(source, seed=5)
    assert data.examples("train") == [f"train/{row}" for row in range(20)]
    assert data.examples("val") == [f"val/{row}" for row in range(4)]
    assert values(data.labels("val")).tolist() == [1, 0, 1, 0]
    assert data.examples("test") == [f"test/{row}" for row in range(6)]


def test_a_missing_validation_split_is_made_from_train_and_the_given_test_kept(module) -> None:
    splits = {"train": table(["a", "b"] * 20), "test": table(["a", "b"] * 3, first=300)}
    first, second = (module(InMemory(splits), seed=seed) for seed in (0, 1))
    assert first.spec.num_val == 10
    assert first.examples("test") == second.examples("test") == [f"test/{row}" for row in range(6)]
    assert first.examples("val") != second.examples("val")
    parts = [name for split in ("train", "val") for name in first.examples(split)]
    assert sorted(parts) == sorted(f"train/{row}" for row in range(40))
    assert first.fingerprint == second.fingerprint
    assert first.spec.split_fingerprint != second.spec.split_fingerprint


def test_a_single_split_of_any_name_is_what_all_are_made_from(module) -> None:
    data = module(InMemory({"test": table(["a", "b"] * 20)}))
    spec = data.spec
    assert (spec.num_train, spec.num_val, spec.num_test) == (24, 8, 8)


def test_the_group_column_holds_through_both_splits(module) -> None:
    patients = [f"p{row // 4}" for row in range(120)]
    source = InMemory({"train": table(["a", "b"] * 60, patient=patients)})
    data = module(source, split=SplitRule(val=0.25, test=0.2, group="patient"))
    seen = [{patients[int(name.split("/")[1])] for name in data.examples(split)} for split in ("train", "val", "test")]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_a_group_column_that_is_not_there_is_named_with_those_that_are(module) -> None:
    source = InMemory({"train": table(["a", "b"] * 10, patient=list(range(20)))})
    with pytest.raises(DataError, match=r"data.split.group=patent: .*patient \(int64\).*data.split.group=patient$"):
        module(source, split=SplitRule(group="patent")).setup()


def test_setting_the_seed_draws_validation_anew(module) -> None:
    data = module(InMemory({"train": table(["a", "b"] * 40)}))
    before = data.examples("val")
    data.seed = 1
    assert data.examples("val") != before
    data.seed = 0
    assert data.examples("val") == before
