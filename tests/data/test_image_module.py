"""The data module as a whole: normalisation, fingerprint, cache, and new images brought to the same form."""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from PIL import Image

from bakeoff.commands import doctor
from bakeoff.data.batches.batch import join_rows
from bakeoff.data.cache import cache_root, cached_folder
from bakeoff.data.image.prediction import load_images
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.errors import DataError, EnvironmentFault
from tests.data.made_images import InMemory, noise_image, table
from tests.values import values


def coloured(labels: int = 40, *, first: int = 0) -> Dataset:
    """Noise in three channels of different brightness."""
    images = []
    for row in range(labels):
        pixels = np.random.default_rng(first + row).integers(0, [60, 120, 250], (6, 5, 3)).astype(np.uint8)
        images.append(Image.fromarray(pixels))
    return table(["a", "b"] * (labels // 2), image=images)


def test_mean_and_deviation_are_those_of_the_train_rows(module) -> None:
    data = module(InMemory({"train": coloured()}))
    pixels = np.stack(data.show("train", range(data.spec.num_train))).astype(np.float64) / 255
    assert np.allclose(data.spec.mean, pixels.mean(axis=(0, 1, 2)), atol=1e-12)
    assert np.allclose(data.spec.std, pixels.std(axis=(0, 1, 2)), atol=1e-12)
    assert module(InMemory({"train": coloured()}), seed=1).spec.mean != data.spec.mean


def test_batches_are_the_normalised_images_in_the_order_of_labels_and_examples(module) -> None:
    data = module(InMemory({"train": coloured()}))
    images_NCHW, labels_N, _ = join_rows(list(data.val_dataloader()))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (data.spec.mean, data.spec.std))
    raw_NCHW = torch.from_numpy(np.stack(data.show("val", range(data.spec.num_val)))).permute(0, 3, 1, 2)
    assert images_NCHW.dtype == torch.float32
    assert labels_N.dtype == torch.int64
    assert torch.allclose(images_NCHW, (raw_NCHW / 255 - mean) / std, atol=1e-5)
    assert labels_N.tolist() == values(data.labels("val")).tolist()
    train_NCHW = torch.cat([images for images, _, _ in data.train_dataloader()])
    assert torch.allclose(train_NCHW.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(train_NCHW.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_a_constant_channel_is_left_in_place(module) -> None:
    flat = np.full((6, 5), 9, dtype=np.uint8)
    images = [Image.fromarray(np.dstack([np.asarray(noise_image(row)), flat, flat])) for row in range(40)]
    data = module(InMemory({"train": table(["a", "b"] * 20, image=images)}))
    assert data.spec.std[1:] == (1.0, 1.0)
    assert all(torch.isfinite(batch).all() for batch in data.predict_dataloader("train"))


def test_prediction_batches_hold_the_inputs_alone(module) -> None:
    data = module(InMemory({"train": coloured()}), chunk=3)
    inputs = list(data.predict_dataloader("test"))
    assert [type(batch) for batch in inputs] == [torch.Tensor]
    assert len(inputs[0]) == data.spec.num_test == len(data.examples("test"))


def test_the_spec_survives_json(module) -> None:
    spec = module(InMemory({"train": coloured()})).spec
    assert ImageSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert spec.example_shape == (3, 6, 5)
    assert spec.model_arguments() == {"in_channels": 3, "image_size": (6, 5)}


def test_the_fingerprint_is_of_the_content_wherever_it_lies(module, tmp_path: Path) -> None:
    for row in range(40):
        folder = tmp_path / "one" / "ab"[row % 2]
        folder.mkdir(parents=True, exist_ok=True)
        noise_image(row).save(folder / f"{row:02d}.png")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = (module(ImageFolder(path=str(tmp_path / name))) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    assert one.spec == two.spec
    noise_image(1234).save(tmp_path / "two" / "a" / "00.png")
    assert module(ImageFolder(path=str(tmp_path / "two"))).fingerprint != one.fingerprint


def test_the_fingerprint_follows_a_label_and_the_test_split_but_not_the_seed(module) -> None:
    labels = ["a", "b"] * 20
    whole = module(InMemory({"train": table(labels)}))
    relabelled = module(InMemory({"train": table(["b", *labels[1:]])}, name="relabelled"))
    parted = module(InMemory({"train": table(labels[:30]), "test": table(labels[30:], first=30)}, name="parted"))
    assert whole.fingerprint == module(InMemory({"train": table(labels)}), seed=9).fingerprint
    assert len({whole.fingerprint, relabelled.fingerprint, parted.fingerprint}) == 3


def test_the_source_is_read_once_and_setup_again_does_nothing(module) -> None:
    source = InMemory({"train": coloured()})
    first, second = module(source, seed=0), module(source, seed=1)
    first.prepare_data()
    first.setup("fit")
    rows = first.examples("val")
    first.setup("test")
    second.setup()
    assert source.loads == 1
    assert first.examples("val") == rows


def _build_slowly(folder: Path) -> None:
    (folder / "mark").write_text(str(multiprocessing.current_process().pid))


def _cached(_: int) -> str:
    return (cached_folder("images", "shared", _build_slowly) / "mark").read_text()


def test_processes_that_come_together_share_one_build() -> None:
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
        assert len(set(pool.map(_cached, range(6)))) == 1


def test_a_failed_build_leaves_nothing_and_a_killed_one_is_cleared_away() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        cached_folder("images", "key", fail)
    leftover = cache_root() / "images" / "key.tmp-killed"
    leftover.mkdir()
    cached_folder("images", "key", lambda folder: (folder / "whole").touch())
    assert not leftover.exists()
    assert (cache_root() / "images" / "key" / "whole").exists()


def test_a_disk_without_space_is_refused_before_it_is_filled(module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(EnvironmentFault, match=r"env.disk_full.* needs 0.00 GB here and 0.00 GB are free"):
        module(InMemory({"train": coloured()})).setup()


def test_the_cache_is_where_the_variables_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"
    monkeypatch.delenv("BAKEOFF_CACHE")
    assert cache_root() == tmp_path / "xdg" / "bakeoff"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "bakeoff"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_root() == tmp_path / ".cache" / "bakeoff"
    monkeypatch.setenv("BAKEOFF_CACHE", "~/own")
    assert cache_root() == tmp_path / "own"


def test_a_user_without_a_home_is_told_to_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "BAKEOFF_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    with pytest.raises(EnvironmentFault, match=r"env.no_home. BAKEOFF_CACHE=~/.cache/bakeoff: .*set the environment"):
        cache_root()
    assert doctor._cache().status == "broken"


def test_who_may_read_the_cache_may_read_what_is_in_it() -> None:
    before = os.umask(0o022)
    try:
        folder = cached_folder("shared", "key", lambda folder: (folder / "whole").touch())
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.fixture
def trained(module, tmp_path: Path):
    """A data module over a folder, and the folder."""
    for row in range(40):
        folder = tmp_path / "flowers" / "ab"[row % 2]
        folder.mkdir(parents=True, exist_ok=True)
        noise_image(row).save(folder / f"{row:02d}.png")
    return module(ImageFolder(path=str(tmp_path / "flowers"))), tmp_path / "flowers"


def test_new_images_come_in_the_form_of_the_test_batches(trained) -> None:
    data, folder = trained
    expected_NCHW = torch.cat(list(data.predict_dataloader("test")))
    files = [folder / name for name in data.examples("test")]
    images_NCHW, names = load_images(files, data.spec)
    assert torch.equal(images_NCHW, expected_NCHW)
    assert names == [str(file) for file in files]


def test_a_folder_and_tables_of_new_images_give_the_same(trained, tmp_path: Path) -> None:
    data, folder = trained
    files = sorted(folder.rglob("*.png"))
    from_folder, names = load_images(folder, data.spec)
    assert names == [str(file) for file in files]
    Dataset.from_dict({"picture": [Image.open(file) for file in files]}).to_parquet(tmp_path / "new.parquet")
    from_parquet, row_names = load_images(tmp_path / "new.parquet", data.spec)
    assert torch.equal(from_parquet, from_folder)
    assert row_names[:2] == ["new.parquet#0", "new.parquet#1"]
    lines = ["picture", *[file.relative_to(tmp_path).as_posix() for file in files]]
    (tmp_path / "new.csv").write_text("\n".join(lines))
    assert torch.equal(load_images(tmp_path / "new.csv", data.spec, column="picture")[0], from_folder)


def test_new_images_of_another_size_and_mode_are_converted(trained, tmp_path: Path) -> None:
    data, _ = trained
    Image.new("RGBA", (50, 31), (255, 0, 0, 255)).save(tmp_path / "red.png")
    images_NCHW, _ = load_images(tmp_path / "red.png", data.spec)
    assert images_NCHW.shape == (1, *data.spec.example_shape)
    luma = (76 / 255 - data.spec.mean[0]) / data.spec.std[0]  # 0.299 of red
    assert torch.allclose(images_NCHW, torch.full_like(images_NCHW, luma), atol=1e-5)


def test_new_images_that_cannot_be_read_are_named_or_skipped(trained, tmp_path: Path) -> None:
    data, folder = trained
    good = next(folder.rglob("*.png"))
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(DataError, match=r"data.corrupt_image\] on_bad=error: 1 of 2 images cannot be read .*bad.png"):
        load_images([good, tmp_path / "bad.png"], data.spec)
    assert load_images([good, tmp_path / "bad.png"], data.spec, on_bad="skip")[1] == [str(good)]
    with pytest.raises(DataError, match=r"data.empty_folder"):
        (tmp_path / "empty").mkdir()
        load_images(tmp_path / "empty", data.spec)


def test_camera_orientation_and_sixteen_bits_are_understood(trained, tmp_path: Path) -> None:
    data, _ = trained
    upright = np.asarray(noise_image(7, size=(5, 6)))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    Image.fromarray(upright).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(np.rot90(upright, -1)).save(tmp_path / "plain.png")
    deep = np.rot90(upright, -1).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    images_NCHW, _ = load_images([tmp_path / f"{name}.png" for name in ("plain", "turned", "deep")], data.spec)
    assert torch.equal(images_NCHW[1], images_NCHW[0])
    assert torch.equal(images_NCHW[2], images_NCHW[0])
