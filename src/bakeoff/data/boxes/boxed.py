"""Images with boxes as a Lightning data module: what every trial of detection reads."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.batch import Ragged
from bakeoff.data.boxes.answers import in_network_pixels, table_of_labels
from bakeoff.data.boxes.columns import BoxColumns
from bakeoff.data.boxes.objects import Boxes, Objects
from bakeoff.data.boxes.prepared import BoxPreparation, PreparedBoxes, box_table, prepare_boxes
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.boxes.spec import BoxSpec
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.image.fitting import scales_and_offsets
from bakeoff.data.image.images import FittedImages
from bakeoff.data.image.prediction import new_images
from bakeoff.data.labels import refuse_other_classes
from bakeoff.data.spec import Spec
from bakeoff.ranges import Count


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class BoxedImages(FittedImages[BoxSpec]):
    """Images with boxes, split, normalised and batched.

    One batch of digit scenes, ``batch_size=2``, whose images have two boxes and one::

        images_BCHW  float32 (2, 3, 64, 64)   pixels of [0, 1], less the train mean, over the train deviation
        targets      boxes   float32 (3, 4)   corners: [[3, 8, 21, 40], [30, 12, 52, 44], [20, 20, 41, 50]]
                     classes int64   (3,)     [4, 0, 7] by spec.class_names
                     crowd   bool    (3,)     [False, False, False]
                     counts  int64   (2,)     [2, 1] boxes of each image

    Args:
        boxes: what the numbers of boxes and categories mean.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = BoxSpec
    preparation_class = BoxPreparation

    columns: BoxColumns
    boxes: BoxRule
    batch_size: Count = 16

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`.

        Raises:
            DataError: the images have other classes or another number of channels.
        """
        assert isinstance(trained, BoxSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
        super().preprocess_as(trained)

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
        return prepare_boxes(self.source, self._preparation)

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
        size, fit = (layout.height, layout.width), self.fit
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
        return box_table(self.source, self._preparation).records

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
