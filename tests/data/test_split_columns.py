"""Splits that a column of the data decides: rows named train, val or test, or the latest rows."""

from __future__ import annotations

import datetime

import pytest
from datasets import Dataset

from bakeoff.data.splits.rule import SplitRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory
from tests.data.made_images import table as images
from tests.data.made_texts import labelled, table

LABELS = ["a", "b"] * 20
NAMES = ["train", "Test ", "train", "validation", "train"] * 8


def rows(data: object, split: str) -> list[int]:
    return sorted(int(name.split("/")[1]) for name in data.examples(split))


def by_time(times: list, **amounts: float) -> object:
    return labelled(table(LABELS, day=times), text="text", split=SplitRule(time="day", **amounts))


def refused(message: str, rule: SplitRule, *splits: Dataset) -> None:
    with pytest.raises(DataError, match=message):
        labelled(*splits, text="text", split=rule).setup()


def test_rows_are_of_the_split_that_their_column_names() -> None:
    data = labelled(table(LABELS, fold=NAMES), text="text", split=SplitRule(column="fold"))
    assert rows(data, "test") == [n for n in range(40) if n % 5 == 1]
    assert rows(data, "val") == [n for n in range(40) if n % 5 == 3]
    data.seed = 1
    assert rows(data, "val") == [n for n in range(40) if n % 5 == 3]


def test_a_split_that_the_column_lacks_is_made_from_train() -> None:
    fold = ["test" if n % 4 == 0 else "train" for n in range(40)]
    data = labelled(table(LABELS, fold=fold), text="text", split=SplitRule(column="fold", val=0.2))
    assert rows(data, "test") == list(range(0, 40, 4))
    assert len(rows(data, "val")) == 6


def test_images_are_parted_by_a_column_too(module) -> None:
    data = module(InMemory({"train": images(LABELS, fold=NAMES)}), split=SplitRule(column="fold"))
    assert rows(data, "test") == [n for n in range(40) if n % 5 == 1]


@pytest.mark.parametrize(
    "times",
    [
        [float(n * 7 % 40) for n in range(40)],
        [f"2026-01-{n * 7 % 40 // 2 + 1:02d}T{n * 7 % 40 % 2:02d}:30" for n in range(40)],
        [datetime.date(2026, 1, 1) + datetime.timedelta(days=n * 7 % 40) for n in range(40)],
        [str(881250900 + n * 7 % 40) for n in range(40)],
    ],
    ids=["numbers", "texts", "dates", "stamps"],
)
def test_the_latest_rows_are_test_and_the_latest_of_the_others_validation(times: list) -> None:
    data = by_time(times, test=8, val=4)
    order = sorted(range(40), key=lambda n: n * 7 % 40)
    assert rows(data, "test") == sorted(order[-8:])
    assert rows(data, "val") == sorted(order[-12:-8])
    data.seed = 5
    assert rows(data, "val") == sorted(order[-12:-8])


def test_rows_of_one_time_stay_on_one_side() -> None:
    data = by_time([n // 10 for n in range(40)], test=3, val=3)
    assert rows(data, "test") == list(range(30, 40))
    assert rows(data, "val") == list(range(20, 30))


def test_what_parts_no_rows_is_refused() -> None:
    refused(
        r"data.missing_column\] data.split.column=fould: .*; next: data.split.column=fold$",
        SplitRule(column="fould"),
        table(LABELS, fold=NAMES),
    )
    refused(
        r"data.unknown_split\] data.split.column=fold: 8 of 40 rows are of no split: train/4 says 'holdout'",
        SplitRule(column="fold"),
        table(LABELS, fold=["train", "test", "val", "train", "holdout"] * 8),
    )
    refused(
        r"data.no_train_split\] data.split.column=fold",
        SplitRule(column="fold"),
        table(LABELS, fold=["val", "test"] * 20),
    )
    refused(
        r"data.bad_time\] data.split.time=day: 1 of 40 rows have no time that can be read: train/39 says 'soon'",
        SplitRule(time="day"),
        table(LABELS, day=["2026-01-01"] * 39 + ["soon"]),
    )
    refused(
        r"data.empty_split\] data.split.test=0.2: leaves no earlier row", SplitRule(time="n"), table(LABELS, n=[1] * 40)
    )
    refused(
        r"data.splits_given\] data.split.time=day: the source gives splits already \(train, test\)",
        SplitRule(time="day"),
        table(LABELS, day=list(range(40))),
        table(["a", "b"], first=90, day=[50, 51]),
    )


def test_a_gap_of_rows_stands_before_validation_and_before_test() -> None:
    data = by_time([n * 7 % 40 for n in range(40)], test=8, val=4, embargo=3)
    order = sorted(range(40), key=lambda n: n * 7 % 40)
    assert rows(data, "test") == sorted(order[32:])
    assert rows(data, "val") == sorted(order[25:29])
    assert rows(data, "train") == sorted(order[:22])
    assert "6 rows between the splits were left out (data.split.embargo)." in data.spec.notes
    assert not data.val_follows_seed


def test_a_gap_of_time_is_at_least_that_long() -> None:
    days = [f"2026-01-{1 + n:02d}" for n in range(28)] + ["2026-01-30"] * 12
    data = by_time(days, test=12, val=5, embargo="3d")
    assert rows(data, "test") == list(range(28, 40))
    assert rows(data, "val") == list(range(22, 27))  # up to January 27, three days before
    assert rows(data, "train") == list(range(20))  # validation begins on January 23


def test_a_gap_without_a_column_goes_by_the_order_of_the_rows() -> None:
    data = labelled(table(LABELS), text="text", split=SplitRule(test=8, val=4, embargo=2))
    assert [rows(data, split) for split in ("train", "val", "test")] == [
        list(range(24)),
        list(range(26, 30)),
        list(range(32, 40)),
    ]


def test_gaps_that_leave_nothing_or_have_no_dates_are_refused() -> None:
    for embargo in ("7", "soon", -1, "-3d"):
        with pytest.raises(ConfigError, match=rf"config.out_of_range\] data.split.embargo={embargo}"):
            SplitRule(embargo=embargo)
    refused(
        r"data.empty_split\] data.split.embargo=32: leaves none of the 32 rows",
        SplitRule(embargo=32, test=8),
        table(LABELS),
    )
    refused(
        r"data.bad_time\] data.split.embargo=3d: is a length of time, but these rows have no dates",
        SplitRule(time="n", embargo="3d"),
        table(LABELS, n=list(range(40))),
    )


def test_the_last_row_of_each_user_is_test_and_the_one_before_it_validation() -> None:
    users = ["ann", "bob", "cid", "ann"] * 10  # ann: 0, 3, 4, 7, ...
    days = [9 if n in (3, 4) else n % 7 for n in range(40)]  # ann's latest: 3 and, later in the data, 4
    data = labelled(table(LABELS, who=users, day=days), text="text", split=SplitRule(user="who", time="day"))
    assert rows(data, "test") == [4, 13, 34]
    assert rows(data, "val") == [3, 6, 33]
    assert set(data.units("test")) == {"ann", "bob", "cid"}
    assert len(rows(data, "train")) == 34


def test_the_order_of_rows_is_that_of_time_where_no_column_is_named() -> None:
    users = ["ann"] * 10 + ["bob"] * 28 + ["cid"] * 2
    data = labelled(table(LABELS, who=users), text="text", split=SplitRule(user="who"))
    assert (rows(data, "test"), rows(data, "val")) == ([9, 37], [8, 36])  # cid has too few rows, all of them train
    refused(
        r"data.empty_split\] data.split.user=who: none of 20 users has 3 rows",
        SplitRule(user="who"),
        table(LABELS, who=[n // 2 for n in range(40)]),
    )


def test_two_rules_for_one_split_contradict_each_other() -> None:
    for other in ({"column": "fold"}, {"group": "author"}):
        with pytest.raises(ConfigError, match=r"config.contradiction\] data.split.time=day"):
            SplitRule(time="day", **other)
    for other in ({"column": "fold"}, {"group": "author"}, {"embargo": 3}):
        with pytest.raises(ConfigError, match=r"config.contradiction\] data.split.(user=who|embargo=3)"):
            SplitRule(user="who", **other)
