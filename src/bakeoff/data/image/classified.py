"""Classified images as a Lightning data module: what every trial of an image task reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.order import SAMPLERS, Sampler
from bakeoff.data.checks import require_choice
from bakeoff.data.contract import Inputs, NewExamples, Split
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.image.corruptions import CORRUPTIONS, corrupted_pixels
from bakeoff.data.image.images import Images
from bakeoff.data.image.prediction import normalised
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, prepare_images, read_records
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.labels import OnMissing, OnRare, refuse_other_classes
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.tables import table_of


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
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
        on_missing: what becomes of rows without a label: ``error``, or ``drop`` them, with a note.
        on_rare: what becomes of classes with a single row: ``error`` where splits are drawn by class, ``drop`` them, or
            make them one class, ``other``.
        sampler: an epoch of training is all images, ``shuffled``, or as many ``balanced``: of each class equally many.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = ImageSpec
    corruptions = CORRUPTIONS

    preparation_class = ImagePreparation

    columns: ImageColumns
    on_missing: OnMissing = "error"
    on_rare: OnRare = "error"
    sampler: Sampler = "shuffled"

    def __post_init__(self) -> None:
        require_choice("sampler", self.sampler, SAMPLERS)
        super().__post_init__()

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
        return prepare_images(self.source, self._preparation)

    def _targets(self, rows: Tensor) -> Tensor:
        return torch.from_numpy(self._images.labels).index_select(0, rows)

    def _records(self) -> Dataset:
        return read_records(self.source, self._preparation)

    def _balanced_classes(self, rows: Rows) -> NDArray[np.int64] | None:
        return self._images.labels[rows] if self.sampler == "balanced" else None

    def _describe(self, common: dict[str, Any]) -> ImageSpec:
        return ImageSpec(**common, **self._facts_of_pixels(), **self._images.class_facts(self._rows["train"]))
