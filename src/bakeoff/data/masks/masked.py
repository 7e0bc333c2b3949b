"""Images with masks as a Lightning data module: what every trial of segmentation reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from annotated_types import Interval
from datasets import Dataset
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.images import Images
from bakeoff.data.image.prediction import new_images
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.labels import refuse_other_classes
from bakeoff.data.masks.columns import MaskColumns
from bakeoff.data.masks.prepared import MaskPreparation, PreparedMasks, mask_table, prepare_masks
from bakeoff.data.masks.runs import table_of_masks
from bakeoff.data.masks.spec import MaskSpec
from bakeoff.data.masks.values import MaskRule
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber


class MaskedImages(Images[MaskSpec]):
    """Images with a class for each pixel, split, normalised and batched.

    One batch of shapes, ``batch_size=2``::

        images_BCHW  float32 (2, 3, 64, 64)   pixels of [0, 1], less the train mean, over the train deviation
        masks_BHW    uint8   (2, 64, 64)      0 background, 1 circle, ... by spec.class_names; 255 does not count

        masks_BHW[0, 20:26, 30:40]:   0 0 0 0 1 1 0 0 0 0
                                      0 0 0 1 1 1 1 0 0 0
                                      0 0 1 1 1 1 1 1 0 0

    Args:
        name: what the data is called in tables and reports.
        source: where images and masks come from.
        columns: which columns hold them.
        split: how missing splits are made.
        masks: which value of a mask means which class.
        image_size: pixels, one number or (height, width); None keeps the native size, which must be uniform. Masks
            follow their images, each pixel by the nearest.
        fit: how images come to that size: ``stretch``, or ``letterbox``, which keeps their shape and fills up with gray
            that does not count.
        batch_size: training images an optimizer step; evaluation uses larger batches.
        on_bad: ``skip`` puts up with at most 1 % of unreadable images and masks.
        bit_depth: bits that gray pixels of 16-bit images make use of; masks of 16 bits keep their values.
        max_megapixels: of files; larger images are unreadable.
        background: what shows through transparent pixels of images: white, gray or black.
        dedup: what to do about copies of an image on both sides of a split: ``error``, or ``drop`` the train row.
        allow_leak: keep such copies; the report says so.
        num_workers: processes that decode, where the images do not fit in memory.
        in_memory_gb: decoded images above this many gigabytes stay encoded, and are decoded batch by batch.
        reshuffle: draw the order of training images anew each epoch; else all epochs have that of the first.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = MaskSpec
    _preparation: MaskPreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: MaskColumns,
        split: SplitRule,
        masks: MaskRule,
        image_size: Count | Sequence[Count] | None = None,
        fit: Fit = "stretch",
        batch_size: Count = 16,
        on_bad: OnBad = "error",
        bit_depth: Annotated[int, Interval(ge=1, le=16)] = 16,
        max_megapixels: Positive = 64.0,
        background: Background = "white",
        dedup: OnDuplicate = "error",
        allow_leak: bool = False,
        num_workers: WholeNumber = 2,
        in_memory_gb: NotNegative = 4.0,
        reshuffle: bool = True,
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        preparation = MaskPreparation(
            columns=columns,
            split=split,
            masks=masks,
            image_size=height_and_width(image_size),
            on_bad=on_bad,
            dedup=dedup,
            allow_leak=allow_leak,
            in_memory_gb=in_memory_gb,
            pixel_rule=PixelRule(bit_depth, background, fit, max_megapixels),
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

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`.

        Raises:
            DataError: the images have other classes or another number of channels.
        """
        assert isinstance(trained, MaskSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
        super().preprocess_as(trained)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size, and how images come to it."""
        assert isinstance(trained, MaskSpec)
        return super().settings_of(trained) | {"fit": trained.fit}

    def labels(self, split: Split) -> pa.Table:
        """The mask of each example, as `bakeoff.data.masks.runs` has it."""
        return table_of_masks(self._images.masks_NHW.numpy()[self._split_rows(split)])

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """Images as of `Images`, and the height and width of each as it came."""
        assert isinstance(spec, MaskSpec)
        return new_images(spec, reading, with_sizes=True)

    def _prepare(self) -> PreparedMasks:
        return prepare_masks(self._source, self._preparation)

    @property
    def _images(self) -> PreparedMasks:
        found: PreparedMasks = self._prepared
        return found

    def _targets(self, rows: Tensor) -> Tensor:
        return self._images.masks_NHW.index_select(0, rows)

    def _records(self) -> Dataset:
        return mask_table(self._source, self._preparation).records

    def _describe(self, common: dict[str, Any]) -> MaskSpec:
        counts_K = self._images.counts_NK[self._rows["train"]].sum(axis=0)
        shares_K = counts_K / np.maximum(counts_K.sum(), 1)
        names, shares = self._images.names, tuple(shares_K.tolist())
        return MaskSpec(**common, **self._facts_of_pixels(), class_names=names, class_shares=shares)
