"""Classified images as a Lightning data module: what every trial of an image task reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import torch
from annotated_types import Interval
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.batches.order import SAMPLERS, Sampler
from bakeoff.data.checks import require_choice
from bakeoff.data.contract import Inputs, NewExamples, Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.image.corruptions import CORRUPTIONS, corrupted_pixels
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.images import Images
from bakeoff.data.image.prediction import normalised
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, prepare_images, read_records
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.labels import OnMissing, OnRare, refuse_other_classes
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Rows
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber
from bakeoff.tables import table_of


class ClassifiedImages(Images[ImageSpec]):
    """Images with one class each, split, normalised and batched.

    One batch of digits, ``batch_size=2``::

        images_BCHW  float32 (2, 1, 8, 8)   pixels of [0, 1], less the train mean, over the train deviation
        labels_B     int64   (2,)           tensor([3, 7]), the classes spec.class_names[3] and spec.class_names[7]

        images_BCHW[0, 0]:   . . # # # . . .      examples("train")[0] == "train/1391"
                             . . . . # # . .      the row of the source, or the file of an image folder
                             . . . # # . . .
                             . . . . . # . .
                             . . . . . # . .
                             . # . . # # . .
                             . . # # # . . .

    Images are decoded once, into a cache that all trials share (`bakeoff.data.image.prepared`). The test split is fixed
    by ``split.seed``, the validation split by ``seed``, which is the trial's.

    Args:
        name: what the data is called in tables and reports.
        source: where the images come from.
        columns: which columns hold images and labels.
        split: how missing splits are made.
        image_size: pixels, one number or (height, width); None keeps the native size, which must be uniform.
        batch_size: training images an optimizer step; evaluation uses larger batches.
        on_bad: ``skip`` puts up with at most 1 % of unreadable images.
        bit_depth: bits that gray pixels of 16-bit files make use of.
        max_megapixels: of files; larger images are unreadable.
        background: what shows through transparent pixels: white, gray or black.
        dedup: what to do about copies of an image on both sides of a split: ``error``, or ``drop`` the train row.
        on_missing: what becomes of rows without a label: ``error``, or ``drop`` them, with a note.
        on_rare: what becomes of classes with a single row: ``error`` where splits are drawn by class, ``drop`` them, or
            make them one class, ``other``.
        allow_leak: keep such copies; the report says so.
        num_workers: processes that decode, where the images do not fit in memory.
        reshuffle: draw the order of training images anew each epoch; else all epochs have that of the first.
        sampler: an epoch of training is all images, ``shuffled``, or as many ``balanced``: of each class equally many.
        in_memory_gb: decoded images above this many gigabytes stay encoded, and are decoded batch by batch.
        chunk: batches an item of the training loader, see `ImageLoader`.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = ImageSpec
    corruptions = CORRUPTIONS

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: ImageColumns,
        split: SplitRule,
        image_size: Count | Sequence[Count] | None = None,
        batch_size: Count = 64,
        on_bad: OnBad = "error",
        bit_depth: Annotated[int, Interval(ge=1, le=16)] = 16,
        max_megapixels: Positive = 64.0,
        background: Background = "white",
        dedup: OnDuplicate = "error",
        on_missing: OnMissing = "error",
        on_rare: OnRare = "error",
        allow_leak: bool = False,
        num_workers: WholeNumber = 2,
        in_memory_gb: NotNegative = 4.0,
        reshuffle: bool = True,
        sampler: Sampler = "shuffled",
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        require_choice("sampler", sampler, SAMPLERS)
        preparation = ImagePreparation(
            columns=columns,
            split=split,
            image_size=height_and_width(image_size),
            on_bad=on_bad,
            dedup=dedup,
            on_missing=on_missing,
            on_rare=on_rare,
            allow_leak=allow_leak,
            in_memory_gb=in_memory_gb,
            pixel_rule=PixelRule(bit_depth, background, max_megapixels=max_megapixels),
        )
        super().__init__(
            name=name,
            source=source,
            preparation=preparation,
            batch_size=batch_size,
            num_workers=num_workers,
            reshuffle=reshuffle,
            chunk=chunk,
            seed=seed,
        )
        self._sampler = sampler

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`.

        Raises:
            DataError: the images have other classes or another number of channels.
        """
        assert isinstance(trained, ImageSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
        super().preprocess_as(trained)

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """Noise, blur or less contrast; see `bakeoff.data.image.corruptions`."""
        pixels_NHWC = self._pixels(self._split_rows(split))
        pixels_NHWC = corrupted_pixels(pixels_NHWC, name, CORRUPTIONS[name].amount(severity))
        pixels_NCHW = torch.from_numpy(pixels_NHWC).permute(0, 3, 1, 2)
        batches = [normalised(part, self.spec) for part in pixels_NCHW.split(self._evaluation_batch_size)]
        return NewExamples({"file": self.examples(split)}, list(pixels_NHWC), Inputs(batches))

    def labels(self, split: Split) -> pa.Table:
        """The class of each example, ``label``, in the order of its evaluation loader (train: of the source)."""
        return table_of(label=self._images.labels[self._split_rows(split)])

    def _prepare(self) -> PreparedImages:
        return prepare_images(self._source, self._preparation)

    def _targets(self, rows: Tensor) -> Tensor:
        return torch.from_numpy(self._images.labels).index_select(0, rows)

    def _records(self) -> Dataset:
        return read_records(self._source, self._preparation)

    def _balanced_classes(self, rows: Rows) -> NDArray[np.int64] | None:
        return self._images.labels[rows] if self._sampler == "balanced" else None

    def _describe(self, common: dict[str, Any]) -> ImageSpec:
        return ImageSpec(**common, **self._facts_of_pixels(), **self._images.class_facts(self._rows["train"]))
