"""Boxes of many images in a few arrays, one image's after the other's.

N images, M boxes.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Rows

Boxes = NDArray[np.float64]
"""Left, top, right and lower edge, in pixels."""


@dataclasses.dataclass(frozen=True)
class Objects:
    """What there is in images.

    Attributes:
        counts_N: boxes of each image.
        boxes_M4: in pixels of the image as it came.
        classes_M: by number.
        crowd_M: whether it is around many things that are not told apart; such are not to be found, and what is found
            in them does not count.
        areas_M: of what is in the box, in pixels: of its outline where that is known, else of the box.
    """

    counts_N: NDArray[np.int64]
    boxes_M4: Boxes
    classes_M: NDArray[np.int64]
    crowd_M: NDArray[np.bool_]
    areas_M: NDArray[np.float64]

    def of(self, rows: Rows) -> Objects:
        """Those of some images."""
        return self._at(self.places(rows), self.counts_N[rows])

    def only(self, which_M: NDArray[np.bool_]) -> Objects:
        """Some of the boxes of the same images."""
        counts_N = np.bincount(self.images_M[which_M], minlength=len(self.counts_N))
        return self._at(np.flatnonzero(which_M), counts_N)

    def places(self, rows: Rows) -> NDArray[np.int64]:
        """Where the boxes of some images stand."""
        starts_N = np.cumsum(self.counts_N) - self.counts_N
        counts = self.counts_N[rows]
        return np.repeat(starts_N[rows] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())

    def _at(self, places: NDArray[np.int64], counts_N: NDArray[np.int64]) -> Objects:
        return Objects(
            counts_N, self.boxes_M4[places], self.classes_M[places], self.crowd_M[places], self.areas_M[places]
        )

    @property
    def images_M(self) -> NDArray[np.int64]:
        """The number of each box's image."""
        return np.repeat(np.arange(len(self.counts_N)), self.counts_N)
