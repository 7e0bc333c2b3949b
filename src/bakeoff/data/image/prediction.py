"""New images for a finished run: from files, a folder or a table, brought to the form that its training data had."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, DatasetDict
from PIL import Image, ImageOps
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.contract import Inputs, NewExamples, Reading
from bakeoff.data.image.columns import image_column, undecoded_images
from bakeoff.data.image.decoding import decode
from bakeoff.data.image.loaders import normalise
from bakeoff.data.image.records import Header, Pixels, Record, UnreadableImage, read_header
from bakeoff.data.image.spec import PixelSpec
from bakeoff.data.sources.folders import read_tree
from bakeoff.data.sources.hub import HuggingFace
from bakeoff.data.sources.image_folder import IMAGES
from bakeoff.data.sources.source import existing_path
from bakeoff.data.sources.table_file import SUFFIXES, read_table_file, table_suffix
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.errors import ConfigError, DataError


def load_images(
    source: str | Path | Sequence[str | Path],
    spec: PixelSpec,
    *,
    column: str | None = None,
    how: TableFormat | None = None,
    on_bad: OnBad = "error",
) -> tuple[Tensor, list[str]]:
    """Images as the model wants them, and a name for each.

    Args:
        source: an image file, a folder (all images below it), a list of image files, or a table: ``.parquet`` with an
            image column, or another (``.csv``, ``.jsonl``, ...) with a column of paths, relative to the table.
        spec: of the data that the model was trained on; images are converted, resized and normalised to it.
        column: the table's image column; None finds it (a CSV's is ``file_name``, as in an image folder's metadata).
        how: what the name of a table does not say of it.
        on_bad: ``skip`` leaves out unreadable images, however many.

    Returns:
        float32 ``(N, C, H, W)``, and N names: paths, or ``table#row``.

    Raises:
        DataError: nothing there, no such column, or an unreadable image.
    """
    read = _load(source, spec, column=column, how=how or TableFormat(), on_bad=on_bad)
    return normalised(read.pixels_NCHW, spec), read.names


@dataclasses.dataclass(frozen=True)
class _Read:
    """Images as uint8 ``(N, C, H, W)`` of the network's size, and of each a name and its header."""

    pixels_NCHW: Tensor
    names: list[str]
    headers: list[Header]


def _load(
    source: str | Path | Sequence[str | Path], spec: PixelSpec, *, column: str | None, how: TableFormat, on_bad: OnBad
) -> _Read:
    records, names = _list_records(source, column, how)
    images, kept, headers, bad = [], [], [], []
    for record, name in zip(records, names, strict=True):
        try:
            header = read_header(record)
            pixels_CHW = decode(record, channels=spec.channels, size=spec.image_size, rule=spec.pixel_rule)
            images.append(torch.from_numpy(pixels_CHW))
            kept.append(name)
            headers.append(header)
        except UnreadableImage as error:
            bad.append(f"{name}: {error}")
    if not images or (bad and on_bad == "error"):
        problem = (
            f"{len(bad):,} of {len(names):,} images cannot be read ({'; '.join(bad[:3])})" if names else "no images"
        )
        raise DataError("data.corrupt_image", "on_bad", on_bad, problem, allowed="error, skip", next_step="repair them")
    return _Read(torch.stack(images), kept, headers)


def normalised(pixels_NCHW: Tensor, spec: PixelSpec) -> Tensor:
    """Images as the network wants them, of uint8 images of its size, shape ``(N, C, H, W)``."""
    mean_1C11 = 255 * torch.tensor(spec.mean, dtype=torch.float32).view(1, -1, 1, 1)
    scale_1C11 = 1 / (255 * torch.tensor(spec.std, dtype=torch.float32).view(1, -1, 1, 1))
    return normalise(pixels_NCHW, mean_1C11=mean_1C11, scale_1C11=scale_1C11)


def picture_of(name: str, pixels_HWC: Pixels) -> Image.Image:
    """An image as it came, in RGB; one that is no file of its own as the network saw it.

    Args:
        name: its file, or the row of a table.
        pixels_HWC: of the network's size.
    """
    if Path(name).is_file():
        with Image.open(name) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    return Image.fromarray(pixels_HWC[..., 0] if pixels_HWC.shape[-1] == 1 else pixels_HWC).convert("RGB")


def new_images(spec: PixelSpec, reading: Reading, *, with_sizes: bool = False) -> NewExamples:
    """New images as `predict` wants them, named by ``file``; ``height`` and ``width`` are their own, in pixels.

    Raises:
        ConfigError: a text instead of images.
        DataError: as `load_images`.
    """
    if reading.is_text:
        raise ConfigError("config.no_text", "text", reading.source, "this run reads images", next_step="input=FILE")
    read = _load(reading.source, spec, column=reading.column, how=reading.table_format, on_bad=reading.on_bad)
    shown: dict[str, list[Any]] = {"file": read.names}
    if with_sizes:
        shown |= {"height": [own.height for own in read.headers], "width": [own.width for own in read.headers]}
    raw = list(read.pixels_NCHW.permute(0, 2, 3, 1).numpy())
    batches = torch.split(normalised(read.pixels_NCHW, spec), reading.batch_size)
    return NewExamples(shown, raw, Inputs(batches))


def _list_records(
    source: str | Path | Sequence[str | Path], column: str | None, how: TableFormat
) -> tuple[list[Record], list[str]]:
    if not isinstance(source, str | Path):
        return _files([existing_path(str(file), key="input") for file in source])
    path = existing_path(str(source), key="input")
    if table_suffix(path.name) in SUFFIXES:
        return _table(path, column, how)
    if path.is_file():
        return _files([path])
    files = [path / file for file in read_tree(path, IMAGES, key="input").files]
    if not files:
        raise DataError("data.empty_folder", "input", path, "there are no images in this folder or below it")
    return _files(files)


def _files(paths: Sequence[Path]) -> tuple[list[Record], list[str]]:
    return [{"bytes": None, "path": str(path)} for path in paths], [str(path) for path in paths]


def _table(path: Path, column: str | None, how: TableFormat) -> tuple[list[Record], list[str]]:
    if path.suffix.lower() == ".parquet":
        dataset = _only_split(HuggingFace(path=str(path), config=None, revision=None).load())
        images = undecoded_images(dataset, image_column(dataset.features, column))
        return images[:]["image"], [f"{path.name}#{row}" for row in range(len(images))]
    table, column = read_table_file(path, how, key="input").table, column or "file_name"
    if column not in table.column_names:
        problem = "the table has no column of this name"
        raise DataError("data.missing_column", "column", column, problem, allowed=table.column_names)
    return _files([path.parent / str(name) for name in table[column].to_pylist()])


def _only_split(splits: DatasetDict) -> Dataset:
    return next(iter(splits.values()))
