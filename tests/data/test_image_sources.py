"""Sources: digits, IDX files, folders, Parquet, and a hub that cannot be reached."""

from __future__ import annotations

import gzip
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from datasets import DatasetDict
from sklearn.datasets import load_digits

from bakeoff.data.sources.digits import Digits
from bakeoff.data.sources.fashion_mnist import FashionMNIST
from bakeoff.data.sources.hub import HuggingFace
from bakeoff.data.sources.idx import read_idx
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.data.splits.rule import SplitRule
from bakeoff.errors import DataError, EnvironmentFault
from tests.data.made_images import noise_image, table
from tests.values import values

HUB_NAME, REVISION = "owner/name", "0" * 40


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX format, written here from its description."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx_folder(folder: Path, *, num_train: int = 40, num_test: int = 10, zipped: bool = False) -> np.ndarray:
    """The four files of a tiny Fashion-MNIST; returns the train images."""
    images_NHW = np.random.default_rng(0).integers(0, 256, (num_train + num_test, 28, 28), dtype=np.uint8)
    labels_N = (np.arange(num_train + num_test) % 10).astype(np.uint8)
    folder.mkdir(parents=True)
    for stem, rows in (("train", slice(num_train)), ("t10k", slice(num_train, None))):
        for kind, array in (("images-idx3", images_NHW[rows]), ("labels-idx1", labels_N[rows])):
            content = idx_bytes(array)
            suffix = ".gz" if zipped else ""
            (folder / f"{stem}-{kind}-ubyte{suffix}").write_bytes(gzip.compress(content) if zipped else content)
    return images_NHW[:num_train]


def write_class_folders(folder: Path, *, classes: tuple[str, ...] = ("rose", "tulip"), first: int = 0) -> None:
    """Twenty PNGs a class."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for row in range(20):
            noise_image(first + 20 * number + row).save(folder / name / f"{row:02d}.png")


def test_digits_are_those_of_scikit_learn_with_ink_from_0_to_255(module) -> None:
    data = module(Digits())
    spec = data.spec
    assert (spec.channels, spec.height, spec.width) == (1, 8, 8)
    assert spec.class_names == tuple("0123456789")
    assert spec.num_train + spec.num_val + spec.num_test == 1797
    digits = load_digits()
    rows = [int(name.split("/")[1]) for name in data.examples("test")]
    ink = np.stack(data.show("test", range(len(rows))))[..., 0] * (16 / 255)
    assert np.abs(ink - digits.images[rows]).max() < 0.04  # half a step of uint8
    assert np.array_equal(values(data.labels("test")), digits.target[rows])


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_are_read_plain_and_zipped(module, tmp_path: Path, zipped: bool) -> None:
    expected_NHW = write_idx_folder(tmp_path / "idx", zipped=zipped)
    data = module(FashionMNIST(path=str(tmp_path / "idx"), hub_name=HUB_NAME, revision=REVISION))
    assert (data.spec.num_train, data.spec.num_val, data.spec.num_test) == (30, 10, 10)
    assert data.spec.class_names[0] == "T-shirt/top"
    rows = [int(name.split("/")[1]) for name in data.examples("val")]
    assert np.array_equal(np.stack(data.show("val", range(10)))[..., 0], expected_NHW[rows])


def test_a_folder_without_the_idx_files_lists_what_is_missing(tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "idx")
    (tmp_path / "idx" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="lacks t10k-labels-idx1-ubyte"):
        FashionMNIST(path=str(tmp_path / "idx"), hub_name=HUB_NAME, revision=REVISION).identity()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (idx_bytes(np.zeros((3, 2, 2), dtype=np.uint8))[:-1], "holds 11 bytes where its header"),
        (b"\0\0\x0d\1" + bytes(8), "is no IDX file of unsigned bytes"),
        (b"", "it starts with nothing"),
        (b"\0\0\x08\3\0\0", "ends within its header"),
    ],
)
def test_broken_idx_files_say_how_they_are_broken(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read_idx(tmp_path / "file")


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.gz").write_bytes(gzip.compress(bytes(100))[:-12])
    with pytest.raises(DataError, match="cannot be decompressed"):
        read_idx(tmp_path / "file.gz")


def test_a_folder_a_class(module, tmp_path: Path) -> None:
    write_class_folders(tmp_path / "flowers", classes=("rose", "test_tube"))  # the name must not make it a test split
    data = module(ImageFolder(path=str(tmp_path / "flowers")))
    assert data.spec.class_names == ("rose", "test_tube")
    assert (data.spec.num_train, data.spec.num_val, data.spec.num_test) == (24, 8, 8)
    name = data.examples("test")[0]
    assert name.startswith("rose/")
    assert np.stack(data.show("test", [0]))[0, :, :, 0].tolist() == np.asarray(noise_image(int(name[5:7]))).tolist()


def test_links_are_followed_and_hidden_files_are_not_seen(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "elsewhere", classes=("rose", "tulip"))
    flowers = tmp_path / "flowers"
    write_class_folders(flowers, classes=("fern",), first=100)
    for name in ("rose", "tulip"):
        (flowers / name).symlink_to(tmp_path / "elsewhere" / name)
    (flowers / "fern" / "back").symlink_to(flowers)
    before = ImageFolder(path=str(flowers)).identity()
    for name in (".ipynb_checkpoints", "fern/.thumbnails"):
        write_class_folders(flowers / name, classes=("x",))
    noise_image(7).save(flowers / "fern" / ".00.png")
    source = ImageFolder(path=str(flowers))
    assert source.identity() == before
    labels = source.load()["train"]["label"]
    assert {name: labels.count(name) for name in set(labels)} == {"fern": 20, "rose": 20, "tulip": 20}


def test_a_link_to_nothing_is_an_unreadable_image(module, tmp_path: Path) -> None:
    write_class_folders(tmp_path / "flowers")
    (tmp_path / "flowers" / "rose" / "99.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"rose/99.png: the file does not exist"):
        module(ImageFolder(path=str(tmp_path / "flowers"))).setup()


def test_a_name_that_is_not_utf8_is_told(module, tmp_path: Path) -> None:
    write_class_folders(tmp_path / "flowers")
    name = os.fsdecode(os.fsencode(tmp_path / "flowers" / "rose") + b"/\xff.png")
    noise_image(99).save(name)
    with pytest.raises(DataError, match=r"data.encoding\].*rose/.udcff.png: the name of this file is not UTF-8"):
        module(ImageFolder(path=str(tmp_path / "flowers"))).setup()


@pytest.mark.parametrize("up", ["../other/00.png", "/etc/hostname", "rose/../../other/00.png"])
def test_a_table_names_no_file_outside_of_the_folder(tmp_path: Path, up: str) -> None:
    write_class_folders(tmp_path / "flowers")
    (tmp_path / "flowers" / "metadata.csv").write_text(f"file_name,label\nrose/../tulip/00.png,a\n{up},b\n")
    with pytest.raises(DataError, match=r"data.outside_folder\] file_name=.*metadata.csv names a file outside"):
        ImageFolder(path=str(tmp_path / "flowers")).load()
    (tmp_path / "flowers" / "metadata.csv").write_text("file_name,label\nrose/../tulip/00.png,a\n")
    assert ImageFolder(path=str(tmp_path / "flowers")).load()["train"]["__example__"] == ["tulip/00.png"]


def test_split_folders_are_given_splits(module, tmp_path: Path) -> None:
    for first, part in ((0, "train"), (100, "validation"), (200, "test")):
        write_class_folders(tmp_path / "flowers" / part, first=first)
    data = module(ImageFolder(path=str(tmp_path / "flowers")))
    assert (data.spec.num_train, data.spec.num_val, data.spec.num_test) == (40, 40, 40)
    assert data.examples("val")[0] == "validation/rose/00.png"


@pytest.mark.parametrize("split_folders", [False, True])
def test_a_metadata_table_gives_labels_and_groups(module, tmp_path: Path, split_folders: bool) -> None:
    lines = ["file_name,kind,plant"]
    for row in range(60):
        part = ("train/", "test/")[row % 3 == 0] if split_folders else ""
        (tmp_path / part).mkdir(exist_ok=True)
        noise_image(row).save(tmp_path / f"{part}{row}.png")
        lines.append(f"{part}{row}.png,{'xy'[row % 2]},p{row // 3}")
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    data = module(ImageFolder(path=str(tmp_path)), label="kind")
    assert data.spec.class_names == ("x", "y")
    if split_folders:
        assert set(data.examples("test")) == {f"test/{row}.png" for row in range(0, 60, 3)}
    else:
        assert data.spec.num_test == 12


def test_groups_of_a_folder_without_a_table_are_asked_of_a_table(module, tmp_path: Path) -> None:
    write_class_folders(tmp_path)
    with pytest.raises(DataError, match=r"a metadata.csv with the columns file_name, label, plant beside the images"):
        module(ImageFolder(path=str(tmp_path)), split=SplitRule(group="plant")).setup()


def test_a_file_that_the_table_names_and_is_not_there_is_reported(module, tmp_path: Path) -> None:
    write_class_folders(tmp_path)
    names = [f"rose/{row:02d}.png" for row in range(20)] + ["rose/gone.png"]
    (tmp_path / "metadata.csv").write_text("file_name,label\n" + "\n".join(f"{name},{name[6]}" for name in names))
    with pytest.raises(DataError, match=r"rose/gone.png: the file does not exist"):
        module(ImageFolder(path=str(tmp_path))).setup()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"file;label\n1.png;a\n", r"data.missing_column\] file_name: .*allowed: file, label"),
        (b"file_name,label\n1.png,a\n2.png,a,b,c\n", r"data.ragged\] data.path=.* line 3 of .* has 4 fields where"),
        ("file_name,label\n1.png,é\n".encode("latin-1"), "line 2 of .* is not utf-8 .*; next: data.encoding=cp1252"),
    ],
)
def test_broken_metadata_tables_say_where(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "metadata.csv").write_bytes(content)
    with pytest.raises(DataError, match=problem):
        ImageFolder(path=str(tmp_path)).load()


def test_an_empty_folder_says_how_it_should_look(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.empty_folder.*CLASS/1.png"):
        ImageFolder(path=str(tmp_path)).load()


def test_a_path_that_does_not_exist_names_the_absolute_one_and_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "flowers").mkdir()
    with pytest.raises(DataError) as caught:
        ImageFolder(path=str(tmp_path / "flower" / "red")).identity()
    assert f"there is no file or folder {tmp_path / 'flower' / 'red'}" in str(caught.value)
    assert str(caught.value).endswith(f"next: nearest in {tmp_path}: flowers")


@pytest.mark.parametrize("name", ["shapes.parquet", "[2024] a*b #1%20?.parquet"])
def test_a_parquet_file_with_the_image_feature(module, tmp_path: Path, name: str) -> None:
    table(["a", "b"] * 20, classes=["a", "b"]).to_parquet(tmp_path / name)
    data = module(HuggingFace(path=str(tmp_path / name), config=None, revision=None))
    assert (data.spec.num_train, data.spec.num_val, data.spec.num_test) == (24, 8, 8)
    row = int(data.examples("test")[0].split("/")[1])
    assert np.stack(data.show("test", [0]))[0, :, :, 0].tolist() == np.asarray(noise_image(row)).tolist()


def test_a_local_folder_in_the_hubs_layout(module, tmp_path: Path) -> None:
    (tmp_path / "shapes" / "data").mkdir(parents=True)
    for first, part in ((0, "train"), (100, "test")):
        file = tmp_path / "shapes" / "data" / f"{part}-00000-of-00001.parquet"
        table(["a", "b"] * 20, first=first, classes=["a", "b"]).to_parquet(file)
    data = module(HuggingFace(path=str(tmp_path / "shapes"), config=None, revision=None))
    assert (data.spec.num_train, data.spec.num_val, data.spec.num_test) == (30, 10, 40)


def test_a_folder_of_save_to_disk(module, tmp_path: Path) -> None:
    DatasetDict(train=table(["a", "b"] * 20)).save_to_disk(tmp_path / "saved")
    assert module(HuggingFace(path=str(tmp_path / "saved"), config=None, revision=None)).spec.num_test == 8


def test_a_file_that_is_no_parquet_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("no parquet")
    with pytest.raises(DataError, match=r"data.unreadable\] data.path=") as caught:
        HuggingFace(path=str(tmp_path / "bad.parquet"), config=None, revision=None).load()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("variable_set", [False, True])
def test_the_hub_out_of_reach_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch, variable_set: bool) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", variable_set)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", variable_set)
    start = time.monotonic()
    with pytest.raises(EnvironmentFault) as caught:
        HuggingFace(path="owner/certainly_not_cached", config=None, revision=REVISION).load()
    assert time.monotonic() - start < 5
    assert str(caught.value).startswith("error[env.offline] data.path=owner/certainly_not_cached: ")
    assert ("HF_HUB_OFFLINE is set" in str(caught.value)) == variable_set
    assert caught.value.exit_code == 4


def test_a_local_path_that_is_not_there_is_no_hub_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.not_found"):
        HuggingFace(path=str(tmp_path / "gone.parquet"), config=None, revision=None).identity()
