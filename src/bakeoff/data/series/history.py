"""What a model without a network is given of a window: all values before its origin, and what is known ahead.

T steps before the origin, H steps of the horizon, K known features.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class History:
    """A series up to an origin.

    Args:
        values: of all steps before the origin, ``(T,)``; views into one array.
        observed: whether each is one that was there, or stands in for one, ``(T,)``.
        window: the steps that a network is given of it.
        horizon: H.
        season: steps of a season.
        known: features of the steps to come, standardised, ``(H, K)``.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    window: int
    horizon: int
    season: int
    known: NDArray[np.float64]

    def repeated(self, season: int) -> NDArray[np.float64]:
        """The last ``season`` values again and again, ``(H,)``; as far back as there are any."""
        back_H = season - np.arange(self.horizon) % season
        return self.values[np.maximum(len(self.values) - back_H, 0)]
