"""Classified images as a Lightning data module: what every trial of an image task reads."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from bakeoff.data.batches.order import SAMPLERS, BatchPlan, EpochSampler, Sampler
from bakeoff.data.checks import require_choice
from bakeoff.data.contract import SPLITS, NewExamples, Reading, Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.image.headers import OnBad, height_and_width
from bakeoff.data.image.loaders import DecodedImages, EncodedImages, ImageLoader, evaluation_batch_size
from bakeoff.data.image.prediction import new_images
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, prepare_images, read_records
from bakeoff.data.image.records import Background, PixelRule, Pixels
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.labels import OnMissing, OnRare
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import PreparedData
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import ConfigError, DataError
from bakeoff.tables import table_of

_BIT_DEPTHS = range(1, 17)
_ROWS_AT_ONCE = 4096
_RELATIVE = 1e-9


class ClassifiedImages(PreparedData[ImageSpec]):
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
    noun = "image"
    _preparation: ImagePreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: ImageColumns,
        split: SplitRule,
        image_size: int | Sequence[int] | None = None,
        batch_size: int = 64,
        on_bad: OnBad = "error",
        bit_depth: int = 16,
        background: Background = "white",
        dedup: OnDuplicate = "error",
        on_missing: OnMissing = "error",
        on_rare: OnRare = "error",
        allow_leak: bool = False,
        num_workers: int = 2,
        in_memory_gb: float = 4.0,
        reshuffle: bool = True,
        sampler: Sampler = "shuffled",
        chunk: int = 1,
        seed: int = 0,
    ) -> None:
        require_choice("on_bad", on_bad, ("error", "skip"))
        require_choice("sampler", sampler, SAMPLERS)
        require_choice("background", background, get_args(Background))
        if bit_depth not in _BIT_DEPTHS:
            problem, allowed = "is no depth of pixels in 16-bit files", f"{_BIT_DEPTHS[0]} to {_BIT_DEPTHS[-1]}"
            raise ConfigError("config.out_of_range", "data.bit_depth", bit_depth, problem, allowed=allowed)
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
            pixel_rule=PixelRule(bit_depth, background),
        )
        super().__init__(
            name=name, source=source, preparation=preparation, batch_size=batch_size, chunk=chunk, seed=seed
        )
        self.num_workers = num_workers
        self._reshuffle = reshuffle
        self._sampler = sampler

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the mean and deviation that a finished run was trained with, instead of those of these train rows.

        Raises:
            DataError: the images have other classes or another number of channels.
        """
        assert isinstance(trained, ImageSpec)
        if trained.class_names != self.spec.class_names:
            problem = f"its classes are {', '.join(self.spec.class_names[:5])}"
            allowed = ", ".join(trained.class_names[:20])
            raise DataError("data.other_classes", "data", self.name, problem, allowed=allowed)
        if trained.channels != self.spec.channels:
            problem = f"these images have {self.spec.channels} channels, the run was trained on {trained.channels}"
            raise DataError("data.other_channels", "data", self.name, problem)
        self._spec = dataclasses.replace(self.spec, mean=trained.mean, std=trained.std)

    def train_dataloader(self) -> ImageLoader:
        """Shuffled by ``(seed, epoch)``; a last batch of one example is left out."""
        return self._loader("train", batch_size=self.batch_size, training=True)

    def val_dataloader(self) -> ImageLoader:
        """In a fixed order, every example."""
        return self._loader("val", batch_size=self._evaluation_batch_size)

    def predict_dataloader(self, split: Split = "test") -> ImageLoader:
        """The inputs alone, in the order of ``labels(split)`` and ``examples(split)``."""
        return self._loader(split, batch_size=self._evaluation_batch_size, with_labels=False)

    def labels(self, split: Split) -> pa.Table:
        """The class of each example, ``label``, in the order of its evaluation loader (train: of the source)."""
        return table_of(label=self._images.labels[self._split_rows(split)])

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size."""
        assert isinstance(trained, ImageSpec)
        return {"image_size": list(trained.image_size)}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """Image files, a folder of them, or a table that names them; see `bakeoff.data.image.prediction`."""
        assert isinstance(spec, ImageSpec)
        return new_images(spec, reading)

    def show(self, split: Split, indices: Sequence[int]) -> list[Pixels]:
        """Some images of a split as they look, uint8 ``(height, width, channels)``."""
        return list(self._pixels(self._split_rows(split)[np.asarray(indices, dtype=np.int64)]))

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each image's pixels."""
        rows = self._split_rows(split)
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        pieces = (self._pixels(rows[start : start + _ROWS_AT_ONCE]) for start in starts)
        return [hashlib.sha256(image.tobytes()).digest() for images_NHWC in pieces for image in images_NHWC]

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether the mean and deviation that a trial used are those of its train rows, from the pixels themselves."""
        sums_2NC, num_pixels = self._own_sums
        for what, used, fitted in zip(
            ("mean", "deviation"),
            (recorded["mean"], recorded["std"]),
            _mean_and_std(sums_2NC[:, self._split_rows("train")], num_pixels),
            strict=True,
        ):
            if not np.allclose(used, fitted, rtol=_RELATIVE, atol=0.0):
                return f"{what} {_short(used)} used, {_short(fitted)} of train"
        return None

    @cached_property
    def _own_sums(self) -> tuple[NDArray[np.int64], int]:
        """Sum and sum of squares of each image's pixels (0 to 255) by channel, and the pixels of a channel."""
        layout = self._images.layout
        sums_2NC = np.zeros((2, len(self._images.labels), layout.channels), dtype=np.int64)
        every = np.concatenate([self._split_rows(split) for split in SPLITS])
        for start in range(0, len(every), _ROWS_AT_ONCE):
            rows = every[start : start + _ROWS_AT_ONCE]
            wide_NHWC = self._pixels(rows).astype(np.int64)
            sums_2NC[:, rows] = wide_NHWC.sum(axis=(1, 2)), (wide_NHWC * wide_NHWC).sum(axis=(1, 2))
        return sums_2NC, layout.height * layout.width

    def _pixels(self, rows: Rows) -> Pixels:
        return self._by_row[rows][0].permute(0, 2, 3, 1).numpy()

    def _prepare(self) -> PreparedImages:
        return prepare_images(self._source, self._preparation)

    @property
    def _images(self) -> PreparedImages:
        return self._prepared

    @property
    def _evaluation_batch_size(self) -> int:
        return evaluation_batch_size(self.batch_size, self._images.layout)

    def _loader(
        self, split: Split, *, batch_size: int, training: bool = False, with_labels: bool = True
    ) -> ImageLoader:
        rows, seed = self._split_rows(split), self._seed if training else None
        classes = self._images.labels[rows] if training and self._sampler == "balanced" else None
        sampler = EpochSampler(rows, seed=seed, reshuffle=self._reshuffle, classes=classes)
        return ImageLoader(
            self._by_row,
            BatchPlan(sampler, batch_size=batch_size, drop_single=training),
            labels=torch.from_numpy(self._images.labels),
            mean=self.spec.mean,
            std=self.spec.std,
            num_workers=self.num_workers if self._images.pixels_NCHW is None else None,
            chunk=self.chunk if training else 1,
            with_labels=with_labels,
        )

    @cached_property
    def _by_row(self) -> DecodedImages | EncodedImages:
        if self._images.pixels_NCHW is not None:
            return DecodedImages(self._images.pixels_NCHW)
        preparation = self._preparation
        return EncodedImages(read_records(self._source, preparation), self._images.layout, preparation.pixel_rule)

    def _describe(self, common: dict[str, Any]) -> ImageSpec:
        images, layout = self._images, self._images.layout
        mean, std = _mean_and_std(images.sums_2NC[:, self._rows["train"]], layout.height * layout.width)
        return ImageSpec(
            **common,
            channels=layout.channels,
            height=layout.height,
            width=layout.width,
            **images.class_facts(self._rows["train"]),
            mean=mean,
            std=std,
            **dataclasses.asdict(self._preparation.pixel_rule),
        )


def _mean_and_std(sums_2NC: NDArray[np.int64], num_pixels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pixels in [0, 1]; a constant channel gets 1, so that dividing by it changes nothing."""
    mean_C, mean_square_C = sums_2NC.sum(axis=1) / (sums_2NC.shape[1] * num_pixels)
    variance_C = np.maximum(mean_square_C - mean_C**2, 0.0)
    std_C = np.where(variance_C > 0, np.sqrt(variance_C) / 255, 1.0)
    return tuple((mean_C / 255).tolist()), tuple(std_C.tolist())


def _short(values: Sequence[float]) -> str:
    return "/".join(f"{value:.6g}" for value in values)
