"""Images with captions: references by image, batches by hand, faults in one line, and folders with their table."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset, Features, Image, List, Value

from bakeoff.data.captions.captioned import CaptionedImages
from bakeoff.data.captions.columns import CaptionColumns, cleaned
from bakeoff.data.sources.caption_folder import CaptionFolder
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.spec import END, PAD, START, UNKNOWN
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, noise_image

_NUMBERS = itertools.count()


def rows(captions: list[Any], *, images: list[int] | None = None, first: int = 0, **columns: list[Any]) -> Dataset:
    """A row a caption or a list of them, each with a picture of its own unless ``images`` numbers them."""
    numbers = images or list(range(first, first + len(captions)))
    kind = List(Value("string")) if any(isinstance(own, list) for own in captions) else Value("string")
    table = {"image": list(map(noise_image, numbers)), "caption": captions}
    dataset = Dataset.from_dict(table, features=Features(image=Image(), caption=kind))
    for name, values in columns.items():
        dataset = dataset.add_column(name, values)
    return dataset


def data(*, columns: CaptionColumns | None = None, kind: str = "word", **changes: Any) -> CaptionedImages:
    """Of given splits, unless ``splits`` are others."""
    splits = changes.pop("splits")
    return CaptionedImages(
        name="made",
        source=InMemory(splits, name=f"made {next(_NUMBERS)}"),
        columns=columns or CaptionColumns(),
        split=SplitRule(val=0.25, test=0.25),
        tokenizer=TokenizerRule(kind=kind),
        **changes,
    )


def given(train: Dataset, test: Dataset | None = None) -> dict[str, Dataset]:
    return {
        "train": train,
        "val": rows(["a b", "b"], first=900),
        "test": test if test is not None else rows(["b a"], first=950),
    }


def references(made: CaptionedImages, split: str) -> list[list[str]]:
    return made.labels(split)["references"].to_pylist()


def test_rows_that_show_one_image_are_its_references() -> None:
    made = data(splits=given(rows(["a dog", "a cat", "one dog", "a dog"], images=[1, 2, 1, 1])))
    assert references(made, "train") == [["a dog", "one dog"], ["a cat"]]
    assert made.examples("train") == ["train/0", "train/1"]
    assert "1 captions that repeat another one of their image were left out." in made.spec.notes


def test_lists_and_several_columns_are_references_too() -> None:
    listed = data(splits={"train": rows([["a", "b"], ["c"], ["d"], ["e"]])})
    found = [own for split in ("train", "val", "test") for own in references(listed, split)]
    assert sorted(found) == [["a", "b"], ["c"], ["d"], ["e"]]
    splits = {
        part: own.rename_column("caption", "caption_0").add_column("caption_1", ["more"] * len(own))
        for part, own in given(rows(["a", "b"])).items()
    }
    several = data(splits=splits, columns=CaptionColumns(caption=["caption_0", "caption_1"]))
    assert references(several, "train") == [["a", "more"], ["b", "more"]]


def test_white_space_and_letters_in_parts_become_one_form() -> None:
    assert cleaned("  a\u00a0dog,\r\n\tasleep  e\u0301 ") == "a dog, asleep \u00e9"
    made = data(splits=given(rows(["a  dog\n", "a dog"], images=[1, 1])))
    assert references(made, "train") == [["a dog"]]
    assert any("1 captions had line breaks" in note for note in made.spec.notes)


def test_blank_captions_are_left_out_and_images_without_one_refused_or_dropped() -> None:
    train = rows(["a dog", " ", "", "a cat"], images=[1, 1, 2, 3])
    with pytest.raises(
        DataError, match=r"data\.missing_caption.*1 of 6 images have no caption \(first: train/2\)"
    ) as e:
        data(splits=given(train)).prepare_data()
    assert "data.on_missing=drop" in e.value.line()
    made = data(splits=given(train), on_missing="drop")
    assert references(made, "train") == [["a dog"], ["a cat"]]
    assert "1 images without a caption were dropped (data.on_missing)." in made.spec.notes


def test_an_image_in_two_splits_is_refused_whatever_its_captions() -> None:
    with pytest.raises(DataError, match=r"data\.duplicates"):
        data(splits=given(rows(["a", "b"]), rows(["c"], images=[1]))).prepare_data()


def test_a_batch_is_what_is_given_what_comes_next_and_in_evaluation_all_references() -> None:
    made = data(splits=given(rows(["a", "b a", "b"], images=[1, 2, 2])), batch_size=2)
    images_BCHW, caption_in_BT = (batch := next(iter(made.train_dataloader()))).inputs
    assert batch.size == len(images_BCHW) == 2
    assert (caption_in_BT[:, 0] == START).all()
    assert torch.equal(caption_in_BT[:, 1:], torch.where(batch.targets[:, :-1] == END, PAD, batch.targets[:, :-1]))
    first_out_BT, references_BRT = next(iter(made.val_dataloader())).targets
    a, b = (made._tokenizer.encode_batch([word])[0].item() for word in "ab")
    assert first_out_BT.tolist() == [[a, b, END], [b, END, PAD]]
    assert references_BRT.tolist() == [[[a, b, END]], [[b, END, PAD]]]
    assert made.spec.max_caption_length == 3


def test_every_reference_is_drawn_in_its_turn_by_seed_and_epoch() -> None:
    made = data(splits=given(rows([["a", "b", "c d"], ["b", "c"]])), batch_size=2)
    loader = made.train_dataloader()

    def drawn(epoch: int) -> list[str]:
        loader.set_epoch(epoch)
        ((_, _), targets, _) = next(iter(loader))
        return sorted(made._tokenizer.decode(row) for row in targets.tolist())

    by_epoch = [drawn(epoch) for epoch in range(30)]
    assert by_epoch == [drawn(epoch) for epoch in range(30)]
    assert {text for texts in by_epoch for text in texts} == {"a", "b", "c d", "c"}
    fixed = data(splits=given(rows([["a", "b", "c d"], ["b", "c"]])), batch_size=2, reshuffle=False).train_dataloader()
    assert len({tuple(next(iter(fixed)).targets.flatten().tolist()) for fixed.sampler.epoch in range(9)}) == 1


def test_the_first_caption_alone_is_learnt_where_that_is_asked() -> None:
    loader = data(splits=given(rows([["a", "b"], ["c", "d"]])), batch_size=2, learnt="first").train_dataloader()
    found = set()
    for epoch in range(9):
        loader.set_epoch(epoch)
        found |= {tuple(row) for row in next(iter(loader)).targets.tolist()}
    assert len(found) == 2
    with pytest.raises(ConfigError, match=r"data\.learnt"):
        data(splits=given(rows(["a", "b"])), learnt="last")


def test_several_references_of_different_number_are_padded() -> None:
    made = data(splits=given(rows(["a"]), rows([["a", "a a"], ["a"]], first=500)))
    _, references_BRT = next(iter(made._loader("test", batch_size=2))).targets
    a = made._tokenizer.encode_batch(["a"])[0].item()
    assert references_BRT.tolist() == [[[a, END, PAD], [a, a, END]], [[a, END, PAD], [PAD, PAD, PAD]]]


def test_characters_that_only_the_test_has_are_unknown_tokens_and_whole_references() -> None:
    made = data(splits=given(rows(["ab", "ba"]), rows(["a\u00fc\U0001f600"], first=500)), kind="character")
    caption_out_BT, _ = next(iter(made._loader("test", batch_size=2))).targets
    assert caption_out_BT.tolist()[0][1:] == [UNKNOWN, UNKNOWN, END]
    assert references(made, "test") == [["a\u00fc\U0001f600"]]


def test_captions_longer_than_the_limit_are_cut_and_counted() -> None:
    made = data(splits=given(rows(["a b a b", "b"])), max_length=3)
    assert made.spec.max_caption_length == 4
    assert "1 of 5 captions were cut at 3 tokens (data.max_length)." in made.spec.notes
    longer = {"val": rows(["b b"], first=900), "test": rows(["a a"], first=500)}
    with pytest.raises(DataError, match=r"data\.all_truncated.*data\.max_length=2 keeps half"):
        data(splits={"train": rows(["a b", "b a"]), **longer}, max_length=1).prepare_data()


def test_marks_of_what_training_lacks_are_read_and_counted() -> None:
    splits = {part: own.add_column("new", ["no", "0"][: len(own)]) for part, own in given(rows(["a", "b"])).items()}
    marked = splits | {"train": rows(["a", "b"], new=["0", "false"]), "val": rows(["a"], first=900, new=["0"])}
    test = rows(["a", "b", "c"], first=500, new=["1", "0", "True"])
    made = data(splits=marked | {"test": test}, columns=CaptionColumns(unseen="new"))
    assert made.labels("test")["unseen"].to_pylist() == [True, False, True]
    assert made.spec.num_unseen == 2
    with pytest.raises(DataError, match=r"data\.label_type.*data\.columns\.unseen.*'no'"):
        data(splits=splits, columns=CaptionColumns(unseen="new")).prepare_data()


def test_a_run_keeps_its_vocabulary_on_other_data() -> None:
    trained = data(splits=given(rows(["a dog", "b"]))).spec
    made = data(splits=given(rows(["b", "a dog"])), kind="character")
    made.preprocess_as(trained)
    assert made.spec.tokenizer == trained.tokenizer
    caption_out_BT, _ = next(iter(made._loader("train", batch_size=2))).targets
    assert caption_out_BT.shape[1] == 3


def test_another_vocabulary_than_that_of_train_is_told() -> None:
    made = data(splits=given(rows(["a", "b"])))
    recorded = made.spec.to_dict()
    assert made.refit_problem(recorded) is None
    recorded["tokenizer"] = {**recorded["tokenizer"], "words": ["a", "b", "z"]}
    assert made.refit_problem(recorded) == "1 entries used are not of the training rows (z)"


def folder(root: Path, lines: list[str], *, num_images: int = 30) -> Path:
    for number in range(num_images):
        noise_image(number, size=(12, 10), mode="RGB").save(root / f"{number}.png")
    (root / "metadata.csv").write_text("\n".join(["file_name,caption", *lines]), encoding="utf-8")
    return root


def test_a_folder_gives_several_rows_an_image(tmp_path: Path) -> None:
    lines = [f"{number}.png,picture {number % 3}" for number in range(30)] + ['4.png,"one, more"']
    made = CaptionedImages(
        name="pets",
        source=CaptionFolder(folder=str(folder(tmp_path, lines))),
        columns=CaptionColumns(),
        split=SplitRule(),
        tokenizer=TokenizerRule(),
    )
    found = {
        name: own
        for split in ("train", "val", "test")
        for name, own in zip(made.examples(split), references(made, split), strict=True)
    }
    assert len(found) == 30
    assert found["4.png"] == ["picture 1", "one, more"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["0.png,a dog", "gone.png,a cat"], r"data\.corrupt_image.*1 of 2 images cannot be read.*gone\.png"),
        (["0.png,a dog", "1.png,"], r"data\.missing_caption.*1 of 2 images have no caption \(first: 1\.png\)"),
    ],
)
def test_what_a_table_lacks_is_told_in_one_line(lines: list[str], told: str, tmp_path: Path) -> None:
    source = CaptionFolder(folder=str(folder(tmp_path, lines, num_images=2)))
    made = CaptionedImages(
        name="pets",
        source=source,
        columns=CaptionColumns(),
        split=SplitRule(),
        tokenizer=TokenizerRule(),
    )
    with pytest.raises(DataError, match=told) as error:
        made.prepare_data()
    assert "\n" not in error.value.line()


def test_a_folder_without_a_table_is_refused_and_images_it_does_not_name_are_told(tmp_path: Path) -> None:
    noise_image(0).save(tmp_path / "0.png")
    with pytest.raises(DataError, match=r"data\.missing_table.*data\.folder.*file_name and caption"):
        CaptionFolder(folder=str(tmp_path)).load()
    with pytest.raises(DataError, match=r"data\.not_found.*data\.folder"):
        CaptionFolder(folder=str(tmp_path / "none")).load()
    loaded = CaptionFolder(folder=str(folder(tmp_path, ["0.png,a dog"], num_images=3))).load()
    assert loaded.notes[0].startswith("2 images that metadata.csv does not name")


def test_captions_decide_the_fingerprint() -> None:
    first, again, other = (data(splits=given(rows(own))) for own in (["a", "b"], ["a", "b"], ["a", "c"]))
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint
    assert np.array_equal(first.show("test", [0])[0], other.show("test", [0])[0])
