"""Every data set and augmentation in conf/: composes, builds, and keeps the promises of its kind of data."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Audio, ClassLabel, Dataset, Features, List, Value
from datasets import Image as ImageFeature
from filelock import FileLock
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from bakeoff.commands.options_of_data import look
from bakeoff.config import build, compose_section, conf_dir
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import walk
from bakeoff.data.contract import SPLITS, TaskData
from bakeoff.data.spec import ClassSpec
from bakeoff.data.text.spec import PAD
from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from tests.data.made_audio import encoded, tone, write_folder
from tests.values import values

NUM_IMAGES = 60
NUM_TEXTS = 60
NUM_RECORDINGS = 40


def names(group: str) -> list[str]:
    """What can be chosen; files that start with an underscore are parts of others."""
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml") if not file.name.startswith("_"))


def kind(name: str) -> str:
    """The kind of data that a data set says it is."""
    return Catalog().content("data", name)["kind"]


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


def pairs_of_files(folder: Path) -> dict[str, Any]:
    """PNGs of images and of masks."""
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        for part, pixels in (("images", image), ("masks", image[:, :, 0] % 3)):
            (folder / part).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / part / f"{row}.png")
    return {"folder": str(folder)}


def captioned_folder(folder: Path) -> dict[str, Any]:
    """PNGs and a table with two captions of each."""
    lines = ["file_name,caption"]
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        Image.fromarray(image).save(folder / f"{row}.png")
        lines += [f"{row}.png,picture number {row % 7}", f'{row}.png,"one, of {row % 5}"']
    (folder / "metadata.csv").write_text("\n".join(lines))
    return {"folder": str(folder)}


def captioned_parquet(folder: Path) -> dict[str, Any]:
    """The hub's format: a list of captions an image."""
    captions = [[f"picture number {row % 7}", f"one of {row % 5}"] for row in range(NUM_IMAGES)]
    columns = {"image": list(map(Image.fromarray, noise(NUM_IMAGES, 9, 9))), "caption": captions}
    features = Features(image=ImageFeature(), caption=List(Value("string")))
    Dataset.from_dict(columns, features=features).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet")}


def coco_folder(folder: Path) -> dict[str, Any]:
    """PNGs beside a COCO JSON."""
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        Image.fromarray(image).save(folder / f"{row}.png")
    images = [{"id": row, "file_name": f"{row}.png", "height": 12, "width": 10} for row in range(NUM_IMAGES)]
    area = {"bbox": [1, 2, 5, 6], "segmentation": [[1, 2, 6, 2, 6, 8, 1, 8]]}
    boxes = [{"id": row, "image_id": row, "category_id": row % 2, **area} for row in range(NUM_IMAGES)]
    content = {"images": images, "annotations": boxes, "categories": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}]}
    (folder / "annotations.json").write_text(json.dumps(content))
    return {"folder": str(folder)}


def mask_parquet(folder: Path) -> dict[str, Any]:
    """The hub's format."""
    images = noise(NUM_IMAGES, 12, 10, 3)
    columns = {"image": list(map(Image.fromarray, images)), "mask": list(map(Image.fromarray, images[..., 0] % 3))}
    features = Features(image=ImageFeature(), mask=ImageFeature())
    Dataset.from_dict(columns, features=features).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet")}


def yolo_folder(folder: Path) -> dict[str, Any]:
    """PNGs beside text files."""
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        Image.fromarray(image).save(folder / f"{row}.png")
        (folder / f"{row}.txt").write_text(f"{row % 2} 0.5 0.5 0.4 0.2\n")
    return {"folder": str(folder)}


def voc_folder(folder: Path) -> dict[str, Any]:
    """PNGs beside XML files."""
    edges = "<xmin>1</xmin><ymin>2</ymin><xmax>6</xmax><ymax>8</ymax>"
    for row, image in enumerate(noise(NUM_IMAGES, 12, 10, 3)):
        Image.fromarray(image).save(folder / f"{row}.png")
        thing = f"<object><name>{'ab'[row % 2]}</name><bndbox>{edges}</bndbox></object>"
        (folder / f"{row}.xml").write_text(f"<annotation><filename>{row}.png</filename>{thing}</annotation>")
    return {"folder": str(folder)}


def box_parquet(folder: Path) -> dict[str, Any]:
    """The hub's format."""
    objects = [{"bbox": [[1.0, 2.0, 5.0, 6.0]], "category": [row % 2]} for row in range(NUM_IMAGES)]
    columns = {"image": list(map(Image.fromarray, noise(NUM_IMAGES, 12, 10, 3))), "objects": objects}
    Dataset.from_dict(columns).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet")}


def parquet_file(folder: Path) -> dict[str, Any]:
    """The hub's format."""
    columns = {"image": list(map(Image.fromarray, noise(NUM_IMAGES, 9, 9))), "label": list(np.arange(NUM_IMAGES) % 3)}
    features = Features(image=ImageFeature(), label=ClassLabel(names=["a", "b", "c"]))
    Dataset.from_dict(columns, features=features).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet")}


def texts() -> list[str]:
    """Texts that differ, of different lengths."""
    return [f"{'very ' * (row % 7)}good thing number {row}, said {chr(97 + row % 26)}" for row in range(NUM_TEXTS)]


def csv_file(folder: Path) -> dict[str, Any]:
    """A column of texts and one of labels."""
    lines = [f'"{text}",{"abc"[row % 3]}' for row, text in enumerate(texts())]
    (folder / "made.csv").write_text("\n".join(["text,label", *lines]))
    return {"file": str(folder / "made.csv")}


def json_file(folder: Path) -> dict[str, Any]:
    """Any number of labels a text."""
    records = [{"text": text, "label": ["a"] * (row % 2) + ["b"] * (row % 3 == 0)} for row, text in enumerate(texts())]
    (folder / "made.jsonl").write_text("\n".join(map(json.dumps, records)))
    return {"file": str(folder / "made.jsonl")}


def text_parquet(folder: Path, key: str) -> dict[str, Any]:
    """The hub's format."""
    columns = {"text": texts(), "label": [row % 3 for row in range(NUM_TEXTS)]}
    features = Features(text=Value("string"), label=ClassLabel(names=["x", "y", "z"]))
    Dataset.from_dict(columns, features=features).to_parquet(folder / "made.parquet")
    return {key: str(folder / "made.parquet")}


def text_folder(folder: Path) -> dict[str, Any]:
    """A document a file."""
    for row, text in enumerate(texts()):
        (folder / f"{row:02d}.txt").write_text(text)
    return {"file": str(folder), "sequence_length": 8, "batch_size": 4}


def class_folders_of_texts(folder: Path) -> dict[str, Any]:
    """Texts in a folder a class."""
    for row, text in enumerate(texts()):
        (folder / "abc"[row % 3]).mkdir(exist_ok=True)
        (folder / "abc"[row % 3] / f"{row:02d}.txt").write_text(text)
    return {"path": str(folder)}


def short_documents(folder: Path) -> dict[str, Any]:
    """As `text_parquet`, with pieces short enough for several batches."""
    return text_parquet(folder, "path") | {"sequence_length": 8, "batch_size": 4}


def tsv_file(folder: Path) -> dict[str, Any]:
    """Two columns."""
    lines = [f"{text}\t{text.upper()}" for text in texts()]
    (folder / "made.tsv").write_text("\n".join(["source\ttarget", *lines]))
    return {"file": str(folder / "made.tsv")}


def pair_parquet(folder: Path) -> dict[str, Any]:
    """The hub's format: both languages in a struct."""
    records = [{"en": text, "de": text.upper()} for text in texts()]
    Dataset.from_dict({"translation": records}).to_parquet(folder / "made.parquet")
    columns = {"columns.source": "translation.en", "columns.target": "translation.de"}
    return {"path": str(folder / "made.parquet"), **columns}


def series_file(folder: Path) -> dict[str, Any]:
    """Two series in a long table."""
    lines = [
        "day,shop,sold",
        *(
            f"2026-{1 + day // 28:02d}-{1 + day % 28:02d},{shop},{(day * 7 + len(shop)) % 13}"
            for shop in ("east", "west")
            for day in range(112)
        ),
    ]
    (folder / "made.csv").write_text("\n".join(lines))
    columns = {"columns.series": "shop", "columns.target": "sold", "on_gap": "keep"}
    return {"file": str(folder / "made.csv"), "window": 14, "horizon": 7, "season": 7, **columns}


def gestures(count: int = NUM_TEXTS) -> list[np.ndarray]:
    """Series of two channels and different lengths."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((2, 5 + row % 4)).round(3) for row in range(count)]


def ts_file(folder: Path) -> dict[str, Any]:
    """Series of two channels, a line each."""
    lines = ["@problemName made", "@timeStamps false", "@classLabel true up down", "@data"]
    for row, series_KT in enumerate(gestures()):
        lines.append(":".join([*(",".join(map(str, own_T)) for own_T in series_KT), ("up", "down")[row % 2]]))
    (folder / "made.ts").write_text("\n".join(lines))
    return {"file": str(folder / "made.ts")}


def steps_file(folder: Path) -> dict[str, Any]:
    """The same, a row a step."""
    rows = [
        f"t{row:02d},{step},{x},{y},{('up', 'down')[row % 2]}"
        for row, series_KT in enumerate(gestures())
        for step, (x, y) in enumerate(series_KT.T)
    ]
    (folder / "made.csv").write_text("\n".join(["trial,ms,x,y,gesture", *rows]))
    columns = {"columns.series": "trial", "columns.label": "gesture", "columns.time": "ms"}
    return {"file": str(folder / "made.csv"), **columns}


def interaction_file(folder: Path) -> dict[str, Any]:
    """Users with histories of different lengths."""
    rows = [(user, (user * 7 + place * 3) % 11, place) for user in range(20) for place in range(3 + user % 5)]
    (folder / "made.csv").write_text("\n".join(["who,what,when", *(f"u{u},i{i},{t}" for u, i, t in rows)]))
    columns = {"columns.user": "who", "columns.item": "what", "columns.time": "when"}
    return {"file": str(folder / "made.csv"), "max_length": 4, **columns}


SMALL_AUDIO = {"features.sample_rate_hz": 8000, "features.num_mels": 8, "batch_size": 4}


def recordings_folder(folder: Path) -> dict[str, Any]:
    """WAVs and a table of what is said in them."""
    write_folder(folder, texts()[:NUM_RECORDINGS], speakers=10)
    return {"folder": str(folder), "columns.speaker": "speaker", **SMALL_AUDIO}


def recordings_manifest(folder: Path) -> dict[str, Any]:
    """WAVs named by lines of JSON beside them."""
    write_folder(folder, texts()[:NUM_RECORDINGS])
    lines = [{"audio_filepath": f"{row:02d}.wav", "text": text} for row, text in enumerate(texts()[:NUM_RECORDINGS])]
    (folder / "made.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return {"file": str(folder / "made.jsonl"), "speeds": "[1.0,1.1]", **SMALL_AUDIO}


def recordings_parquet(folder: Path) -> dict[str, Any]:
    """The hub's format."""
    files = sorted(write_folder(folder, texts()[:NUM_RECORDINGS]).glob("*.wav"))
    columns = {"audio": [{"bytes": file.read_bytes(), "path": file.name} for file in files]}
    whole = Dataset.from_dict(columns | {"text": texts()[:NUM_RECORDINGS]})
    whole.cast_column("audio", Audio(decode=False)).to_parquet(folder / "made.parquet")
    return {"path": str(folder / "made.parquet"), **SMALL_AUDIO}


def recordings_by_class(folder: Path) -> dict[str, Any]:
    """WAVs in a folder a class."""
    for row in range(NUM_RECORDINGS):
        (folder / "abc"[row % 3]).mkdir(exist_ok=True)
        (folder / "abc"[row % 3] / f"{row}.wav").write_bytes(encoded(tone(0.2 + 0.03 * (row % 5), hz=200 + 20 * row)))
    return {"folder": str(folder), **SMALL_AUDIO}


OFFLINE = {
    "digits": lambda folder: {},
    "fashion_mnist": idx_folder,
    "image_folder": png_folder,
    "hf": parquet_file,
    "tweets": lambda folder: {"max_rows": 300},
    "csv": csv_file,
    "json": json_file,
    "parquet": lambda folder: text_parquet(folder, "file"),
    "stdlib": lambda folder: {"part": "docstrings", "max_bytes": 40000},
    "text_file": text_folder,
    "text_folder": class_folders_of_texts,
    "hf_stream": short_documents,
    "number_words": lambda folder: {"count": 60, "split.val": 10, "split.test": 10},
    "parallel": tsv_file,
    "hf_pair": pair_parquet,
    "hf_text": lambda folder: text_parquet(folder, "path"),
    "mnist1d": lambda folder: {"num_val": 0},
    "shapes": lambda folder: {"num_train": 60, "num_test": 20, "side": 16},
    "mask_folder": pairs_of_files,
    "not_so_clevr": lambda folder: {"side": 12, "square": 3},
    "captions": captioned_folder,
    "hf_captions": captioned_parquet,
    "shape_captions": lambda folder: {"num_train": 60, "num_test": 10, "num_unseen": 10, "side": 16},
    "spoken_digits": lambda folder: {"num_voices": 20, "per_voice": 2, "num_digits": 2, **SMALL_AUDIO},
    "spoken_keywords": lambda folder: {"num_voices": 20, "per_voice": 8, **SMALL_AUDIO},
    "audio_classes": recordings_by_class,
    "spoken_sentences": lambda folder: {"count": 40, "split.val": 6, "split.test": 8, **SMALL_AUDIO},
    "audio_folder": recordings_folder,
    "audio_table": recordings_manifest,
    "hf_audio": recordings_parquet,
    "digit_scenes": lambda folder: {"num_train": 60, "num_test": 20, "side": 16},
    "digit_boxes": lambda folder: {"num_train": 60, "num_test": 20, "side": 16},
    "coco": coco_folder,
    "coco_masks": coco_folder,
    "hf_masks": mask_parquet,
    "yolo": yolo_folder,
    "voc": voc_folder,
    "hf_boxes": box_parquet,
    "shape_boxes": lambda folder: {"num_train": 60, "num_test": 20, "side": 16},
    "ucr": lambda folder: {"name": "GunPoint"},
    "series_classes": ts_file,
    "series_table": steps_file,
    "series_csv": series_file,
    "electricity": lambda folder: {"max_rows": 400, "window": 24, "horizon": 6, "season": 12},
    "sp500": lambda folder: {"max_rows": 1000, "window": 12},
    "competition": lambda folder: {"max_series": 5, "window": 12},
    "adding": lambda folder: {"num_train": 60, "num_val": 20, "num_test": 20, "problem.length": 10},
    "copy_memory": lambda folder: {"num_train": 60, "num_val": 20, "num_test": 20, "problem.blank": 5},
    "recall": lambda folder: {"num_train": 60, "num_val": 20, "num_test": 20},
    "parity": lambda folder: {"num_train": 60, "num_val": 20, "num_test": 20},
    "interactions": interaction_file,
    "movielens": lambda folder: {},
    "modular": lambda folder: {"num_train": 60, "num_val": 20, "num_test": 20},
}


def section_of(name: str, settings: Mapping[str, Any]) -> DictConfig:
    """The ``data`` section with some settings."""
    overrides = [f"data.{key}={value}" for key, value in settings.items()]
    section: DictConfig = Composer().compose(None, [f"+data={name}", *overrides]).cfg.data
    return section


class DataSets:
    """Each data set that can be chosen; its files are made once for all test processes, which share what is prepared.

    Args:
        folder: where the files lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder

    def section(self, name: str) -> DictConfig:
        """The ``data`` section of a trial."""
        if name not in OFFLINE:
            pytest.fail(f"say in OFFLINE how a test can have data={name} without a network")
        settings = self._folder / f"{name}.json"
        with FileLock(f"{settings}.making"):
            if not settings.exists():
                (self._folder / name).mkdir(exist_ok=True)
                settings.write_text(json.dumps(OFFLINE[name](self._folder / name)))
        return section_of(name, read_json(settings))

    def make(self, name: str, *, seed: int = 0) -> TaskData:
        """The data set as a trial builds it."""
        config = self.section(name)
        data: TaskData = build(config.module, seed=seed)
        assert config.kind == data.spec.kind == data.spec_class.kind
        return data


@pytest.fixture(scope="module")
def data_sets(shared_folder: Path) -> DataSets:
    return DataSets(shared_folder / "data_sets")


def tensors(batch: Any) -> list[torch.Tensor]:
    """All tensors of a batch, inputs first."""
    found: list[torch.Tensor] = []
    walk(batch, found.append)
    return found


def equal(some: list[list[torch.Tensor]], others: list[list[torch.Tensor]]) -> bool:
    """Whether two lists of batches hold the same tensors."""
    return [len(batch) for batch in some] == [len(batch) for batch in others] and all(
        torch.equal(one, two)
        for batch, other in zip(some, others, strict=True)
        for one, two in zip(batch, other, strict=True)
    )


@pytest.mark.parametrize("name", names("data"))
def test_a_survey_says_how_many_rows_training_will_have(name: str, data_sets: DataSets) -> None:
    """What `bakeoff data` prints, by looking alone."""
    found = look(OmegaConf.to_container(data_sets.section(name), resolve=True))
    data = data_sets.make(name)
    assert found.refusal is None
    assert found.splits == {split: data.num_examples(split) for split in SPLITS}
    assert (found.examples and found.measures) or not found.columns
    if isinstance(data.spec, ClassSpec):
        assert tuple(found.classes) == data.spec.class_names
        assert data.spec.multi_label or sum(sum(row.values()) for row in found.classes.values()) == sum(
            found.splits.values()
        )


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_keeps_the_promises_of_its_module(name: str, data_sets: DataSets) -> None:
    data = data_sets.make(name)
    spec = data.spec
    assert spec.name == data_sets.section(name).name
    assert data.spec_class.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert data.refit_problem(json.loads(json.dumps(spec.to_dict()))) is None
    sizes = {"val": spec.num_val, "test": spec.num_test}
    for split in SPLITS:
        examples = data.examples(split)
        assert len(data.labels(split)) == len(set(examples)) == sizes.get(split, len(examples)) > 0
        assert len(data.digests(split)) == len(data.raw(split)) == len(examples)
        assert data.show(split, [0])
    every = [example for split in SPLITS for example in data.examples(split)]
    assert len(set(every)) == len(every)
    assert not set(data.digests("train")) & set(data.digests("test"))
    assert not set(data.digests("train")) & set(data.digests("val"))


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_gives_batches_that_a_seed_repeats(name: str, data_sets: DataSets) -> None:
    first, again, other = data_sets.make(name), data_sets.make(name), data_sets.make(name, seed=1)
    batch = next(iter(first.train_dataloader()))
    assert batch.size > 0
    assert all(torch.isfinite(tensor).all() for tensor in tensors(batch))
    repeated, changed = (tensors(next(iter(data.train_dataloader()))) for data in (again, other))
    assert equal([tensors(batch)], [repeated])
    assert not equal([tensors(batch)], [changed])
    assert first.fingerprint == other.fingerprint
    assert first.examples("test") == other.examples("test")
    assert (first.examples("val") != other.examples("val")) == first.val_follows_seed


@pytest.mark.parametrize("name", names("data"))
def test_every_training_loader_chunks_and_resumes(name: str, data_sets: DataSets) -> None:
    data = data_sets.make(name)
    data.batch_size = 4
    data.seed = 0
    loader = data.train_dataloader()
    whole = [tensors(batch) for batch in loader]
    assert len(whole) == len(loader) == loader.num_batches > 2
    loader.skip(2)
    assert equal(whole[2:], [tensors(batch) for batch in loader])
    data.chunk = 3
    chunks = list(data.train_dataloader())
    assert [len(chunk) for chunk in chunks[:-1]] == [3] * (len(chunks) - 1)
    assert equal(whole, [tensors(batch) for chunk in chunks for batch in chunk])
    loader.set_epoch(1)
    assert not equal(whole, [tensors(batch) for batch in loader])


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_can_be_learnt_from_in_part(name: str, data_sets: DataSets) -> None:
    """Half of the train examples, and a quarter that lies within that half; validation and test stay."""
    data = data_sets.make(name)
    whole = {split: data.examples(split) for split in SPLITS}
    learnt, fingerprint = [data.train_dataloader().num_examples], data.fingerprint
    parts = [set(whole["train"])]
    for fraction in (0.5, 0.25):
        data.train_fraction = fraction
        parts.append(set(data.examples("train")))
        learnt.append(data.train_dataloader().num_examples)
        assert data.spec.num_train - learnt[-1] in (0, 1)  # a last batch of one is left out
        assert len(data.labels("train")) == len(data.raw("train")) == len(parts[-1]) > 1
        assert data.refit_problem(json.loads(json.dumps(data.spec.to_dict()))) is None
        assert [data.examples(split) for split in ("val", "test")] == [whole[split] for split in ("val", "test")]
    assert parts[0] > parts[1] >= parts[2]
    assert learnt[0] > learnt[1] >= learnt[2]
    assert data.fingerprint == fingerprint
    data.seed = 1
    assert data.refit_problem(json.loads(json.dumps(data.spec.to_dict()))) is None
    data.seed, data.train_fraction = 0, 1.0
    assert data.examples("train") == whole["train"]


IMAGES = [name for name in names("data") if kind(name) == "image"]
CLASSES = [
    name for name in names("data") if kind(name) in ("image", "labelled_text", "labelled_series", "labelled_audio")
]


@pytest.mark.parametrize("name", CLASSES)
def test_every_data_set_of_classes_has_all_of_them_in_train(name: str, data_sets: DataSets) -> None:
    data = data_sets.make(name)
    spec = data.spec
    assert spec.num_train == len(values(data.labels("train")))
    assert spec.num_classes >= 2
    for split in SPLITS:
        labels = values(data.labels(split))
        assert labels.ndim == 2 or set(labels) <= set(range(spec.num_classes))
    labels = values(data.labels("train"))
    assert labels.any(axis=0).all() if labels.ndim == 2 else set(labels) == set(range(spec.num_classes))


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_data_set_gives_normalised_batches(name: str, data_sets: DataSets) -> None:
    data = data_sets.make(name)
    images_BCHW, labels_B, _ = next(iter(data.train_dataloader()))
    assert images_BCHW.shape[1:] == data.spec.example_shape
    assert images_BCHW.dtype == torch.float32
    assert labels_B.dtype == torch.int64


def augmenting(package: str) -> list[str]:
    """The augmentations of a kind of data."""
    target = f"bakeoff.data.{package}."
    return [name for name in names("augment") if Catalog().content("augment", name)["_target_"].startswith(target)]


OF_IMAGES, OF_TOKENS, OF_FRAMES = (augmenting(package) for package in ("image", "text", "audio"))


def test_augmentations_are_of_a_kind() -> None:
    assert sorted([*OF_IMAGES, *OF_TOKENS, *OF_FRAMES]) == names("augment")


@pytest.mark.parametrize("name", OF_IMAGES)
def test_every_augmentation_of_images_keeps_the_form_of_a_batch(name: str) -> None:
    augment = build(compose_section("augment", name))
    torch.manual_seed(0)
    images_BCHW, labels_B = torch.randn(6, 3, 8, 10), torch.arange(6) % 3
    changed_BCHW, targets = augment(images_BCHW, labels_B, num_classes=3)
    assert changed_BCHW.shape == images_BCHW.shape
    assert torch.isfinite(changed_BCHW).all()
    assert (name == "none") == torch.equal(changed_BCHW, images_BCHW)
    assert torch.equal(targets, labels_B) or torch.allclose(targets.sum(dim=1), torch.ones(6))


@pytest.mark.parametrize("name", OF_IMAGES)
def test_every_augmentation_of_images_lists_every_knob(name: str) -> None:
    assert set(compose_section("augment", name)) == set(compose_section("augment", "none"))


@pytest.mark.parametrize("name", OF_TOKENS)
def test_every_augmentation_of_tokens_keeps_the_form_of_a_batch(name: str, data_sets: DataSets) -> None:
    spec = data_sets.make("csv").spec
    augment = build(compose_section("augment", name)).for_data(spec)
    torch.manual_seed(0)
    tokens_BT, labels_B = torch.randint(1, spec.vocab_size, (8, 40)), torch.arange(8) % 3
    tokens_BT[:, 30:] = PAD
    changed_BT, targets_B = augment(tokens_BT, labels_B)
    assert changed_BT.shape == tokens_BT.shape
    assert changed_BT.dtype == torch.int64
    assert torch.equal(changed_BT == PAD, tokens_BT == PAD)
    assert not torch.equal(changed_BT, tokens_BT)
    assert torch.equal(targets_B, labels_B)


@pytest.mark.parametrize("name", OF_FRAMES)
def test_every_augmentation_of_frames_keeps_the_form_of_a_batch(name: str, data_sets: DataSets) -> None:
    spec = data_sets.make("audio_folder").spec
    augment = build(compose_section("augment", name)).for_data(spec)
    torch.manual_seed(0)
    frames_BTK, lengths_B, targets_BL = torch.randn(8, 90, spec.num_features), torch.full((8,), 90), torch.ones(8, 3)
    (changed_BTK, same_B), same_BL = augment((frames_BTK, lengths_B), targets_BL)
    assert changed_BTK.shape == frames_BTK.shape and changed_BTK.isfinite().all()
    assert not torch.equal(changed_BTK, frames_BTK)
    assert torch.equal(same_B, lengths_B) and torch.equal(same_BL, targets_BL)


@pytest.mark.parametrize("name", names("augment"))
def test_no_augmentation_is_given_data_of_another_kind(name: str, data_sets: DataSets) -> None:
    augment = build(compose_section("augment", name))
    other = data_sets.make("csv" if name in OF_IMAGES else "digits").spec
    if name == "none":
        assert augment.for_data(other) is None
        return
    with pytest.raises(ConfigError, match=r"config\.augment_misfit"):
        augment.for_data(other)
