"""Folders of images and of texts, by the same rules: what is left out is told, what may be meant is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from datasets import DatasetDict

from bakeoff.data.sources.folders import visible_files
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.data.sources.source import Source
from bakeoff.data.sources.text_files import TextFiles
from bakeoff.data.sources.text_folder import TextFolder
from bakeoff.data.splits.rule import SplitRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, noise_image, table
from tests.data.made_texts import labelled


class Images:
    """Image files, and their source."""

    noun, ending, source = "image", ".png", ImageFolder

    @staticmethod
    def write(path: Path) -> None:
        noise_image(zlib.crc32(str(path).encode())).save(path, format="PNG")


class Texts:
    """Text files, and their source."""

    noun, ending, source = "text", ".txt", TextFolder

    @staticmethod
    def write(path: Path) -> None:
        path.write_text(f"a text called {path.name}")


@pytest.fixture(params=[Images, Texts])
def kind(request: pytest.FixtureRequest) -> type[Images | Texts]:
    return request.param


def fill(kind: type[Images | Texts], root: Path, *folders: str, count: int = 2) -> None:
    """So many files in each folder."""
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for row in range(count):
            kind.write(root / folder / f"{row}{kind.ending}")


def labels(loaded: DatasetDict, split: str = "train") -> dict[str, int]:
    """Files a class."""
    names = loaded[split]["label"]
    return {name: names.count(name) for name in sorted(set(names))}


def load(source: Source) -> DatasetDict:
    found = source.load()
    assert isinstance(found.notes, tuple)
    return found


def test_splits_and_classes_are_named_by_folders(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "training/a", "training/b", "Val/a", "Val/b", "test_set/a", "test_set/b")
    found = load(kind.source(path=str(tmp_path)))
    assert [labels(found, split) for split in ("train", "val", "test")] == [{"a": 2, "b": 2}] * 3
    assert found.notes == ()


@pytest.mark.parametrize("doubled", [("val", "validation"), ("Train", "train"), ("test", "testing"), ("dev", "valid")])
def test_two_folders_for_one_split_are_refused(kind, tmp_path: Path, doubled: tuple[str, str]) -> None:
    fill(kind, tmp_path, *(f"{top}/{name}" for top in {"train", "test", *doubled} for name in "ab"))
    with pytest.raises(DataError, match=r"data.doubled_split\].*two folders are the .* split: ") as caught:
        kind.source(path=str(tmp_path)).load()
    assert all(name in str(caught.value) for name in doubled)


def test_an_empty_second_folder_for_a_split_is_no_matter(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "train/a", "train/b", "test/a", "test/b")
    (tmp_path / "Train").mkdir()
    assert labels(load(kind.source(path=str(tmp_path)))) == {"a": 2, "b": 2}


def test_folders_beside_the_splits_are_counted(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "train/a", "train/b", "test/a", "test/b", "more/a", "more/c")
    kind.write(tmp_path / f"cover{kind.ending}")
    found = load(kind.source(path=str(tmp_path)))
    assert labels(found) == {"a": 2, "b": 2}
    where = f"cover{kind.ending}, more/"
    assert found.notes == (f"5 {kind.noun}s beside the splits (train, test) were left out: {where}.",)


@pytest.mark.parametrize(("name", "near"), [("tests", "test"), ("trian", "train"), ("valdation", "validation")])
def test_a_folder_with_nearly_the_name_of_a_split_is_refused(kind, tmp_path: Path, name: str, near: str) -> None:
    tops = {"train", "test", "val"} - {near[:3] if near == "validation" else near} | {"train", "dev"}
    fill(kind, tmp_path, *(f"{top}/{label}" for top in {*(tops - {"val"}), name} for label in "ab"))
    with pytest.raises(DataError, match=rf"data.unknown_split\].*folder {name} .*is nearly called"):
        kind.source(path=str(tmp_path)).load()


def test_splits_without_one_to_train_on_are_refused(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "val/a", "val/b", "test/a", "test/b")
    with pytest.raises(DataError, match=r"data.no_train_split\].*no folder train beside test, val"):
        kind.source(path=str(tmp_path)).load()


@pytest.mark.parametrize("names", [("test", "bus"), ("train", "bus"), ("test", "dev")])
def test_a_class_may_have_the_name_of_a_split(kind, tmp_path: Path, names: tuple[str, ...]) -> None:
    fill(kind, tmp_path, *names)
    assert labels(load(kind.source(path=str(tmp_path)))) == dict.fromkeys(names, 2)


def test_words_of_splits_in_names_of_classes_and_files_lose_no_file(kind, tmp_path: Path) -> None:
    """As the datasets library's own reader of folders has it, each would make a split of its own."""
    fill(kind, tmp_path, "test_tube", "train_car", count=3)
    for name in ("img-test-3", "val.1"):
        kind.write(tmp_path / "test_tube" / f"{name}{kind.ending}")
    assert labels(load(kind.source(path=str(tmp_path)))) == {"test_tube": 5, "train_car": 3}


def test_files_beside_class_folders_and_empty_class_folders_are_counted(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "a", "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "d" / "e").mkdir(parents=True)
    kind.write(tmp_path / f"7{kind.ending}")
    (tmp_path / "b" / "marks.xml").write_text("<x/>")
    found = load(kind.source(path=str(tmp_path)))
    assert labels(found) == {"a": 2, "b": 2}
    assert found.notes == (
        f"1 {kind.noun} in no class folder was left out: 7{kind.ending}.",
        f"2 class folders hold no {kind.noun}: c, d.",
        "1 file of other kinds was left out (endings .xml: 1).",
    )


def test_a_class_whose_files_are_all_of_another_kind_is_counted(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "a", "b")
    (tmp_path / "c").mkdir()
    for row in range(3):
        (tmp_path / "c" / f"{row}.npy").write_bytes(b"\x93NUMPY\0")
    assert load(kind.source(path=str(tmp_path))).notes == (
        f"1 class folder holds no {kind.noun}: c.",
        "3 files of other kinds were left out (endings .npy: 3).",
    )


def test_files_without_class_folders_are_refused_with_their_number(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "train", "test", count=3)
    with pytest.raises(DataError, match=rf"data.empty_folder\].*3 {kind.noun}s in no class folder were left out"):
        kind.source(path=str(tmp_path)).load()


def test_hidden_files_and_those_of_systems_are_not_seen(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "a", "b")
    before = list(visible_files(tmp_path))
    fill(kind, tmp_path, ".ipynb_checkpoints", "a/.cache", "__MACOSX/a", "b/@eaDir")
    for name in (f"._0{kind.ending}", "Thumbs.db", ".DS_Store"):
        kind.write(tmp_path / "a" / name)
    assert sorted(visible_files(tmp_path)) == sorted(before)
    found = load(kind.source(path=str(tmp_path)))
    assert (labels(found), found.notes) == ({"a": 2, "b": 2}, ())


def test_folders_in_class_folders_are_told_and_may_name_the_class(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "animal/cat", "animal/dog", "plant/cat")
    found = load(kind.source(path=str(tmp_path)))
    assert labels(found) == {"animal": 4, "plant": 2}
    assert len(found.notes) == 1 and "data.class_folder=last" in found.notes[0]
    last, path = (load(kind.source(path=str(tmp_path), class_folder=which)) for which in ("last", "path"))
    assert (labels(last), last.notes) == ({"cat": 4, "dog": 2}, ())
    assert labels(path) == {"animal/cat": 2, "animal/dog": 2, "plant/cat": 2}
    with pytest.raises(ConfigError, match=r"data.class_folder=inner"):
        kind.source(path=str(tmp_path), class_folder="inner").load()


def test_a_folder_around_the_classes_is_named(kind, tmp_path: Path) -> None:
    fill(kind, tmp_path, "flowers/a", "flowers/b")
    with pytest.raises(DataError, match=r"data.one_class\].*next: data.path=.*/flowers$"):
        kind.source(path=str(tmp_path)).load()


def test_an_archive_is_to_be_unpacked(kind, tmp_path: Path) -> None:
    (tmp_path / "flowers.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"data.not_a_folder\].*; next: unpack it"):
        kind.source(path=str(tmp_path / "flowers.zip")).load()


@pytest.mark.parametrize("name", ["0.jfif", "0.jpe", "0.JPG", "0", "0.jpg_large", "0.avif"])
def test_images_of_unusual_endings_are_read(tmp_path: Path, name: str) -> None:
    fill(Images, tmp_path, "a", "b")
    noise_image(9).save(tmp_path / "b" / name, format="AVIF" if name.endswith("avif") else "JPEG")
    found = load(ImageFolder(path=str(tmp_path)))
    assert (labels(found), found.notes) == ({"a": 2, "b": 3}, ())


@pytest.mark.parametrize("name", ["1.TXT", "37913", "1.text", "mail.0042", "00001.7c53336b37003a92"])
def test_texts_of_unusual_endings_are_read(tmp_path: Path, name: str) -> None:
    fill(Texts, tmp_path, "a", "b")
    (tmp_path / "b" / name).write_text("a mail")
    for other in ("README", "page.html", "notes.md"):
        (tmp_path / "b" / other).write_text("what this is")
    (tmp_path / "b" / "archive").write_bytes(b"PK\0\0")
    found = load(TextFolder(path=str(tmp_path)))
    assert labels(found) == {"a": 2, "b": 3}
    assert found.notes == ("4 files of other kinds were left out (endings none: 2, .md: 1, .html: 1).",)


@pytest.mark.parametrize("name", ["0.heic", "0.dcm"])
def test_pictures_that_nothing_reads_are_no_other_files(module, tmp_path: Path, name: str) -> None:
    fill(Images, tmp_path, "a", "b", count=10)
    (tmp_path / "b" / name).write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=rf"data.corrupt_image\].*b/{name}: .* not read here: convert it to JPEG"):
        module(ImageFolder(path=str(tmp_path))).setup()


def test_images_that_a_table_does_not_name_are_counted(tmp_path: Path) -> None:
    fill(Images, tmp_path, "x", count=3)
    (tmp_path / "metadata.csv").write_text("file_name,label\nx/0.png,a\nx/2.png,b\n")
    assert load(ImageFolder(path=str(tmp_path))).notes[0].endswith("were left out: x/1.png.")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "x/0.png", "label": "a"}')
    with pytest.raises(DataError, match=r"data.doubled_table\]"):
        ImageFolder(path=str(tmp_path)).load()


def test_a_split_without_its_table_is_refused(tmp_path: Path) -> None:
    fill(Images, tmp_path, "train", "test")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label\n0.png,a\n1.png,b\n")
    with pytest.raises(DataError, match=r"data.missing_table\].*no such table in test"):
        ImageFolder(path=str(tmp_path)).load()


def test_documents_in_folders_of_splits_are_those_splits(tmp_path: Path) -> None:
    fill(Texts, tmp_path / "books", "train/old", "train", "test", "drafts")
    (tmp_path / "books" / "test" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "books" / "test" / ".1.txt").write_text("hidden")
    found = load(TextFiles(file=str(tmp_path / "books")))
    assert {split: found[split].num_rows for split in found} == {"train": 4, "test": 2}
    assert found["test"]["__example__"] == ["books/test/0.txt", "books/test/1.txt"]
    assert found.notes == (
        "2 texts beside the splits (train, test) were left out: drafts/.",
        "1 file of other kinds was left out (endings .jpg: 1).",
    )
    fill(Texts, tmp_path / "novels", "train", "eliot")  # an author may be called so
    assert len(load(TextFiles(file=str(tmp_path / "novels")))["train"]) == 4


def test_splits_of_a_source_are_told_or_refused_too(module) -> None:
    rows = [table(["a", "b"] * 10, first=100 * place) for place in range(4)]
    splits = dict(zip(("train", "validation", "test", "unsupervised"), rows, strict=True))
    notes = module(InMemory(splits)).spec.notes
    assert notes == ("Splits of the source that are left out: unsupervised (20 rows).",)
    with pytest.raises(DataError, match=r"data.doubled_split\].*the val split: validation and dev"):
        module(InMemory({**splits, "dev": rows[3]}, name="doubled")).setup()


@pytest.mark.parametrize("pattern", [r"(\d+)_\d+\.\w+$", r"\d+_", r"([0-9]+)_(?:.)"])
def test_groups_from_names_stay_on_one_side(tmp_path: Path, module, kind, pattern: str) -> None:
    for row in range(120):
        place = tmp_path / "all" / "ab"[row % 2]
        place.mkdir(parents=True, exist_ok=True)
        kind.write(place / f"{row // 4:02d}_{row}{kind.ending}")
    source, rule = kind.source(path=str(tmp_path / "all")), SplitRule(group_from=pattern)
    data = module(source, split=rule) if kind is Images else labelled(source.load()["train"], split=rule)
    seen = {split: {Path(name).name[:2] for name in data.examples(split)} for split in ("train", "val", "test")}
    assert sum(map(len, seen.values())) == len(set().union(*seen.values())) == 30
    expected = [Path(name).name[:2] + "_" * (pattern == r"\d+_") for name in data.examples("test")]
    assert data.units("test") == expected


def test_a_pattern_that_is_none_or_is_not_found_is_refused(tmp_path: Path, module) -> None:
    fill(Images, tmp_path, "a", "b", count=10)
    with pytest.raises(ConfigError, match=r"data.split.group_from=\(\\d: is no regular expression \(missing \)"):
        SplitRule(group_from=r"(\d")
    with pytest.raises(ConfigError, match=r"data.split.group_from parts the rows in another way"):
        SplitRule(group_from=r"\d", group="patient")
    with pytest.raises(DataError, match=r"data.no_group\] .*is not found in 18 of 20 names, such as a/1.png"):
        module(ImageFolder(path=str(tmp_path)), split=SplitRule(group_from="0")).setup()


def test_groups_that_given_splits_part_are_told(tmp_path: Path, module) -> None:
    fill(Images, tmp_path, *(f"{split}/{name}" for split in ("train", "val") for name in "ab"), count=10)
    fill(Images, tmp_path, "test/a", "test/b", count=1)
    notes = module(ImageFolder(path=str(tmp_path)), split=SplitRule(group_from=r"(\d+)\.png")).spec.notes
    told = "LEAK: 10 groups have rows in more than one of the splits that are given (0, 1, 2)."
    assert notes == (told,)
