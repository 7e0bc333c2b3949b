"""Interactions: what is learnt, what is predicted and in which order, and what is said of rows that are odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.contract import Reading
from bakeoff.data.interactions.columns import InteractionColumns
from bakeoff.data.interactions.histories import Pieces, last_steps
from bakeoff.data.interactions.interactions import Interactions
from bakeoff.data.interactions.rule import HistorySplit
from bakeoff.data.interactions.spec import FIRST, PAD, START
from bakeoff.data.interactions.table import read_table
from bakeoff.data.sources.interaction_files import InteractionFiles
from bakeoff.errors import BakeoffError, ConfigError, DataError

Row = tuple[str, str, int]
PLAIN = [("u", item, time) for time, item in enumerate("abcd")] + [
    ("v", item, time) for time, item in enumerate("badc")
]


def interactions(folder: Path, rows: list[Row], **settings: Any) -> Interactions:
    """A table of rows, as the ``data`` section of a trial opens it."""
    file = folder / "made.csv"
    file.write_text("".join(["user,item,time\n", *(",".join(map(str, row)) + "\n" for row in rows)]))
    given = {"max_length": 4, "batch_size": 8} | settings
    words = [f"data.{key}={value}" for key, value in given.items()]
    section = Composer().compose(None, ["+data=interactions", f"data.file={file}", *words]).cfg.data
    data = build(section.module, seed=0)
    assert isinstance(data, Interactions)
    data.setup()
    return data


def named(data: Interactions, tokens: torch.Tensor) -> list[str]:
    """Each row of tokens as letters: ``^`` is START, padding is left out."""
    letters = {START: "^", **{FIRST + place: item for place, item in enumerate(data.spec.items)}}
    return ["".join(letters[token] for token in row if token != PAD) for row in tokens.tolist()]


def asked(data: Interactions, split: Any) -> list[str]:
    """What is to be predicted."""
    return data.labels(split)["name"].to_pylist()


def test_the_last_item_is_test_the_one_before_it_validation_and_both_are_masked_as_recbole_masks(
    tmp_path: Path,
) -> None:
    data = interactions(tmp_path, [*PLAIN, ("w", "a", 0), ("w", "b", 1)])
    (train,) = list(data.train_dataloader())
    assert sorted(zip(named(data, train.inputs[0]), named(data, train.targets), strict=True)) == [
        ("^a", "ab"),
        ("^a", "ab"),
        ("^b", "ba"),
    ]
    assert len(train.inputs) == 1
    assert (asked(data, "val"), asked(data, "test")) == (["c", "d"], ["d", "c"])
    assert data.examples("test") == ["user u, no. 4", "user v, no. 4"]
    (val,) = list(data.val_dataloader())
    assert (named(data, val.inputs[0]), named(data, val.inputs[1])) == (["^ab", "^ba"], ["ab", "ba"])
    assert data.labels("val")["target"].to_pylist() == [-1, -1]  # nobody's train part has c or d
    assert any("2 of 2 test items are none of train's" in note for note in data.spec.notes)


def test_unknown_items_are_left_out_of_histories_and_known_ones_of_validation_are_masked_in_test(
    tmp_path: Path,
) -> None:
    rows = [("u", item, time) for time, item in enumerate("abXcb")] + [("v", i, t) for t, i in enumerate("cabba")]
    data = interactions(tmp_path, rows)
    (inputs,) = list(data.predict_dataloader())
    assert set(data.spec.items) == {"a", "b", "X", "c"}
    rows = [("u", item, time) for time, item in enumerate("abXc")] + [("v", i, t) for t, i in enumerate("cabba")]
    data = interactions(tmp_path, rows)
    (inputs,) = list(data.predict_dataloader())
    assert set(data.spec.items) == {"a", "b", "c"}
    assert sorted(named(data, inputs[0])) == ["^ab", "cabb"]
    assert sorted(named(data, inputs[1])) == ["ab", "cabb"]
    (kept,) = list(interactions(tmp_path, rows, mask_seen="false").predict_dataloader())
    assert kept[1].shape[1] == 0


def test_every_item_of_a_history_is_learnt_once_an_epoch_after_the_item_before_it() -> None:
    rng = np.random.default_rng(0)
    counts = np.array([0, 1, 4, 5, 13, 40])
    tokens = rng.integers(FIRST, 50, counts.sum()).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(counts)])
    pieces = Pieces(tokens, starts, max_length=5)
    pairs = [(START if place in starts else int(tokens[place - 1]), int(tokens[place])) for place in range(len(tokens))]
    cuts = set()
    for epoch in range(6):
        inputs_BT, targets_BT = pieces.batch(np.arange(len(pieces)), seed=1, epoch=epoch)
        assert targets_BT.shape[1] <= 5
        real_BT = targets_BT != PAD
        assert (inputs_BT != PAD).tolist() == real_BT.tolist()
        assert sorted(zip(inputs_BT[real_BT].tolist(), targets_BT[real_BT].tolist(), strict=True)) == sorted(pairs)
        cuts.add(real_BT.sum(axis=1).tobytes())
    assert len(cuts) > 1
    assert pieces.lengths.sum() == len(tokens)


def test_the_last_steps_of_a_history_begin_with_start_where_all_of_it_fits() -> None:
    values = np.arange(10, 20, dtype=np.int32)
    begins, ends = np.array([0, 0, 0, 3]), np.array([4, 3, 0, 9])
    assert last_steps(values, begins, ends, 4).tolist() == [
        [10, 11, 12, 13],
        [START, 10, 11, 12],
        [START, PAD, PAD, PAD],
        [15, 16, 17, 18],
    ]


TIED = [("u", "a", 0), ("u", "b", 1), ("u", "c", 2), ("u", "d", 2), ("u", "e", 2)]
UNTIED = [("v", item, time) for time, item in enumerate("edcba")]


@pytest.mark.parametrize(
    ("ties", "val", "test", "other"), [("first", ["d", "b"], ["e", "a"], "c"), ("last", ["d", "b"], ["c", "a"], "e")]
)
def test_ties_follow_the_stated_order_and_the_other_order_is_held_out_too(
    tmp_path: Path, ties: str, val: list[str], test: list[str], other: str
) -> None:
    data = interactions(tmp_path, [*TIED, *UNTIED], ties=ties)
    assert (asked(data, "val"), asked(data, "test")) == (val, test)
    assert [data.spec.items[place] for place in data.labels("test")["other"].to_pylist()] == [other, "a"]
    (train,) = list(data.train_dataloader())
    assert sorted(named(data, train.targets)) == ["ab", "edc"]
    (inputs,) = list(data.predict_dataloader())
    own, others = named(data, inputs[0]), named(data, inputs[2])
    assert {tuple(sorted(pair)) for pair in zip(own, others, strict=True)} == {("edcb", "edcb"), ("abcd", "abed")}
    first, _ = data.raw("test")
    assert first.other is not None
    assert ("".join(data.spec.items[place] for place in first.items)[-1], len(first.other.items)) == ("d", 4)
    (note,) = [note for note in data.spec.notes if "data.ties" in note]
    assert note.startswith(
        "25.0% of interactions have the time of their user's one before: the one that stands " + ties
    )
    assert "changes 1 of 2 test examples" in note
    assert "1 interactions that it would test" in note


def test_without_the_other_order_only_what_is_tested_is_held_out(tmp_path: Path) -> None:
    data = interactions(tmp_path, [*TIED, *UNTIED], other_order="false")
    assert sorted(named(data, next(iter(data.train_dataloader())).targets)) == ["abc", "edc"]
    assert "other" not in data.labels("test").column_names
    assert len(next(iter(data.predict_dataloader()))) == 2


def test_by_time_the_latest_of_all_are_predicted_each_from_all_that_the_user_did_before(tmp_path: Path) -> None:
    rows = [("u", "a", 0), ("v", "b", 1), ("u", "b", 2), ("v", "a", 3), ("u", "c", 4), ("v", "c", 5), ("u", "a", 6)]
    rows += [("w", "b", 7), ("u", "b", 8), ("v", "a", 9), ("u", "c", 10)]
    data = interactions(tmp_path, rows, **{"split.by": "time", "split.val": 2, "split.test": 3})
    assert (asked(data, "val"), asked(data, "test")) == (["a", "b"], ["b", "c", "a"])
    assert data.units("test") == ["u", "u", "v"]
    (inputs,) = list(data.predict_dataloader())
    assert sorted(named(data, inputs[0])) == ["^bac", "abca", "bcab"]


def test_odd_rows_are_left_out_as_configured_and_each_has_a_note(tmp_path: Path) -> None:
    rows = [*PLAIN, ("u", "a", 0), ("w", "a", 5), ("v", "b", 9)]
    data = interactions(tmp_path, rows)
    assert "1 interactions stand there twice, at the same time; each counts once." in data.spec.notes
    assert "1 of 3 users have one interaction." in data.spec.notes
    assert asked(data, "test") == ["d", "b"]
    data = interactions(tmp_path, rows, repeats="first")
    assert asked(data, "test") == ["d", "c"]
    assert any(note.startswith("1 interactions with an item that the user had before") for note in data.spec.notes)


@pytest.mark.parametrize("mask", [True, False])
def test_what_repeats_and_is_masked_is_told(tmp_path: Path, mask: bool) -> None:
    rows = [("u", item, time) for time, item in enumerate("abca")] + [
        ("v", item, time) for time, item in enumerate("cbad")
    ]
    notes = interactions(tmp_path, rows, mask_seen=mask).spec.notes
    told = [note for note in notes if "data.mask_seen" in note]
    assert [note.partition(":")[0] for note in told] == [
        "1 of 2 test items are masked, since the user had them before"
    ] * mask


def test_other_data_take_the_catalogue_of_a_finished_run(tmp_path: Path) -> None:
    trained = interactions(tmp_path, [*PLAIN, *UNTIED]).spec
    data = interactions(tmp_path, [("n", item, time) for time, item in enumerate("dZcae")])
    data.preprocess_as(trained)
    assert [trained.items[place] for place in data.labels("test")["target"].to_pylist()] == ["e"]
    (inputs,) = list(data.predict_dataloader())
    letters = {START: "^", **{FIRST + place: item for place, item in enumerate(trained.items)}}
    assert ["".join(letters[token] for token in row) for row in inputs[0].tolist()] == ["^dca"]
    assert [[trained.items[place] for place in history.items] for history in data.raw("test")] == [["d", "c", "a"]]


def test_a_core_is_what_is_left_when_nothing_more_falls_out(tmp_path: Path) -> None:
    rows = [(user, item, time) for user in "uvw" for time, item in enumerate("abc")]
    rows += [("x", "d", 0), ("x", "e", 1), ("x", "a", 2), ("y", "d", 0), ("y", "f", 1), ("y", "g", 2)]
    data = interactions(tmp_path, rows, min_of_user=3, min_of_item=2)
    assert sorted(data.examples("train")) == ["user u", "user v", "user w"]
    (note,) = [note for note in data.spec.notes if "fewer than" in note]
    assert note == "6 interactions are left out, since fewer than 3 of a user or 2 of an item would be left."
    with pytest.raises(DataError, match=r"leaves none of 15 interactions"):
        interactions(tmp_path, rows, min_of_user=4)


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        ([("u", "", 0), *PLAIN], {}, r"missing_item\] data.columns.item=item: 1 of 9 rows have no item.*made.csv:2"),
        (PLAIN, {"columns.user": "userid"}, r"missing_column\] data.columns.user=userid.*data.columns.user=user"),
        (PLAIN, {"columns.user": "item"}, r"same_column\] data.columns.user=item.*hold the user and the item"),
        (PLAIN, {"min_rating": 3}, r"missing_column\] data.columns.rating.*cannot tell which column holds the rating"),
        ([("u", "a", "soon"), *PLAIN], {}, r"bad_time\] data.columns.time=time: 1 of 9 .*made.csv:2 says 'soon'"),
        ([("u", "a", 0), ("v", "b", 0)], {}, r"none of 2 users has 3 rows"),
        (PLAIN, {"max_length": 1}, r"out_of_range\] data.max_length=1"),
        (PLAIN, {"ties": "random"}, r"unknown_choice\] data.ties=random"),
    ],
)
def test_what_cannot_be_read_as_interactions_is_refused_in_a_line(
    tmp_path: Path, rows: list[Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises((DataError, ConfigError), match=message) as caught:
        interactions(tmp_path, rows, **settings)
    assert isinstance(caught.value, BakeoffError)


def test_rows_that_lack_something_are_dropped_where_that_is_wanted(tmp_path: Path) -> None:
    data = interactions(tmp_path, [("u", "", 0), *PLAIN], on_missing="drop")
    assert "1 rows without user, item or time were dropped (data.on_missing)." in data.spec.notes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("u.data", "u\ta\t5\t881250949\nv\tb\t3\t1000000000\n"),
        ("ratings.dat", "u::a::5::881250949\nv::b::3::1000000000\n"),
        ("mine.csv", '\ufeff"User_ID";"product_id";"stars";"Date"\nu;a;5;881250949\nv;b;3;1000000000\n'),
        ("ratings.csv", "userId,movieId,rating,timestamp\nu,a,5,881250949\nv,b,3,1000000000\n"),
        (
            "x.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ta\t5\t881250949.0\nv\tb\t3\t1e9\n",
        ),
    ],
)
def test_files_of_movielens_and_of_recbole_are_known_by_their_names(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert InteractionFiles.argument_for(tmp_path / name) == "file"
    splits = InteractionFiles(file=str(tmp_path / name)).load()
    table = read_table(splits, InteractionColumns(), split=HistorySplit(), rated=True)
    assert table.user_names.tolist() == ["u", "v"]
    assert table.item_names.tolist() == ["a", "b"]
    assert table.times.tolist() == [881250949, 1000000000]
    assert table.ratings is not None
    assert table.ratings.tolist() == [5, 3]


def test_new_histories_are_read_from_a_table_or_a_text_and_unknown_items_are_told(tmp_path: Path) -> None:
    data = interactions(tmp_path, [*PLAIN, *UNTIED])
    file = tmp_path / "new.csv"
    file.write_text("user,item,time\np,b,2\np,a,1\nq,Z,1\nq,c,2\n")
    new = Interactions.read_new(data.spec, Reading(source=str(file)))
    (inputs,) = new.loader
    assert new.shown == {"user": ["p", "q"]}
    assert named(data, inputs[0]) == ["^ab", "^c"]
    assert new.notes == ("1 interactions with items that training lacked are passed over.",)
    new = Interactions.read_new(data.spec, Reading(source="c, b,a", is_text=True))
    assert named(data, next(iter(new.loader))[1]) == ["cba"]
    with pytest.raises(DataError, match=r"unknown_items\] text=x,y: none of its 2 items"):
        Interactions.read_new(data.spec, Reading(source="x,y", is_text=True))
