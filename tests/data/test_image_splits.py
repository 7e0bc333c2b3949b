"""Splits: given ones kept, missing ones made in proportion, the test split fixed, groups whole."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.data.splits.drawing import ByClass, ByGroup
from bakeoff.data.splits.names import canonical_split
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Facts, Parted, Rows
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, table
from tests.values import values


def drawn(classes: Rows, *, groups: Rows | None = None, test: float = 0.2, seed: int = 0) -> tuple[Parted, Facts]:
    """The test split out of rows of these classes, and the facts that it was drawn by."""
    facts = Facts(parts=np.full(len(classes), "train"), classes=classes, class_names=tuple("abcdefgh"), groups=groups)
    rule = (ByClass if groups is None else ByGroup)(val=0.15, test=test, seed=seed)
    return rule.draw_test(rule.decide(facts), facts), facts


def test_stratified_split_takes_each_class_in_proportion() -> None:
    parted, facts = drawn(np.repeat([0, 1, 2], [60, 30, 10]))
    assert np.bincount(facts.classes[parted.test]).tolist() == [12, 6, 2]
    assert np.array_equal(np.sort(np.concatenate([parted.train, parted.test])), np.arange(100))


def test_largest_remainders_fill_the_count_exactly() -> None:
    # quotas of 5 are 2.33, 1.67, 1.0: the spare row goes to class 1
    parted, facts = drawn(np.repeat([0, 1, 2], [7, 5, 3]), test=5)
    assert np.bincount(facts.classes[parted.test]).tolist() == [2, 2, 1]


def test_no_class_loses_its_last_row() -> None:
    parted, facts = drawn(np.repeat([0, 1], [98, 2]), test=90)
    assert np.bincount(facts.classes[parted.test]).tolist()[1] == 1


def test_validation_follows_the_seed_and_test_does_not() -> None:
    (parted, facts), (again, _) = (drawn(np.arange(200) % 4) for _ in range(2))
    assert np.array_equal(parted.test, again.test)
    rule = ByClass(val=0.15, test=0.2, seed=0)
    first, same, other = (rule.draw_val(parted, facts, seed=seed).val for seed in (0, 0, 1))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_groups_stay_on_one_side_and_train_keeps_every_class() -> None:
    rng = np.random.default_rng(0)
    groups, classes = rng.integers(0, 30, 300), rng.integers(0, 5, 300)
    for seed in range(20):
        parted, _ = drawn(classes, groups=groups, test=0.3, seed=seed)
        assert not set(groups[parted.test]) & set(groups[parted.train])
        assert set(classes[parted.train]) == set(range(5))
        assert abs(len(parted.test) - 90) <= 10  # within a group's size of the 90 asked


def test_groups_that_hold_a_class_each_cannot_be_split() -> None:
    classes = np.repeat([0, 1], 10)
    with pytest.raises(DataError, match=r"data.too_few_groups.*data.split.test"):
        drawn(classes, groups=classes)


def test_a_count_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match=r"error\[data.empty_split\] data.split.test=50: takes 50 of 40 rows"):
        drawn(np.arange(40) % 2, test=50)


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


def test_it_is_said_whether_validation_follows_the_seed(module) -> None:
    lone, given = table(["a", "b"] * 40, day=list(range(80))), table(["a", "b"] * 3, first=200)
    assert module(InMemory({"train": lone})).val_follows_seed
    assert module(InMemory({"train": lone, "test": given}, name="tested")).val_follows_seed
    assert not module(InMemory({"train": lone, "val": given}, name="validated")).val_follows_seed
    assert not module(InMemory({"train": lone}, name="timed"), split=SplitRule(time="day")).val_follows_seed


def test_another_validation_share_is_not_taken_from_what_was_prepared(module) -> None:
    lone = table(["a", "b"] * 40, day=list(range(80)))
    for val in (10, 20):
        assert module(InMemory({"train": lone}), split=SplitRule(time="day", val=val)).spec.num_val == val


def test_units_are_the_groups_of_each_example(module) -> None:
    patients = [f"p{row // 4}" for row in range(120)]
    source = InMemory({"train": table(["a", "b"] * 60, patient=patients)})
    data = module(source, split=SplitRule(group="patient"))
    for split in ("train", "val", "test"):
        assert data.units(split) == [patients[int(name.split("/")[1])] for name in data.examples(split)]
    counted = [len(set(data.units(split))) for split in ("train", "val", "test")]
    assert list(data.spec.num_groups) == counted and sum(counted) == 30
    assert module(source).units("test") is None
    assert module(source).spec.num_groups == ()


def test_two_raw_images_are_read_without_the_others(module, monkeypatch) -> None:
    data = module(InMemory({"train": table(["a", "b"] * 40)}), in_memory_gb=1e-9)
    raw, every, decoded = data.raw("test"), data.show("test", range(16)), []
    read = data._pixels
    monkeypatch.setattr(data, "_pixels", lambda rows: decoded.append(len(rows)) or read(rows))
    assert len(raw) == data.spec.num_test == 16
    assert [image.tolist() for image in raw[2:4]] == [image.tolist() for image in every[2:4]]
    assert raw[-1].tolist() == every[15].tolist()
    assert decoded == [2, 1]
