"""Images with masks as a Lightning data module: what every trial of segmentation reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset
from torch import Tensor

from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.images import FittedImages
from bakeoff.data.image.prediction import new_images
from bakeoff.data.labels import refuse_other_classes
from bakeoff.data.masks.columns import MaskColumns
from bakeoff.data.masks.prepared import MaskPreparation, PreparedMasks, mask_table, prepare_masks
from bakeoff.data.masks.runs import table_of_masks
from bakeoff.data.masks.spec import MaskSpec
from bakeoff.data.masks.values import MaskRule
from bakeoff.data.spec import Spec
from bakeoff.ranges import Count


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class MaskedImages(FittedImages[MaskSpec]):
    """Images with a class for each pixel, split, normalised and batched.

    One batch of shapes, ``batch_size=2``::

        images_BCHW  float32 (2, 3, 64, 64)   pixels of [0, 1], less the train mean, over the train deviation
        masks_BHW    uint8   (2, 64, 64)      0 background, 1 circle, ... by spec.class_names; 255 does not count

        masks_BHW[0, 20:26, 30:40]:   0 0 0 0 1 1 0 0 0 0
                                      0 0 0 1 1 1 1 0 0 0
                                      0 0 1 1 1 1 1 1 0 0

    Args:
        masks: which value of a mask means which class.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = MaskSpec
    preparation_class = MaskPreparation

    columns: MaskColumns
    masks: MaskRule
    fit: Fit = "stretch"
    batch_size: Count = 16

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`.

        Raises:
            DataError: the images have other classes or another number of channels.
        """
        assert isinstance(trained, MaskSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
        super().preprocess_as(trained)

    def labels(self, split: Split) -> pa.Table:
        """The mask of each example, as `bakeoff.data.masks.runs` has it."""
        return table_of_masks(self._images.masks_NHW.numpy()[self._split_rows(split)])

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """Images as of `Images`, and the height and width of each as it came."""
        assert isinstance(spec, MaskSpec)
        return new_images(spec, reading, with_sizes=True)

    def _prepare(self) -> PreparedMasks:
        return prepare_masks(self.source, self._preparation)

    @property
    def _images(self) -> PreparedMasks:
        found: PreparedMasks = self._prepared
        return found

    def _targets(self, rows: Tensor) -> Tensor:
        return self._images.masks_NHW.index_select(0, rows)

    def _records(self) -> Dataset:
        return mask_table(self.source, self._preparation).records

    def _describe(self, common: dict[str, Any]) -> MaskSpec:
        counts_K = self._images.counts_NK[self._rows["train"]].sum(axis=0)
        shares_K = counts_K / np.maximum(counts_K.sum(), 1)
        names, shares = self._images.names, tuple(shares_K.tolist())
        return MaskSpec(**common, **self._facts_of_pixels(), class_names=names, class_shares=shares)
