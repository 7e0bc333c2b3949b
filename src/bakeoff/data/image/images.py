"""Images as a Lightning data module, whatever is to be said of them: batches, normalisation, copies.

N rows, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, TypeVar

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.loaders import DecodedImages, EncodedImages, ImageLoader, evaluation_batch_size
from bakeoff.data.image.prediction import new_images
from bakeoff.data.image.prepared import PreparedImages
from bakeoff.data.image.records import Background, PixelRule, Pixels
from bakeoff.data.image.spec import PixelSpec
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import PreparedData
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber

_ROWS_AT_ONCE = 4096
_RELATIVE = 1e-9

AnyPixelSpec = TypeVar("AnyPixelSpec", bound=PixelSpec)


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class Images(PreparedData[AnyPixelSpec]):
    """Images of one size, split, normalised and batched; a subclass says what belongs to each of them.

    Images are decoded once, into a cache that all trials share (`bakeoff.data.image.prepared`). The test split is fixed
    by ``split.seed``, the validation split by ``seed``, which is the trial's.

    Args:
        image_size: pixels, one number or (height, width); None keeps the native size, which must be uniform.
        on_bad: ``skip`` puts up with at most 1 % of unreadable images.
        bit_depth: bits that gray pixels of 16-bit images make use of.
        max_megapixels: of files; larger images are unreadable.
        background: what shows through transparent pixels of images: white, gray or black.
        num_workers: processes that decode, where the images do not fit in memory.
        in_memory_gb: decoded images above this many gigabytes stay encoded, and are decoded batch by batch.
        reshuffle: draw the order of training images anew each epoch; else all epochs have that of the first.
    """

    noun = "image"
    sent_as = (".png", ".jpg")

    image_size: Count | Sequence[Count] | None = None
    on_bad: OnBad = "error"
    bit_depth: Annotated[int, Interval(ge=1, le=16)] = 16
    max_megapixels: Positive = 64.0
    background: Background = "white"
    num_workers: WholeNumber = 2
    in_memory_gb: NotNegative = 4.0
    reshuffle: bool = True

    def _read_as(self) -> dict[str, Any]:
        rule = PixelRule(self.bit_depth, self.background, self._fit, self.max_megapixels)
        return {"image_size": height_and_width(self.image_size), "pixel_rule": rule}

    @property
    def _fit(self) -> Fit:
        """How images come to the size."""
        return "stretch"

    @abc.abstractmethod
    def _targets(self, rows: Tensor) -> Tree:
        """What belongs to some of the prepared rows."""

    def _batch(self, images_BCHW: Tensor, rows_B: Tensor, sampler: EpochSampler) -> Batch:
        """A batch of images that belong to these prepared rows.

        Args:
            images_BCHW: as the network gets them.
            rows_B: by number.
            sampler: that drew them; in evaluation it has no seed.
        """
        return Batch(images_BCHW, self._targets(rows_B), len(rows_B))

    @abc.abstractmethod
    def _records(self) -> Any:
        """The undecoded images, a row each in the order of the prepared arrays."""

    def _balanced_classes(self, rows: Rows) -> NDArray[np.int64] | None:
        """The class of each of these train rows, where training is to see all classes equally often."""
        return None

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the mean and deviation that a finished run was trained with, instead of those of these train rows.

        Raises:
            DataError: the images have another number of channels.
        """
        assert isinstance(trained, PixelSpec)
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

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size."""
        assert isinstance(trained, PixelSpec)
        return {"image_size": list(trained.image_size)}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """Image files, a folder of them, or a table that names them; see `bakeoff.data.image.prediction`."""
        assert isinstance(spec, PixelSpec)
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
        sums_2NC = np.zeros((2, len(self._images.examples), layout.channels), dtype=np.int64)
        every = np.concatenate(dataclasses.astuple(self._images.parted))  # of any seed, and any part of train
        for start in range(0, len(every), _ROWS_AT_ONCE):
            rows = every[start : start + _ROWS_AT_ONCE]
            wide_NHWC = self._pixels(rows).astype(np.int64)
            sums_2NC[:, rows] = wide_NHWC.sum(axis=(1, 2)), (wide_NHWC * wide_NHWC).sum(axis=(1, 2))
        return sums_2NC, layout.height * layout.width

    def _pixels(self, rows: Rows) -> Pixels:
        return self._by_row[rows][0].permute(0, 2, 3, 1).numpy()

    @property
    def _images(self) -> PreparedImages:
        return self._prepared

    @property
    def _evaluation_batch_size(self) -> int:
        return evaluation_batch_size(self.batch_size, self._images.layout)

    def _loader(
        self, split: Split, *, batch_size: int, training: bool = False, with_labels: bool = True
    ) -> ImageLoader:
        rows, seed = self._split_rows(split), self.seed if training else None
        classes = self._balanced_classes(rows) if training else None
        sampler = EpochSampler(rows, seed=seed, reshuffle=self.reshuffle, classes=classes)
        return ImageLoader(
            self._by_row,
            BatchPlan(sampler, batch_size=batch_size, drop_single=training),
            make_batch=functools.partial(self._batch, sampler=sampler) if with_labels else None,
            mean=self.spec.mean,
            std=self.spec.std,
            num_workers=self.num_workers if self._images.pixels_NCHW is None else None,
            chunk=self.chunk if training else 1,
        )

    @cached_property
    def _by_row(self) -> DecodedImages | EncodedImages:
        if self._images.pixels_NCHW is not None:
            return DecodedImages(self._images.pixels_NCHW)
        return EncodedImages(self._records(), self._images.layout, self._preparation.pixel_rule)

    def _facts_of_pixels(self) -> dict[str, Any]:
        """What a `PixelSpec` says of this trial's images."""
        images, layout = self._images, self._images.layout
        mean, std = _mean_and_std(images.sums_2NC[:, self._rows["train"]], layout.height * layout.width)
        return {
            "channels": layout.channels,
            "height": layout.height,
            "width": layout.width,
            "mean": mean,
            "std": std,
            **dataclasses.asdict(self._preparation.pixel_rule),
        }


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class FittedImages(Images[AnyPixelSpec]):
    """Images that are stretched to a size, or letterboxed, with all that belongs to their places.

    Args:
        fit: how images come to that size: ``letterbox`` keeps their shape and fills up with gray, ``stretch`` does not.
    """

    fit: Fit = "letterbox"

    @property
    def _fit(self) -> Fit:
        return self.fit

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size, and how images come to it."""
        assert isinstance(trained, PixelSpec)
        return super().settings_of(trained) | {"fit": trained.fit}


def _mean_and_std(sums_2NC: NDArray[np.int64], num_pixels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, of pixels in [0, 1]; a constant channel gets 1, so that dividing by it changes nothing."""
    mean_C, mean_square_C = sums_2NC.sum(axis=1) / (sums_2NC.shape[1] * num_pixels)
    variance_C = np.maximum(mean_square_C - mean_C**2, 0.0)
    std_C = np.where(variance_C > 0, np.sqrt(variance_C) / 255, 1.0)
    return tuple((mean_C / 255).tolist()), tuple(std_C.tolist())


def _short(values: Sequence[float]) -> str:
    return "/".join(f"{value:.6g}" for value in values)
