"""Not-so-Clevr: a square to be drawn at a place that is told, where a quarter of all places is kept for the test.

Liu et al. 2018, "An intriguing failing of convolutional neural networks and the CoordConv solution", arXiv:1807.03247,
sections 2 and 3: supervised rendering, of a place tiled over all pixels.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from datasets import Array2D, Array3D, Dataset, DatasetDict, Features

from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.ranges import Count, Seed

HeldOut = Literal["quadrant", "uniform"]
_LEVELS = 256
_TESTED = 0.2  # of all places, where they are drawn


class NotSoClevr(Source):
    """One example for each place of a square in a canvas, none twice.

    An image is of one colour: red says how far right the square is, green how far down, blue nothing. Its mask is 1
    where the square covers it. Of 8 pixels with a square of 3, the place 2, 0 is::

        image  red 2 / 5 of 255, green 0, everywhere      mask  0 0 1 1 1 0 0 0   (three times)
                                                                0 0 0 0 0 0 0 0   (five times)

    Args:
        side: pixels of the canvas's side.
        square: pixels of the square's side.
        held_out: what the test holds: the ``quadrant`` of places in the right half and in the lower half, or a fifth
            of all places, drawn at random (``uniform``).
        seed: what those are drawn from.

    Raises:
        ValueError: the square does not fit, or has more places in a row than a colour has levels.
    """

    def __init__(self, *, side: Count, square: Count, held_out: HeldOut, seed: Seed) -> None:
        if held_out not in get_args(HeldOut):
            raise ValueError(f"held_out must be one of {', '.join(get_args(HeldOut))}; got {held_out!r}")
        if not 2 <= side - square + 1 <= _LEVELS:
            raise ValueError(f"side must be square + 1 to square + {_LEVELS - 1}; got {side} and {square}")
        self._side, self._square, self._held_out, self._seed = side, square, held_out, seed

    def identity(self) -> dict[str, Any]:
        """The rule and its settings."""
        how = {"side": self._side, "square": self._square, "held_out": self._held_out, "seed": self._seed}
        return {"source": "not_so_clevr", **how}

    def load(self) -> DatasetDict:
        """Splits ``train`` and ``test``."""
        count = self._side - self._square + 1
        places_N2 = np.stack(np.meshgrid(np.arange(count), np.arange(count), indexing="xy"), axis=-1).reshape(-1, 2)
        tested_N = (places_N2 >= count // 2).all(axis=1)
        if self._held_out == "uniform":
            drawn = np.random.default_rng(self._seed).permutation(len(places_N2))
            tested_N = np.isin(np.arange(len(places_N2)), drawn[: round(_TESTED * len(places_N2))])
        return DatasetDict(train=self._rows(places_N2[~tested_N]), test=self._rows(places_N2[tested_N]))

    def _rows(self, places_N2: np.ndarray) -> Dataset:
        side, square = self._side, self._square
        last = side - square
        features = Features(image=Array3D((side, side, 3), "uint8"), mask=Array2D((side, side), "uint8"))
        images, masks = [], []
        for left, top in places_N2.tolist():
            colour = np.rint(np.array([left, top, 0]) * 255 / last).astype(np.uint8)
            images.append(np.broadcast_to(colour, (side, side, 3)))
            masks.append(np.zeros((side, side), dtype=np.uint8))
            masks[-1][top : top + square, left : left + square] = 1
        made = Dataset.from_dict({"image": images, "mask": masks}, features=features)
        return made.add_column(EXAMPLE_COLUMN, [f"place {left},{top}" for left, top in places_N2.tolist()])
