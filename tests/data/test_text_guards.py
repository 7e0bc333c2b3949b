"""What bad text data gets: one line with the code, the key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import Dataset

from bakeoff.data.sources.tables import Tables
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.columns import LabelledColumns
from bakeoff.data.text.labelled import LabelledTexts
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_texts import labelled, sentences, table

LABELS = ["a", "b"] * 20


def refused(message: str, *splits: Dataset, **settings: object) -> None:
    with pytest.raises(DataError, match=message):
        labelled(*splits, **settings).setup()


def test_nothing_parts_no_labels() -> None:
    message = r"data.label_type\] .*; allowed: lists of labels, or text with data.columns.label_separator"
    refused(message, table(LABELS), separator="")


def test_a_missing_column_lists_those_there() -> None:
    refused(
        r"data.missing_column\] data.columns.text=txt: .*; allowed: text \(string\); next: data.columns.text=text",
        table(LABELS),
        text="txt",
    )
    refused(
        r"data.missing_column\] data.columns.label=stars: .*; allowed: text \(string\), label",
        table(LABELS),
        label="stars",
    )
    refused(
        r"data.missing_column\] .*=stars: .*; next: name it: data.columns.label=COLUMN, of those in the table's header",
        table(LABELS),
        label="stars",
    )
    lone = table(LABELS).select_columns(["text"])
    refused(r"data.missing_column\] .*; next: add a column that holds the label", lone, label="stars")
    rows = table(LABELS).rename_column("label", "score").rename_column("text", "body")
    refused(r"data.missing_column\] data.columns.label=null: cannot tell which column holds the label", rows)
    refused(
        r"data.missing_column\] data.columns.text=text: the test split lacks this column",
        table(LABELS),
        table(LABELS, first=90).rename_column("text", "body"),
    )


def test_a_column_of_numbers_is_no_text() -> None:
    rows = Dataset.from_dict({"text": list(range(40)), "label": LABELS})
    refused(r"data.text_type\] data.columns.text=text: holds .*int64.*, no text", rows, text="text")


def test_the_label_is_no_feature() -> None:
    refused(r"data.target_in_features\] data.columns.text=label: is the label column too", table(LABELS), text="label")


def test_splits_without_rows_and_texts_of_nothing() -> None:
    refused(r"data.empty_split\] data.path: the test split has no rows", table(LABELS), table([]))
    blank = Dataset.from_dict({"text": ["", " "], "label": ["a", "b"]})
    refused(
        r"data.no_text\] data.columns.text=text: none of the 2 rows of the train split has text", blank, text="text"
    )
    refused(r"data.no_text\] .* none of the 2 rows of the test split has text", table(LABELS), blank, text="text")


@pytest.mark.parametrize("splits", [1, 2])
def test_one_class_is_nothing_to_learn(splits: int) -> None:
    refused(
        r"data.one_class\] .*: train holds one class only \(a\)",
        *[table(["a"] * 30), table(["a"] * 9, first=90)][:splits],
    )


@pytest.mark.parametrize("labels", [[0.5, 1.0] * 20, ["0.5", "1.0"] * 20, ["1e3", "2"] * 20])
def test_quantities_are_no_classes(labels: list) -> None:
    refused(r"data.float_labels\] data.columns.label=label: classes must be names or whole", table(labels))


def test_labels_that_are_missing_unseen_or_alone() -> None:
    refused(r"data.missing_label\] .*: 1 of 40 rows have no label \(first: train/39\)", table([*LABELS[:-1], None]))
    refused(
        r"data.unseen_label\] data.columns.label=z: 1 rows of the test split \(test/1\) have labels unseen in train",
        table(LABELS),
        table(["a", "z"], first=90),
    )
    refused(r"data.single_row\] data.columns.label=z: 1 of 3 classes have a single row", table([*LABELS, "z"]))
    refused(
        r"data.unseen_label\] data.columns.label=z: 1 rows of the test split",
        table([["a"], ["b"]] * 20),
        table([["a"], ["b", "z"]], first=90),
    )


def test_lists_are_no_text_to_be_cut_at_a_separator() -> None:
    refused(r"data.label_type\] data.columns.label=label: holds .*; allowed: lists", table([1, 2] * 20), separator="|")


def test_copies_across_splits_are_refused_dropped_or_stamped() -> None:
    train, test = table(LABELS), Dataset.from_dict({"text": [sentences(1)[0].upper(), "new"], "label": ["a", "b"]})
    refused(r"data.duplicates\] data.dedup=error: 1 texts .*\(train/0 = test/0\); allowed: error, drop", train, test)
    dropped = labelled(train, test, dedup="drop")
    assert "train/0" not in dropped.examples("train") + dropped.examples("val")
    stamped = labelled(train, test, allow_leak=True)
    assert stamped.spec.leaked_rows == 1
    assert stamped.spec.notes[0].startswith("LEAK: 1 texts stand in more than one split")


def test_a_split_of_copies_alone_is_empty_once_they_are_dropped() -> None:
    refused(
        r"data.empty_split\] data.dedup=drop: the train split has no rows", table(LABELS), table(LABELS), dedup="drop"
    )


def test_a_vocabulary_of_nothing_and_texts_that_are_all_truncated() -> None:
    refused(
        r"data.empty_vocabulary\] data.tokenizer.min_count=99: .* next: data.tokenizer.min_count=1",
        table(LABELS),
        min_count=99,
    )
    long = Dataset.from_dict({"text": [f"w w w n{n}" for n in range(40)], "label": LABELS})
    refused(
        r"data.all_truncated\] .*=3: every text is longer than 3 tokens of kind word.*; next: data.max_length=4 keeps",
        long,
        max_length=3,
    )
    assert labelled(long, max_length=4).spec.max_length == 4


def test_a_split_that_takes_everything() -> None:
    refused(r"data.empty_split\] data.split.test=40: takes 40 of 40 rows", table(LABELS), split=SplitRule(test=40))


@pytest.mark.parametrize(("settings", "key"), [({"batch_size": 0}, "batch_size"), ({"max_length": 0}, "max_length")])
def test_settings_out_of_range(settings: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"config.out_of_range\] data.{key}=0"):
        labelled(table(LABELS), **settings)
    with pytest.raises(ConfigError, match=r"config.unknown_choice\] data.dedup=maybe"):
        labelled(table(LABELS), dedup="maybe")


def test_groups_stay_together() -> None:
    data = labelled(
        table(LABELS, author=[f"p{n // 4}" for n in range(40)]), text="text", split=SplitRule(group="author")
    )
    authors = [{int(name.split("/")[1]) // 4 for name in data.examples(split)} for split in ("train", "val", "test")]
    assert all(one.isdisjoint(other) for one in authors for other in authors if one is not other)


def test_a_users_csv_of_everything_becomes_data(tmp_path: Path) -> None:
    rows = [f'"Review, number {n} said ""{"yes" if n % 2 else "no"}"" \U0001f600\r\nagain",{n % 2}' for n in range(40)]
    rows.insert(3, "")
    rows.insert(5, ",1")
    (tmp_path / "reviews.csv").write_bytes(("\ufeffbody,stars\r\n" + "\r\n".join(rows) + "\r\n").encode())
    data = LabelledTexts(
        name="csv",
        source=Tables(file=str(tmp_path / "reviews.csv")),
        columns=LabelledColumns("body", "stars"),
        split=SplitRule(),
        tokenizer=TokenizerRule(kind="word"),
    )
    assert data.spec.num_train + data.spec.num_val + data.spec.num_test == 40
    assert data.spec.notes == ("2 rows without text were dropped.",)
    assert data.spec.class_names == ("0", "1")
    assert "\U0001f600" in data.spec.tokenizer["words"]
    assert data.spec.text_column == "body"
