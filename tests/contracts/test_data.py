"""Every data set and augmentation in conf/: composes, builds, and keeps the promises of an image data module."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features
from datasets import Image as ImageFeature
from hydra import compose, initialize_config_dir
from PIL import Image

from bakeoff.config import build, compose_section, conf_dir
from bakeoff.data.images import ImageDataModule
from bakeoff.data.spec import ImageSpec

NUM_IMAGES = 60


def names(group: str) -> list[str]:
    """What can be chosen; files that start with an underscore are parts of others."""
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml") if not file.name.startswith("_"))


def noise(count: int, *size: int) -> np.ndarray:
    """Random pixels."""
    return np.random.default_rng(0).integers(0, 256, (count, *size), dtype=np.uint8)


def idx_folder(folder: Path) -> dict[str, Any]:
    """Tiny IDX files."""
    images_NHW, labels_N = noise(NUM_IMAGES, 28, 28), (np.arange(NUM_IMAGES) % 10).astype(np.uint8)
    for stem, rows in (("train", slice(40)), ("t10k", slice(40, None))):
        for kind, array in (("images-idx3", images_NHW[rows]), ("labels-idx1", labels_N[rows])):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (folder / f"{stem}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))
    return {"path": str(folder)}


def png_folder(folder: Path) -> dict[str, Any]:
    """PNGs in a folder a class."""
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        (folder / "abc"[row % 3]).mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / "abc"[row % 3] / f"{row}.png")
    return {"path": str(folder)}


def parquet_file(folder: Path) -> dict[str, Any]:
    """The hub's format."""
    columns = {"image": list(map(Image.fromarray, noise(NUM_IMAGES, 9, 9))), "label": list(np.arange(NUM_IMAGES) % 3)}
    features = Features(image=ImageFeature(), label=ClassLabel(names=["a", "b", "c"]))
    Dataset.from_dict(columns, features=features).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet")}


OFFLINE = {
    "digits": lambda folder: {},
    "fashion_mnist": idx_folder,
    "image_folder": png_folder,
    "hf": parquet_file,
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing from another run, nothing left behind."""
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def make(name: str, folder: Path, *, seed: int = 0) -> ImageDataModule:
    """The data set as a trial builds it."""
    if name not in OFFLINE:
        pytest.fail(f"say in OFFLINE how a test can have data={name} without a network")
    (folder / name).mkdir(exist_ok=True)
    overrides = [f"data.{key}={value}" for key, value in OFFLINE[name](folder / name).items()]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose(overrides=[f"+data={name}", *overrides])
    return build(config.data.module, seed=seed)


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_keeps_the_promises_of_its_module(name: str, tmp_path: Path) -> None:
    data = make(name, tmp_path)
    spec = data.spec
    assert spec.name == name
    assert spec.num_classes >= 2
    assert ImageSpec.from_dict(spec.to_dict()) == spec
    for split, size in (("train", spec.num_train), ("val", spec.num_val), ("test", spec.num_test)):
        assert len(data.labels(split)) == len(set(data.examples(split))) == size > 0
        assert set(data.labels(split)) <= set(range(spec.num_classes))
    assert set(data.labels("train")) == set(range(spec.num_classes))
    assert len({example for split in ("train", "val", "test") for example in data.examples(split)}) == (
        spec.num_train + spec.num_val + spec.num_test
    )


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_gives_normalised_batches_that_a_seed_repeats(name: str, tmp_path: Path) -> None:
    first, again, other = make(name, tmp_path), make(name, tmp_path), make(name, tmp_path, seed=1)
    images_BCHW, labels_B = next(iter(first.train_dataloader()))
    assert images_BCHW.shape[1:] == first.spec.example_shape
    assert images_BCHW.dtype == torch.float32
    assert labels_B.dtype == torch.int64
    assert torch.isfinite(images_BCHW).all()
    assert torch.equal(images_BCHW, next(iter(again.train_dataloader()))[0])
    assert not torch.equal(images_BCHW, next(iter(other.train_dataloader()))[0])
    assert first.fingerprint == other.fingerprint
    assert first.examples("test") == other.examples("test")
    assert first.examples("val") != other.examples("val")


@pytest.mark.parametrize("name", names("augment"))
def test_every_augmentation_keeps_the_form_of_a_batch(name: str) -> None:
    augment = build(compose_section("augment", name))
    torch.manual_seed(0)
    images_BCHW, labels_B = torch.randn(6, 3, 8, 10), torch.arange(6) % 3
    changed_BCHW, targets = augment(images_BCHW, labels_B, num_classes=3)
    assert changed_BCHW.shape == images_BCHW.shape
    assert torch.isfinite(changed_BCHW).all()
    assert (name == "none") == torch.equal(changed_BCHW, images_BCHW)
    assert torch.equal(targets, labels_B) or torch.allclose(targets.sum(dim=1), torch.ones(6))


@pytest.mark.parametrize("name", names("augment"))
def test_every_augmentation_lists_every_knob(name: str) -> None:
    assert set(compose_section("augment", name)) == set(compose_section("augment", "none"))
