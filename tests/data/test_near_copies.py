"""Near-copies are found where there are some, and nothing is told of data in which all images look alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mnist1d.data import get_dataset_args, make_dataset
from PIL import Image
from sklearn.datasets import load_digits

from bakeoff.data.image.near_copies import MOST_ROWS, WORTH_SAYING, near_copies, sampled_rows, thumbnail
from bakeoff.data.sources.digits import Digits
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.data.splits.rule import SplitRule

SIDE = 32


def motif(number: int) -> np.ndarray:
    """A smooth picture with a margin, as no other number has it."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[: SIDE + 1, : SIDE + 1] / SIDE * 2 * np.pi
    waves = [
        random.normal() * np.cos(random.uniform(0, 4) * x + random.uniform(0, 4) * y + random.uniform(0, 6))
        for _ in range(8)
    ]
    picture = np.sum(waves, axis=0)
    return (picture - picture.min()) / np.ptp(picture) * 180 + 20


def copy_of(number: int, copy: int) -> np.ndarray:
    """The motif, shifted by up to a pixel, brighter or darker, with some noise."""
    random = np.random.default_rng([number, copy])
    top, left = random.integers(0, 2, 2)
    picture = motif(number)[top : top + SIDE, left : left + SIDE] * random.uniform(0.8, 1.2)
    return np.clip(picture + random.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def clusters(pictures: list[np.ndarray] | np.ndarray, classes: np.ndarray) -> np.ndarray:
    return near_copies(np.stack([thumbnail(picture[None]) for picture in pictures]), classes)


@pytest.mark.parametrize(("motifs", "copies"), [(40, 12), (150, 2), (10, 60)])
def test_copies_of_a_motif_are_one_cluster(motifs: int, copies: int) -> None:
    numbers = np.repeat(np.arange(motifs), copies)
    found = clusters([copy_of(number, copy) for copy, number in enumerate(numbers)], numbers % 2)
    assert (found >= 0).mean() > 0.7
    assert all(len(set(numbers[found == cluster])) == 1 for cluster in set(found[found >= 0].tolist()))


def test_different_pictures_are_in_no_cluster() -> None:
    assert (clusters([motif(number) for number in range(300)], np.arange(300) % 3) >= 0).mean() < 0.02


def test_nothing_is_told_of_digits_that_all_look_alike() -> None:
    digits = load_digits()
    every = np.stack([thumbnail(picture[None]) for picture in digits.images])
    for seed, count in ((0, 1797), *((seed, count) for seed in range(4) for count in (60, 300))):
        rows = np.random.default_rng(seed).permutation(1797)[:count]
        found = int((near_copies(every[rows], digits.target[rows]) >= 0).sum())
        assert found < max(5, WORTH_SAYING * count)
    signals = make_dataset(get_dataset_args())
    found = clusters(signals["x"][:800, None, :].astype(np.float32), np.asarray(signals["y"][:800], dtype=np.int64))
    assert (found >= 0).mean() < 0.01


def test_a_class_that_stands_apart_is_no_cluster() -> None:
    classes = np.repeat([0, 1], 60)  # each is a motif under much noise
    noise = np.random.default_rng(0).normal(0, 40, (120, SIDE + 1, SIDE + 1))
    assert (clusters([motif(label) + own for label, own in zip(classes, noise, strict=True)], classes) < 0).all()


def test_few_images_or_plain_ones_are_in_no_cluster(module) -> None:
    assert clusters([motif(0)], np.array([0])).tolist() == [-1]
    assert not thumbnail(np.full((3, 20, 20), 7, dtype=np.uint8)).any()
    for shape in ((1, 1, 40), (3, 5, 9), (1, 20, 300)):
        assert thumbnail(np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)).shape == (256,)


def test_no_more_than_some_rows_are_looked_at() -> None:
    assert sampled_rows(7).tolist() == list(range(7))
    rows = sampled_rows(1_000_000)
    assert len(rows) == MOST_ROWS and rows.max() < 1_000_000
    assert (np.diff(rows) == 1).mean() > 0.95


def write_motifs(root: Path, *, copies: int, parts: tuple[str, ...] = ("",)) -> Path:
    """Twenty motifs of two classes; with parts, each has copies of its own."""
    for number in range(20):
        for copy in range(copies):
            folder = root / parts[copy % len(parts)] / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(copy_of(number, copy)).save(folder / f"{number:02d}_{copy}.png")
    return root


def test_near_copies_on_both_sides_are_told_and_groups_keep_them_apart(module, tmp_path: Path) -> None:
    folder = write_motifs(tmp_path / "motifs", copies=12)
    [note] = module(ImageFolder(path=str(folder))).spec.notes
    assert note.startswith("NEAR-COPIES of training images are about ")
    assert "of test images (" in note and "of validation images (" in note and "data.split.group_from" in note
    assert module(ImageFolder(path=str(folder)), split=SplitRule(group_from=r"(\d+)_")).spec.notes == ()


def test_given_splits_are_compared_as_they_are(module, tmp_path: Path) -> None:
    parts = ("train", "train", "val", "test")
    folder = write_motifs(tmp_path / "motifs", copies=12, parts=parts)
    for file in (folder / "test").rglob("*.png"):  # other motifs
        number, copy = map(int, file.stem.split("_"))
        Image.fromarray(copy_of(1000 + number, copy)).save(file)
    [note] = module(ImageFolder(path=str(folder))).spec.notes
    assert "of validation images" in note and "of test images" not in note


def test_digits_have_no_note_on_near_copies(module) -> None:
    assert not [note for note in module(Digits(), dedup="drop").spec.notes if "NEAR" in note]
