"""What bad data gets: one line, the code, and what to do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PilImage

from bakeoff.data.cache import cache_root
from bakeoff.errors import ConfigError, DataError, EnvironmentFault
from tests.data.made_images import InMemory, noise_image, table
from tests.values import values


def encoded(image: PilImage.Image, form: str = "PNG") -> dict[str, object]:
    """As a dataset stores it."""
    file = io.BytesIO()
    image.save(file, form)
    return {"bytes": file.getvalue(), "path": None}


def with_copies(copies: dict[int, int], labels: int = 40) -> list[PilImage.Image]:
    """Pictures of their own, but for rows that copy another."""
    return [noise_image(copies.get(row, row)) for row in range(labels)]


def refusal(data) -> str:
    """The one line, which must leave nothing prepared behind."""
    with pytest.raises(DataError) as caught:
        data.setup()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3
    assert not [entry for entry in (cache_root() / "images").glob("*") if entry.suffix != ".lock"]
    return str(caught.value)


def test_copies_across_given_splits_are_refused_with_count_and_examples(module) -> None:
    test = table(["a", "b"], image=[noise_image(3), noise_image(900)])
    line = refusal(module(InMemory({"train": table(["a", "b"] * 20), "test": test})))
    assert line.startswith("error[data.duplicates] data.dedup=error: 1 images")
    assert "train/3 = test/0" in line
    assert "data.dedup=drop" in line
    assert "data.allow_leak=true" in line


def test_dropping_copies_takes_them_from_train_and_never_from_test(module) -> None:
    test = table(["a", "b"], image=[noise_image(3), noise_image(4)])
    data = module(InMemory({"train": table(["a", "b"] * 20), "test": test}), dedup="drop")
    assert data.spec.num_test == 2
    assert data.spec.num_train + data.spec.num_val == 38
    assert {"train/3", "train/4"}.isdisjoint(data.examples("train") + data.examples("val"))
    assert "2 training or validation images with a copy elsewhere were dropped" in data.spec.notes[0]


def test_copies_within_a_pool_that_is_to_be_split_leak_too_and_the_first_stays(module) -> None:
    pool = table(["a", "b"] * 20, image=with_copies({39: 0, 38: 1}))
    assert "train/38 = train/1, train/39 = train/0" in refusal(module(InMemory({"train": pool})))
    data = module(InMemory({"train": pool}), dedup="drop")
    assert data.spec.num_train + data.spec.num_val + data.spec.num_test == 38


def test_copies_within_a_given_split_are_no_leak(module) -> None:
    train = table(["a", "b"] * 20, image=with_copies({39: 0}))
    source = {"train": train, "val": table(["a", "b"], first=500), "test": table(["a", "b"], first=600)}
    assert module(InMemory(source)).spec.num_train == 40


def test_an_allowed_leak_is_counted_and_stamped(module) -> None:
    test = table(["a", "b"], image=[noise_image(3), noise_image(900)])
    data = module(InMemory({"train": table(["a", "b"] * 20), "test": test}), allow_leak=True)
    assert data.spec.leaked_rows == 1
    assert data.spec.notes[0].startswith("LEAK: 1 images")
    assert data.spec.num_train + data.spec.num_val == 40


def test_a_label_that_train_has_not_seen_is_refused(module) -> None:
    splits = {"train": table(["a", "b"] * 20), "test": table(["a", "c"], first=500)}
    line = refusal(module(InMemory(splits)))
    assert line.startswith("error[data.unseen_label] data.columns.label=c: 1 rows of the test split (test/1)")


def test_one_class_only_is_refused(module) -> None:
    assert "data.one_class" in refusal(module(InMemory({"train": table(["a"] * 20)})))


def test_a_class_with_one_row_cannot_be_stratified(module) -> None:
    line = refusal(module(InMemory({"train": table(["a", "b"] * 20 + ["rare"])})))
    assert line.startswith("error[data.single_row] data.columns.label=rare: 1 of 3 classes have a single row")


def test_an_empty_split_is_refused(module) -> None:
    full = table(["a", "b"] * 20)
    assert "the test split has no rows" in refusal(module(InMemory({"train": full, "test": full.select([])})))


def test_splits_without_a_train_split_are_refused(module) -> None:
    full = table(["a", "b"] * 20)
    assert "there is no train split among validation, test" in refusal(
        module(InMemory({"validation": full, "test": full}))
    )


def test_float_labels_are_refused(module) -> None:
    line = refusal(module(InMemory({"train": table([0.5, 1.5] * 20)})))
    assert line.startswith("error[data.float_labels] data.columns.label=label: classes must be names or whole numbers")
    assert "0.5, 1.5" in line


@pytest.mark.parametrize(("labels", "classes"), [(["a", None, "b", "a"] * 5, None), ([0, -1, 1, 0] * 5, ["a", "b"])])
def test_missing_labels_are_counted(module, labels: list, classes: list[str] | None) -> None:
    line = refusal(module(InMemory({"train": table(labels, classes=classes)})))
    assert "5 of 20 rows have no label (first: train/1, train/5, train/9)" in line


def test_a_missing_column_lists_those_there_and_the_nearest(module) -> None:
    line = refusal(module(InMemory({"train": table(["a", "b"] * 20)}), label="lable"))
    assert line.startswith("error[data.missing_column] data.columns.label=lable:")
    assert "allowed: image (Image), label (string)" in line
    assert line.endswith("next: data.columns.label=label")


def test_two_label_columns_are_not_guessed_between(module) -> None:
    dataset = table(["a", "b"] * 20, classes=["a", "b"]).rename_column("label", "coarse")
    dataset = dataset.add_column("fine", [0, 1] * 20).cast_column("fine", ClassLabel(names=["x", "y"]))
    assert "cannot tell which column holds the label" in refusal(module(InMemory({"train": dataset})))
    assert module(InMemory({"train": dataset}), label="fine").spec.class_names == ("x", "y")


def test_a_column_without_images_is_refused(module) -> None:
    dataset = table(["a", "b"] * 20, weight=[1.0] * 40)
    assert "data.image_type" in refusal(module(InMemory({"train": dataset}), image="weight"))


def corrupted(rows: list[int], *, num_rows: int) -> Dataset:
    """Rows of noise, some of which are no images or are cut off."""
    records = [encoded(noise_image(row)) for row in range(num_rows)]
    for row in rows:
        whole = encoded(noise_image(row, size=(40, 40)))["bytes"]
        assert isinstance(whole, bytes)
        records[row] = {"bytes": whole[: len(whole) // 2] if row % 2 else b"no image", "path": f"pictures/{row}.png"}
    features = Features(image=Image(decode=False), label=Value("string"))
    return Dataset.from_dict({"image": records, "label": ["a", "b"] * (num_rows // 2)}, features=features)


def test_corrupt_images_are_named_with_their_reason(module) -> None:
    line = refusal(module(InMemory({"train": corrupted([2, 5], num_rows=40)}), image_size=6))
    assert line.startswith("error[data.corrupt_image] data.on_bad=error: 2 of 40 images cannot be read")
    assert "train/2: not an image, or of an unknown format" in line
    assert "train/5" in line


def test_up_to_one_percent_of_corrupt_images_can_be_skipped_and_is_reported(module) -> None:
    data = module(InMemory({"train": corrupted([2, 5], num_rows=200)}), image_size=6, on_bad="skip")
    kept = [name for split in ("train", "val", "test") for name in data.examples(split)]
    assert len(kept) == 198
    assert {"train/2", "train/5"}.isdisjoint(kept)
    assert "2 of 200 images cannot be read and were skipped" in data.spec.notes[0]


def test_more_than_one_percent_of_corrupt_images_cannot_be_skipped(module) -> None:
    line = refusal(module(InMemory({"train": corrupted([2, 4, 5], num_rows=200)}), image_size=6, on_bad="skip"))
    assert "3 of 200 images cannot be read, more than the 1% that may be skipped" in line


def test_an_image_of_too_many_pixels_is_not_decoded(module, monkeypatch) -> None:
    rows = table(["a", "b"] * 20)
    monkeypatch.setattr(PilImage.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    line = refusal(module(InMemory({"train": rows}), max_megapixels=2e-5))
    assert "5 x 6 pixels are more than 2e-05 million: make it smaller, or raise data.max_megapixels" in line


def test_mixed_sizes_ask_for_an_image_size(module) -> None:
    images = [noise_image(row, size=(8, 8) if row % 4 else (16, 12)) for row in range(40)]
    source = InMemory({"train": table(["a", "b"] * 20, image=images)})
    line = refusal(module(source))
    assert line.startswith("error[data.mixed_sizes] data.image_size=null: images have 2 sizes")
    assert "from 8x8 to 16x12, most often 8x8: 30" in line
    assert line.endswith("next: data.image_size=8")
    assert module(source, image_size=[10, 8]).spec.image_size == (10, 8)


def test_one_colour_image_makes_all_of_them_rgb_and_keeps_gray_ones_gray(module) -> None:
    images = [noise_image(row, mode="RGB" if row == 7 else "L") for row in range(40)]
    data = module(InMemory({"train": table(["a", "b"] * 20, image=images)}))
    assert data.spec.channels == 3
    assert "39 of 40 images are gray and were converted to RGB." in data.spec.notes
    for index, name in enumerate(data.examples("train")):
        original = np.asarray(images[int(name.split("/")[1])])
        expected = original if original.ndim == 3 else np.repeat(original[:, :, None], 3, axis=2)
        assert np.array_equal(np.stack(data.show("train", [index]))[0], expected)


def test_colour_in_the_test_split_does_not_decide(module) -> None:
    test = table(["a", "b"], image=[noise_image(900, mode="RGB"), noise_image(901)])
    data = module(InMemory({"train": table(["a", "b"] * 20), "test": test}))
    assert data.spec.channels == 1
    gray = np.asarray(noise_image(900, mode="RGB").convert("L"))
    assert np.array_equal(np.stack(data.show("test", [0]))[0, :, :, 0], gray)


def test_a_batch_larger_than_the_data_still_makes_a_step(module) -> None:
    splits = {"train": table(["a", "b"]), "val": table(["a"], first=50), "test": table(["b"], first=60)}
    loader = module(InMemory(splits), batch_size=512).train_dataloader()
    assert len(loader) == loader.num_batches == 1
    assert loader.num_examples == 2


def test_string_labels_are_numbered_in_order_and_numbers_as_numbers(module) -> None:
    data = module(InMemory({"train": table(["cat", "ant", "bee", "ant"] * 10)}))
    assert data.spec.class_names == ("ant", "bee", "cat")
    row = int(data.examples("train")[0].split("/")[1])
    assert data.spec.class_names[values(data.labels("train"))[0]] == ["cat", "ant", "bee", "ant"][row % 4]
    assert module(InMemory({"train": table([10, 9, 2] * 10)}, name="int")).spec.class_names == ("2", "9", "10")


def test_classes_that_train_does_not_hold_are_left_out(module) -> None:
    data = module(InMemory({"train": table([2, 0] * 20, classes=["x", "never", "y"])}))
    assert data.spec.class_names == ("x", "y")
    assert sorted(set(values(data.labels("train")).tolist())) == [0, 1]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"batch_size": 0}, "data.batch_size"),
        ({"image_size": [8, 8, 8]}, "data.image_size"),
        ({"image_size": 0}, "data.image_size"),
        ({"on_bad": "ignore"}, "data.on_bad"),
        ({"dedup": "keep"}, "data.dedup"),
    ],
)
def test_settings_out_of_range_are_configuration_errors(module, settings: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        module(InMemory({"train": table(["a", "b"])}), **settings)


def test_a_cache_that_cannot_be_written_is_said_so(module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "a_file"
    blocked.write_text("in the way")
    monkeypatch.setenv("BAKEOFF_CACHE", str(blocked / "cache"))
    with pytest.raises(EnvironmentFault, match=r"env.cache_not_writable.*BAKEOFF_CACHE"):
        module(InMemory({"train": table(["a", "b"] * 20)})).setup()
