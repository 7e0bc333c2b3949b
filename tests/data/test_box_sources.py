"""Boxes from COCO's JSON, YOLO's text files, VOC's XML and the hub's columns: layouts, oddities, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from datasets import Image as ImageFeature
from PIL import ExifTags, Image

from bakeoff.cli import main
from bakeoff.config import build
from bakeoff.data.boxes.boxed import BoxedImages
from bakeoff.data.sources.coco import Coco
from bakeoff.data.sources.voc import Voc
from bakeoff.data.sources.yolo import Yolo
from bakeoff.errors import DataError
from tests.contracts.test_data import section_of

CATEGORIES = [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}]


def picture(file: Path, number: int, *, size: tuple[int, int] = (20, 30), turned: bool = False) -> None:
    """An image of noise that no other has; ``size`` is height and width, stored sideways with a tag if ``turned``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    height, width = size[::-1] if turned else size
    image = Image.fromarray(np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8))
    exif = Image.Exif()
    if turned:
        exif[ExifTags.Base.Orientation] = 6
    image.save(file, exif=exif)


def content(names: list[str], annotations: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """COCO's JSON of images of 20 x 30, numbered from 1."""
    images = [{"id": n, "file_name": name, "height": 20, "width": 30} for n, name in enumerate(names, 1)]
    return {"images": images, "annotations": annotations, "categories": CATEGORIES} | changes


def of(image: int, box: list[float], category: int = 3, **more: Any) -> dict[str, Any]:
    return {"id": more.pop("id", 0), "image_id": image, "category_id": category, "bbox": box} | more


def roboflow(folder: Path, annotations: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
    """Ten images to train on and five to test on, each beside its JSON."""
    for part, count, start in (("train", 10, 0), ("test", 5, 10)):
        for number in range(1, count + 1):
            picture(folder / part / f"{number}.png", start + number)
        own = [of(n, [1, 2, 10, 12], 3 if n % 2 else 7) for n in range(1, count + 1)]
        own = annotations if annotations is not None and part == "train" else own
        told = content([f"{n}.png" for n in range(1, count + 1)], own, **changes)
        (folder / part / "_annotations.coco.json").write_text(json.dumps(told))
    return folder


def opened(name: str, folder: Path, **settings: Any) -> BoxedImages:
    """The data as a trial has it."""
    data = build(section_of(name, {"folder": folder, **settings}).module, seed=0)
    data.prepare_data()
    data.setup()
    return data


def told(data: BoxedImages) -> str:
    return " ".join(data.spec.notes)


def test_json_beside_images_gives_splits_classes_and_boxes(tmp_path: Path) -> None:
    data = opened("coco", roboflow(tmp_path))
    assert data.spec.class_names == ("cat", "dog")
    assert data.num_examples("test") == 5 and data.examples("test")[0] == "test/1.png"
    assert data._objects.boxes_M4[0].tolist() == [1, 2, 11, 14]
    assert data._objects.areas_M[0] == 120, "of no area told, the box's own"
    assert data._objects.classes_M[:3].tolist() == [0, 1, 0]


@pytest.mark.parametrize("images", ["train2017", "images/train2017", "train"])
def test_cocos_own_layout_is_read_and_other_tasks_files_are_not(tmp_path: Path, images: str) -> None:
    for number in range(1, 11):
        picture(tmp_path / images / f"{number}.png", number)
    (tmp_path / "annotations").mkdir()
    own = content([f"{n}.png" for n in range(1, 11)], [of(n, [1, 2, 10, 12]) for n in range(1, 11)])
    (tmp_path / "annotations/instances_train2017.json").write_text(json.dumps(own))
    (tmp_path / "annotations/captions_train2017.json").write_text("{}")
    loaded = Coco(folder=str(tmp_path)).load()
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 10}
    assert (
        loaded.notes == ()
        and Path(loaded["train"].cast_column("image", ImageFeature(decode=False))[0]["image"]["path"]).exists()
    )
    assert Coco.argument_for(tmp_path) == "folder"


def test_what_is_odd_in_a_json_is_kept_or_told(tmp_path: Path) -> None:
    annotations = [
        of(1, [1, 1, 0, 5]),
        of(2, [25, 10, 20, 5], 7, area=40),
        of(3, [50, 50, 5, 5]),
        of(4, [2, 2, 9, 9], iscrowd=1, area=30.5, segmentation={"counts": [0], "size": [20, 30]}),
        {"id": 9, "image_id": 5, "category_id": 7, "segmentation": [[2, 3, 8, 3, 8, 9]]},
        of(99, [1, 1, 2, 2]),
    ]
    data = opened("coco", roboflow(tmp_path, annotations))
    objects = data._objects
    assert objects.counts_N.tolist() == [0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert objects.boxes_M4[:3].tolist() == [[25, 10, 30, 15], [2, 2, 11, 11], [2, 3, 8, 9]]
    assert objects.areas_M[:3].tolist() == [40, 30.5, 15], "as told, or of the outline, not the box's 36"
    assert objects.crowd_M.tolist() == [False, True] + [False] * 6
    for what in (
        "have no area and were left out (first in train/1.png)",
        "were cut off at its edge (first in train/2.png)",
        "lie outside of their image and were left out (first in train/3.png)",
        "are of crowds",
        "7 of 15 images have no boxes",
        "1 annotations of train/_annotations.coco.json are of no image in it and were left out.",
    ):
        assert what in told(data)


def test_an_unknown_category_is_refused_by_its_annotation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.unknown_category") as refused:
        opened("coco", roboflow(tmp_path, [of(1, [1, 1, 5, 5]), of(2, [1, 1, 5, 5], 4, id=12)]))
    assert "annotation 12 in train/_annotations.coco.json has the category_id 4" in str(refused.value)
    assert "3, 7" in str(refused.value)


def test_a_root_class_without_annotations_is_left_out_and_told(tmp_path: Path) -> None:
    whole = [{"id": 0, "name": "pets", "supercategory": "none"}]
    whole += [category | {"supercategory": "pets"} for category in CATEGORIES]
    data = opened("coco", roboflow(tmp_path / "a", categories=whole))
    assert data.spec.class_names == ("cat", "dog") and "The category pets of id 0 has no annotation" in told(data)
    used = opened("coco", roboflow(tmp_path / "b", [of(1, [1, 1, 5, 5], 0)], categories=whole))
    assert used.spec.class_names == ("pets", "cat", "dog")
    alone = [{"id": 0, "name": "hen", "supercategory": "none"}, *CATEGORIES]
    kept = opened("coco", roboflow(tmp_path / "c", categories=alone))
    assert kept.spec.class_names == ("hen", "cat", "dog"), "no root of others"


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    (roboflow(tmp_path) / "train/3.png").unlink()
    with pytest.raises(DataError, match=r"1 of 15 images cannot be read \(train/3\.png: the file does not exist\)"):
        opened("coco", tmp_path)


def test_bakeoff_data_shows_the_rest_where_an_image_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (roboflow(tmp_path) / "train/3.png").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["data", str(tmp_path)])
    told = capsys.readouterr()
    assert ended.value.code == 3
    assert "1 of 15 images cannot be read (train/3.png: the file does not exist)" in " ".join(
        (told.out + told.err).split()
    )
    assert "20 x 30 RGB" in told.out


def test_a_test_split_without_boxes_is_refused(tmp_path: Path) -> None:
    file = roboflow(tmp_path) / "test/_annotations.coco.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"annotations": []}))
    with pytest.raises(DataError, match=r"data\.no_boxes.*no image of the test split has a box"):
        opened("coco", tmp_path)


def test_images_that_no_json_names_are_told(tmp_path: Path) -> None:
    picture(roboflow(tmp_path) / "train/extra.png", 77)
    assert "1 images are in no annotation file and were left out (train/extra.png)." in told(opened("coco", tmp_path))


def test_names_that_lead_into_another_tools_folder_are_found_by_their_last_part(tmp_path: Path) -> None:
    names = [f"..\\..\\label-studio\\data\\media\\upload\\1\\{n}.png" for n in range(1, 11)]
    for number in range(1, 11):
        picture(tmp_path / "images" / f"{number}.png", number)
    (tmp_path / "result.json").write_text(json.dumps(content(names, [of(n, [1, 2, 9, 9]) for n in range(1, 11)])))
    data = opened("coco", tmp_path)
    assert "10 images were found by the last part of the name" in told(data)
    assert sum(data.num_examples(split) for split in ("train", "val", "test")) == 10


def test_boxes_on_turned_pictures_are_taken_as_drawn_on_what_is_seen(tmp_path: Path) -> None:
    folder = roboflow(tmp_path, [of(1, [1, 1, 15, 25])])
    picture(folder / "train/1.jpg", 50, size=(30, 20), turned=True)
    told_of = json.loads((folder / "train/_annotations.coco.json").read_text())
    told_of["images"][0]["file_name"] = "1.jpg"
    (folder / "train/1.png").unlink()
    (folder / "train/_annotations.coco.json").write_text(json.dumps(told_of))
    data = opened("coco", folder, image_size=32)
    assert "1 images are turned by their camera's tag" in told(data)
    assert data._objects.boxes_M4[0].tolist() == [1, 1, 16, 26] and data._images.sizes_N2[0].tolist() == [30, 20]


def test_images_of_another_size_than_their_annotations_are_refused(tmp_path: Path) -> None:
    picture(roboflow(tmp_path) / "train/1.png", 50, size=(40, 60))
    with pytest.raises(DataError, match=r"data\.other_size.*train/1\.png: image 40x60, boxes 20x30"):
        opened("coco", tmp_path, image_size=32)


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (lambda folder: (folder / "train/_annotations.coco.json").write_text("{"), r"data\.coco"),
        (lambda folder: (folder / "train/_annotations.coco.json").write_text("[]"), r"data\.coco.*lacks lists"),
        (
            lambda folder: (folder / "train/more.coco.json").write_text(json.dumps(content([], []))),
            r"data\.doubled_file",
        ),
        (lambda folder: (folder / "train/_annotations.coco.json").unlink(), r"data\.no_train"),
    ],
)
def test_json_that_cannot_be_meant_is_refused(tmp_path: Path, write: Any, code: str) -> None:
    write(roboflow(tmp_path))
    with pytest.raises(DataError, match=code):
        Coco(folder=str(tmp_path)).load()


def test_two_categories_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = [*CATEGORIES, {"id": 8, "name": "dog"}]
    with pytest.raises(DataError, match=r"data\.doubled_class"):
        Coco(folder=str(roboflow(tmp_path, categories=twice))).load()


def yolo(folder: Path, lines: list[str], *, layout: str = "images/{part}") -> Path:
    """Ten images, the first of which have these lines, and five to test on; the last has no text file."""
    for part, count, start in (("train", 10, 0), ("test", 5, 10)):
        for number in range(1, count + 1):
            image = folder / layout.format(part=part) / f"{number}.png"
            picture(image, start + number)
            label = Path(str(image.parent).replace("images", "labels")) / f"{number}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            own = lines if part == "train" and number == 1 else ["1 0.5 0.5 0.2 0.4"]
            if number < count:
                label.write_text("\n".join(own))
    return folder


@pytest.mark.parametrize("layout", ["images/{part}", "{part}/images", "{part}"])
def test_text_files_give_boxes_and_data_yaml_the_names(tmp_path: Path, layout: str) -> None:
    folder = yolo(tmp_path, ["0 0.5 0.5 0.2 0.4", "", "1 0.1 0.1 0.3 0.1 0.3 0.5 0.1 0.5"], layout=layout)
    (folder / "data.yaml").write_text("names: {0: cat, 1: dog}\n")
    data = opened("yolo", folder)
    assert np.allclose(data._objects.boxes_M4[:2], [[12, 6, 18, 14], [3, 2, 9, 10]])
    assert data.spec.class_names == ("cat", "dog") and data.num_examples("test") == 5
    assert "2 of 15 images have no boxes" in told(data)


def test_classes_without_names_are_called_by_number_or_named_in_settings(tmp_path: Path) -> None:
    folder = yolo(tmp_path, ["0 0.5 0.5 0.2 0.4"])
    assert opened("yolo", folder).spec.class_names == ("0", "1")
    assert opened("yolo", folder, classes="[cat,dog]").spec.class_names == ("cat", "dog")
    for name in ("obj.names", "classes.txt"):
        (folder / name).write_text(f"a {name}\nlast")
        assert opened("yolo", folder).spec.class_names == (f"a {name}", "last")
    for text in ("names: {a: cat}", "names: ["):
        (folder / "data.yaml").write_text(text)
        with pytest.raises(DataError, match=r"data\.yolo.*data\.yaml cannot be read"):
            Yolo(folder=str(folder)).load()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("0 0.5 0.5 0.2", r"data\.box_form.*line 1 of labels/train/1\.txt"),
        ("cat 0.5 0.5 0.2 0.2", r"data\.box_form"),
        ("5 0.5 0.5 0.2 0.2", r"data\.unknown_category.*has the class 5, and data\.yaml names 2"),
    ],
)
def test_lines_that_are_no_box_are_refused_by_file_and_number(tmp_path: Path, line: str, code: str) -> None:
    folder = yolo(tmp_path, [line])
    (folder / "data.yaml").write_text("names: [cat, dog]\n")
    with pytest.raises(DataError, match=code):
        Yolo(folder=str(folder)).load()


def test_text_files_without_an_image_are_refused(tmp_path: Path) -> None:
    (yolo(tmp_path, []) / "labels/train/gone.txt").write_text("0 0.5 0.5 0.2 0.4")
    with pytest.raises(DataError, match=r"data\.unpaired.*labels/train/gone\.txt"):
        Yolo(folder=str(tmp_path)).load()


def xml(name: str, objects: list[tuple[str, list[int], int]]) -> str:
    parts = [
        f"<object><name>{kind}</name><difficult>{hard}</difficult><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>"
        f"<xmax>{right}</xmax><ymax>{low}</ymax></bndbox></object>"
        for kind, (x, y, right, low), hard in objects
    ]
    size = "<size><width>30</width><height>20</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>{size}{''.join(parts)}</annotation>"


def voc(folder: Path, objects: list[tuple[str, list[int], int]]) -> Path:
    """Fifteen images in VOC's own folders, the first with these objects, the last five to test on."""
    for number in range(1, 16):
        picture(folder / "JPEGImages" / f"{number}.png", number)
        (folder / "Annotations").mkdir(exist_ok=True)
        own = objects if number == 1 else [("dog", [2, 3, 11, 12], 0)]
        (folder / "Annotations" / f"{number}.xml").write_text(xml(f"{number}.png", own))
    (folder / "ImageSets/Main").mkdir(parents=True)
    (folder / "ImageSets/Main/trainval.txt").write_text("".join(f"{n}\n" for n in range(1, 11)))
    (folder / "ImageSets/Main/test.txt").write_text("".join(f"{n}\n" for n in range(11, 16)))
    return folder


def test_xml_counts_pixels_from_one_and_leaves_difficult_objects_uncounted(tmp_path: Path) -> None:
    data = opened("voc", voc(tmp_path, [("cat", [1, 1, 30, 20], 0), ("dog", [5, 5, 9, 9], 1)]))
    assert data.spec.class_names == ("cat", "dog") and data.num_examples("test") == 5
    first = data._objects.of(np.array([data._images.examples.tolist().index("JPEGImages/1.png")]))
    assert first.boxes_M4.tolist() == [[0, 0, 30, 20], [4, 4, 9, 9]] and first.crowd_M.tolist() == [False, True]


def test_xml_that_begins_at_pixel_zero_is_told(tmp_path: Path) -> None:
    data = opened("voc", voc(tmp_path, [("cat", [0, 0, 29, 19], 0)]))
    first = data._images.examples.tolist().index("JPEGImages/1.png")
    assert data._objects.of(np.array([first])).boxes_M4.tolist() == [[0, 0, 30, 20]]
    assert "counted from 0" in told(data)


def test_xml_beside_images_in_folders_of_splits(tmp_path: Path) -> None:
    for part, count in (("train", 8), ("valid", 4), ("test", 4)):
        for number in range(1, count + 1):
            picture(tmp_path / part / f"{number}.png", hash((len(part), part[0] == "v", number)) % 10_000)
            (tmp_path / part / f"{number}.xml").write_text(xml("other.png", [("dog", [2, 3, 11, 12], 0)]))
    assert {split: len(rows) for split, rows in Voc(folder=str(tmp_path)).load().items()} == {
        "train": 8,
        "val": 4,
        "test": 4,
    }
    assert Voc.argument_for(tmp_path) == "folder"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<annotation>", r"data\.voc.*cannot be read"),
        ("<kml></kml>", r"data\.voc.*<kml>"),
        ("<annotation><object><name>a</name></object></annotation>", r"data\.box_form.*object 1 of Annotations/1\.xml"),
    ],
)
def test_xml_that_is_no_annotation_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (voc(tmp_path, []) / "Annotations/1.xml").write_text(text)
    with pytest.raises(DataError, match=code):
        Voc(folder=str(tmp_path)).load()


@pytest.mark.parametrize("as_records", [False, True])
def test_the_hubs_columns_are_read_in_both_of_their_forms(tmp_path: Path, as_records: bool) -> None:
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)) for _ in range(20)]
    one = {"id": 5, "area": 120, "bbox": [1.0, 2.0, 10.0, 12.0], "category": 1}
    types = {
        "id": Value("int64"),
        "area": Value("int64"),
        "bbox": List(Value("float32"), length=4),
        "category": ClassLabel(names=["Coverall", "Mask"]),
    }
    if as_records:
        objects, feature = [one], List(types)
    else:
        objects, feature = {name: [value] for name, value in one.items()}, {name: List(t) for name, t in types.items()}
    columns = {"image_id": list(range(20)), "image": images, "width": [30] * 20, "height": [20] * 20}
    features = Features(
        image_id=Value("int64"), image=ImageFeature(), width=Value("int32"), height=Value("int32"), objects=feature
    )
    Dataset.from_dict(columns | {"objects": [objects] * 20}, features=features).to_parquet(tmp_path / "made.parquet")
    data = build(section_of("hf_boxes", {"path": tmp_path / "made.parquet"}).module, seed=0)
    assert data.spec.class_names == ("Coverall", "Mask")
    assert np.allclose(data._objects.boxes_M4, [[1, 2, 11, 14]] * 20) and set(data._objects.classes_M) == {1}
