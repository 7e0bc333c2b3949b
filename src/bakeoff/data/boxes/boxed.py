"""Images with boxes as a Lightning data module: what every trial of detection reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import torch
from annotated_types import Interval
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.batches.batch import Ragged
from bakeoff.data.boxes.answers import in_network_pixels, table_of_labels
from bakeoff.data.boxes.columns import BoxColumns
from bakeoff.data.boxes.objects import Boxes, Objects
from bakeoff.data.boxes.prepared import BoxPreparation, PreparedBoxes, box_table, prepare_boxes
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.boxes.spec import BoxSpec
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.image.fitting import Fit, scales_and_offsets
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.images import Images
from bakeoff.data.image.prediction import new_images
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.labels import refuse_other_classes
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber


class BoxedImages(Images[BoxSpec]):
    """Images with boxes, split, normalised and batched.

    One batch of digit scenes, ``batch_size=2``, whose images have two boxes and one::

        images_BCHW  float32 (2, 3, 64, 64)   pixels of [0, 1], less the train mean, over the train deviation
        targets      boxes   float32 (3, 4)   corners: [[3, 8, 21, 40], [30, 12, 52, 44], [20, 20, 41, 50]]
                     classes int64   (3,)     [4, 0, 7] by spec.class_names
                     crowd   bool    (3,)     [False, False, False]
                     counts  int64   (2,)     [2, 1] boxes of each image

    Args:
        name: what the data is called in tables and reports.
        source: where images and boxes come from.
        columns: which columns hold them.
        split: how missing splits are made.
        boxes: what the numbers of boxes and categories mean.
        image_size: pixels, one number or (height, width); None keeps the native size, which must be uniform. Boxes
            follow their images.
        fit: how images come to that size: ``letterbox`` keeps their shape and fills up with gray, ``stretch`` does not.
        batch_size: training images an optimizer step; evaluation uses larger batches.
        on_bad: ``skip`` puts up with at most 1 % of unreadable images.
        bit_depth: bits that gray pixels of 16-bit images make use of.
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

    spec_class = BoxSpec
    _preparation: BoxPreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: BoxColumns,
        split: SplitRule,
        boxes: BoxRule,
        image_size: Count | Sequence[Count] | None = None,
        fit: Fit = "letterbox",
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
        preparation = BoxPreparation(
            columns=columns,
            split=split,
            boxes=boxes,
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
        assert isinstance(trained, BoxSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
        super().preprocess_as(trained)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size, and how images come to it."""
        assert isinstance(trained, BoxSpec)
        return super().settings_of(trained) | {"fit": trained.fit}

    def labels(self, split: Split) -> pa.Table:
        """The boxes of each example, as `bakeoff.data.boxes.answers` has them."""
        rows = self._split_rows(split)
        return table_of_labels(self._objects.of(rows), self._images.sizes_N2[rows], self._to_network_N4[rows])

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """Images as of `Images`, and the height and width of each as it came."""
        assert isinstance(spec, BoxSpec)
        return new_images(spec, reading, with_sizes=True)

    def _prepare(self) -> PreparedBoxes:
        return prepare_boxes(self._source, self._preparation)

    @property
    def _images(self) -> PreparedBoxes:
        found: PreparedBoxes = self._prepared
        return found

    @cached_property
    def _objects(self) -> Objects:
        return self._images.objects

    @cached_property
    def _to_network_N4(self) -> NDArray[np.float64]:
        layout = self._images.layout
        size, fit = (layout.height, layout.width), self._preparation.pixel_rule.fit
        return scales_and_offsets(self._images.sizes_N2, size, fit)

    @cached_property
    def _placed_M4(self) -> Boxes:
        """All boxes in the network's pixels."""
        objects = self._objects
        return in_network_pixels(objects.boxes_M4, objects.counts_N, to_network_N4=self._to_network_N4)

    def _targets(self, rows: Tensor) -> Ragged:
        objects, rows_B = self._objects, rows.numpy()
        places = objects.places(rows_B)
        return Ragged(
            boxes=torch.from_numpy(self._placed_M4[places].astype(np.float32)),
            classes=torch.from_numpy(objects.classes_M[places]),
            crowd=torch.from_numpy(objects.crowd_M[places]),
            counts=torch.from_numpy(objects.counts_N[rows_B]),
        )

    def _records(self) -> Dataset:
        return box_table(self._source, self._preparation).records

    def _describe(self, common: dict[str, Any]) -> BoxSpec:
        train, names = self._objects.of(self._rows["train"]), self._images.names
        counts_K = np.bincount(train.classes_M, minlength=len(names))
        return BoxSpec(
            **common,
            **self._facts_of_pixels(),
            class_names=names,
            class_counts=tuple(counts_K.tolist()),
            most_boxes=int(train.counts_N.max(initial=0)),
        )
