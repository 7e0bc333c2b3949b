"""Labels as people write them: signs, versions, spaces, doubled columns, blanks and classes of one row."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.data.image.classified import ClassifiedImages
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.sources.hub import HuggingFace
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.data.sources.tables import Tables
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.columns import LabelledColumns
from bakeoff.data.text.labelled import LabelledTexts
from bakeoff.data.text.table import read_table
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import noise_image
from tests.data.made_texts import sentences


def texts(file: Path, **settings: object) -> LabelledTexts:
    named = {key: settings.pop(key) for key in ("text", "label", "label_separator", "label_kind") if key in settings}
    return LabelledTexts(
        name="made",
        source=Tables(file=str(file)),
        columns=LabelledColumns(**named),
        split=settings.pop("split", SplitRule(val=0.25, test=0.2)),
        tokenizer=TokenizerRule(kind="word"),
        **settings,
    )


def from_labels(folder: Path, labels: list[str | None], **settings: object) -> LabelledTexts:
    frame = pd.DataFrame({"text": sentences(len(labels)), "label": labels})
    frame.to_csv(folder / "f.csv", index=False)
    return texts(folder / "f.csv", **settings)


def classes_of(data: LabelledTexts) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for split in ("train", "val", "test"):
        counts.update(data.spec.class_names[number] for number in data.labels(split)["label"].to_pylist())
    return dict(counts)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["+1", "-1"], ("-1", "+1")),
        (["01", "1", "2"], ("01", "1", "2")),
        (["10", "9", "-3"], ("-3", "9", "10")),
        (["1_0", "2_0"], ("1_0", "2_0")),
        (["1e3", "b"], ("1e3", "b")),
        (["1,5", "2,5"], ("1,5", "2,5")),
        (["2024-01-31", "2024-02-29"], ("2024-01-31", "2024-02-29")),
        (["True", "False"], ("False", "True")),
        (["NA", "SA"], ("NA", "SA")),
    ],
)
def test_names_and_whole_numbers_are_classes_as_written(tmp_path: Path, labels: list[str], classes: tuple) -> None:
    data = from_labels(tmp_path, labels * 20)
    assert data.spec.class_names == classes
    assert set(classes_of(data).values()) == {20}


@pytest.mark.parametrize("labels", [["1.10", "1.1"], ["1e3", "2"], ["1.0", "2.0"], ["+.5", "1."]])
def test_numbers_with_a_point_are_classes_when_they_are_said_to_be(tmp_path: Path, labels: list[str]) -> None:
    with pytest.raises(DataError, match=r"data.float_labels\] .*; next: data.columns.label_kind=name if they name"):
        from_labels(tmp_path, labels * 20).prepare_data()
    assert classes_of(from_labels(tmp_path, labels * 20, label_kind="name")) == dict.fromkeys(labels, 20)
    numbers = pd.DataFrame({"text": sentences(40), "label": [0.5, 1.5] * 20})
    numbers.to_parquet(tmp_path / "f.parquet")
    assert texts(tmp_path / "f.parquet", label_kind="name").spec.class_names == ("0.5", "1.5")


def test_spaces_around_labels_make_no_class(tmp_path: Path) -> None:
    data = from_labels(tmp_path, ["pos", "pos ", "neg", "\u00a0neg"] * 10)
    assert classes_of(data) == {"pos": 20, "neg": 20}
    assert data.spec.notes == ("20 labels had spaces around them, which were taken away.",)


def test_labels_that_look_alike_are_told(tmp_path: Path) -> None:
    data = from_labels(tmp_path, ["Pos", "pos", "caf\u00e9", "cafe\u0301", "b"] * 10)
    assert len(data.spec.class_names) == 5
    [note] = data.spec.notes
    assert note.startswith("4 classes (Pos, ")
    assert note.endswith("differ in case, spaces or form of letters only; each is its own.")


def test_a_label_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"{text},a,b\n" for text in sentences(20))
    (tmp_path / "f.csv").write_text("text,label,label\n" + rows)
    message = (
        r"data.missing_column\] data.columns.label=.*: 2 columns have that name.*'data.columns.label=\"label .column"
    )
    for label in (None, "label"):
        with pytest.raises(DataError, match=message):
            texts(tmp_path / "f.csv", label=label).prepare_data()
    with pytest.raises(DataError, match="one class"):
        texts(tmp_path / "f.csv", label="label [column 2]", text="text").prepare_data()


@pytest.mark.parametrize("mark", ["", " ", "\\N", "NULL", "NaN", "#N/A"])
def test_rows_without_a_label_are_refused_or_dropped_and_counted(tmp_path: Path, mark: str) -> None:
    labels = [*(["a", "b"] * 20), mark, mark, mark]
    with pytest.raises(DataError, match=r"data.missing_label\] .*: 3 of 43 rows .*f.csv:42.*next: .*on_missing=drop"):
        from_labels(tmp_path, labels).prepare_data()
    data = from_labels(tmp_path, labels, on_missing="drop")
    assert classes_of(data) == {"a": 20, "b": 20}
    assert data.spec.notes == ("3 rows without a label were dropped (data.on_missing).",)
    if mark.strip():
        assert classes_of(from_labels(tmp_path, labels, label_kind="name")) == {"a": 20, "b": 20, mark: 3}


def test_classes_of_one_row_are_refused_dropped_or_put_together(tmp_path: Path) -> None:
    labels = [*(["a", "b"] * 20), "x", "y", "z"]
    with pytest.raises(DataError, match=r"data.single_row\] .*=x, y, z: 3 of 5 .*; next: .*data.on_rare=drop or other"):
        from_labels(tmp_path, labels).prepare_data()
    dropped = from_labels(tmp_path, labels, on_rare="drop")
    assert classes_of(dropped) == {"a": 20, "b": 20}
    assert dropped.spec.notes == ("3 classes (x, y, z) with a single row were dropped (data.on_rare).",)
    together = from_labels(tmp_path, labels, on_rare="other")
    assert classes_of(together) == {"a": 20, "b": 20, "other": 3}
    assert together.spec.notes == (
        "3 classes (x, y, z) with a single row were put into the class other (data.on_rare).",
    )
    with pytest.raises(DataError, match=r"data.single_row\] data.columns.label=other"):
        from_labels(tmp_path, labels[:41], on_rare="other").prepare_data()
    joined = from_labels(tmp_path, [*labels[:41], "other", "other"], on_rare="other")
    assert classes_of(joined) == {"a": 20, "b": 20, "other": 3}
    with pytest.raises(ConfigError, match=r"data.on_rare=keep: .* allowed: error, drop, other"):
        from_labels(tmp_path, labels, on_rare="keep")


def test_a_rare_class_of_a_given_test_split_is_left_out_too(tmp_path: Path) -> None:
    pd.DataFrame({"text": sentences(40), "label": ["a", "b"] * 20}).to_csv(tmp_path / "train.csv", index=False)
    late = pd.DataFrame({"text": sentences(5, first=90), "label": ["a", "b", "a", "b", "z"]})
    late.to_csv(tmp_path / "test.csv", index=False)
    data = LabelledTexts(
        name="made",
        source=Tables(file=str(tmp_path / "train.csv"), test_file=str(tmp_path / "test.csv")),
        columns=LabelledColumns(),
        split=SplitRule(val=0.25),
        tokenizer=TokenizerRule(kind="word"),
        on_rare="drop",
    )
    assert (data.spec.num_test, data.spec.class_names) == (4, ("a", "b"))


def test_rare_labels_of_texts_with_several_leave_the_text(tmp_path: Path) -> None:
    labels = [*(["p|q", "q", "p"] * 10), "p|rare", "rarer"]
    dropped = from_labels(tmp_path, labels, label_separator="|", on_rare="drop")
    assert dropped.spec.class_names == ("p", "q")
    assert dropped.spec.num_train + dropped.spec.num_val + dropped.spec.num_test == 32
    assert from_labels(tmp_path, labels, label_separator="|", on_rare="other").spec.class_names == ("p", "q", "other")


def test_images_follow_the_same_rules(tmp_path: Path) -> None:
    labels = [*(["+1", "-1 "] * 10), "01", ""]
    for row in range(len(labels)):
        noise_image(row).save(tmp_path / f"{row}.png")
    rows = "".join(f"{row}.png,{label}\n" for row, label in enumerate(labels))
    (tmp_path / "metadata.csv").write_text("file_name,label\n" + rows)

    def images(**settings: object) -> ClassifiedImages:
        source, columns = ImageFolder(path=str(tmp_path)), ImageColumns()
        return ClassifiedImages(name="made", source=source, columns=columns, split=SplitRule(val=0.25), **settings)

    with pytest.raises(DataError, match=r"data.missing_label\] .* \(first: 21.png\)"):
        images().prepare_data()
    with pytest.raises(DataError, match=r"data.single_row\] data.columns.label=01"):
        images(on_missing="drop").prepare_data()
    data = images(on_missing="drop", on_rare="drop")
    assert data.spec.class_names == ("-1", "+1")
    assert sum((data.spec.num_train, data.spec.num_val, data.spec.num_test)) == 20
    assert data.spec.notes == (
        "10 labels had spaces around them, which were taken away.",
        "1 rows without a label were dropped (data.on_missing).",
        "1 classes (01) with a single row were dropped (data.on_rare).",
    )


@pytest.mark.parametrize(("kind", "patients"), [("csv", ["7", "007", "07"]), ("jsonl", ["7", "007", "07"])])
def test_patients_7_and_007_are_two(tmp_path: Path, kind: str, patients: list[str]) -> None:
    frame = pd.DataFrame({"text": sentences(60), "label": ["a", "b"] * 30, "patient": patients * 20})
    if kind == "csv":
        frame.to_csv(tmp_path / "f.csv", index=False)
    else:
        frame.to_json(tmp_path / "f.jsonl", orient="records", lines=True)
    data = texts(tmp_path / f"f.{kind}", split=SplitRule(val=0.4, test=0.3, group="patient"))
    units = {split: set(data.units(split)) for split in ("train", "val", "test")}
    assert sorted(map(len, units.values())) == [1, 1, 1]
    assert set.union(*units.values()) == set(patients)


def test_the_text_is_found_beside_identifiers_and_groups(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": range(40),
            "comment": sentences(40),
            "Label": ["a", "b"] * 20,
            "owner": [f"o{n // 4}" for n in range(40)],
        }
    )
    frame.to_csv(tmp_path / "f.csv")
    data = texts(tmp_path / "f.csv", split=SplitRule(val=0.25, test=0.2, group="owner"))
    assert data.spec.text_column == "comment"


def test_what_stands_for_no_number_is_no_class_among_numbers(tmp_path: Path) -> None:
    data = from_labels(tmp_path, [*(["0", "1"] * 20), "NA", "?"], on_missing="drop")
    assert classes_of(data) == {"0": 20, "1": 20}
    with pytest.raises(DataError, match=r"2 of 42 rows have no label .*, where \?, NA stands"):
        from_labels(tmp_path, [*(["0", "1"] * 20), "NA", "?"]).prepare_data()


def test_fields_of_objects_are_columns_and_lists_of_objects_no_labels(tmp_path: Path) -> None:
    rows = [
        {"content": {"text": text, "lang": "en"}, "year": 2020 + row % 2, "labels": [{"name": "x"}]}
        for row, text in enumerate(sentences(40))
    ]
    pd.DataFrame(rows).to_json(tmp_path / "f.jsonl", orient="records", lines=True)
    data = texts(tmp_path / "f.jsonl", text="content.text", label="year")
    assert data.spec.class_names == ("2020", "2021")
    with pytest.raises(DataError, match=r"data.label_type\] data.columns.label=labels"):
        texts(tmp_path / "f.jsonl", text="content.text", label="labels").prepare_data()


def test_texts_that_a_database_lacks_are_dropped(tmp_path: Path) -> None:
    rows = [f"{text}\t{'ab'[row % 2]}" for row, text in enumerate(sentences(40))]
    (tmp_path / "f.tsv").write_text("\n".join(["text\tlabel", *rows, "\\N\ta", "NULL\tb"]))
    data = texts(tmp_path / "f.tsv")
    assert data.spec.notes == ("2 rows without text were dropped.",)


def test_a_file_without_a_header_is_told_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("".join(f'{row % 2 * 4},"{text}"\n' for row, text in enumerate(sentences(40))))
    with pytest.raises(DataError, match=r"where line 1 is a row already, name the columns, data\.header=\[NAME,NAME\]"):
        texts(tmp_path / "f.csv").prepare_data()


def test_a_very_wide_table_is_read_in_a_moment(tmp_path: Path) -> None:
    numbers = pd.DataFrame({f"f{n}": range(40) for n in range(1000)})
    numbers.assign(note=sentences(40), category=["a", "b"] * 20).to_csv(tmp_path / "f.csv", index=False)
    began = time.process_time()
    assert texts(tmp_path / "f.csv").spec.text_column == "note"
    assert time.process_time() - began < 10


@pytest.mark.parametrize("values", [(0, 1), ("0", "1"), (False, True), (0.0, 1.0), (None, 1)])
def test_columns_of_0_and_1_are_labels_of_a_text(tmp_path: Path, values: tuple) -> None:
    frame = pd.DataFrame({"comment_text": sentences(60), "toxic": [values[row % 2] for row in range(60)]})
    frame["insult"] = [values[row % 3 == 0] for row in range(60)]
    frame.to_csv(tmp_path / "f.csv", index=False)
    data = texts(tmp_path / "f.csv", label=["toxic", "insult"])
    assert (data.spec.class_names, data.spec.multi_label) == (("insult", "toxic"), True)
    assert sum(data.labels("train")["label"].combine_chunks().flatten().to_numpy()) > 0
    with pytest.raises(DataError, match=r"data.label_type\] data.columns.label=comment_text: one of several .*0 and 1"):
        texts(tmp_path / "f.csv", text="toxic", label=["comment_text", "insult"]).prepare_data()
    with pytest.raises(DataError, match=r"data.missing_column\] data.columns.label=toxi"):
        texts(tmp_path / "f.csv", label=["toxi", "insult"]).prepare_data()


def test_parquet_of_rare_types_is_read_as_a_hub_data_set_too(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(sentences(40), pa.string_view()),
        "label": pa.array(["a", "b"] * 20, pa.string_view()),
        "id": pa.array([uuid.UUID(int=row).bytes for row in range(40)], pa.uuid()),
    }
    for number, left in enumerate(({}, {"id"})):
        file = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({name: column for name, column in columns.items() if name not in left}), file)
        splits = HuggingFace(path=str(file), config=None, revision=None).load()
        assert read_table(splits, LabelledColumns(), split=SplitRule()).column_of == {"text": "text", "label": "label"}


@pytest.mark.parametrize(("prefix", "told"), [("", True), ("no", False)])
def test_hundreds_of_whole_numbers_as_classes_are_told_to_look_like_quantities(
    tmp_path: Path, prefix: str, told: bool
) -> None:
    labels = [f"{prefix}{row % 120}" for row in range(600)]
    notes = from_labels(tmp_path, labels).spec.notes
    assert [note for note in notes if "quantity is regression" in note] == list(notes)[: int(told)]
