"""Whether what a model says of new inputs is distributed as what it said of the test.

Each number of the answers is compared by the two-sample Kolmogorov-Smirnov test, all of them at one level by
Bonferroni: of the detectors that Rabanser et al. 2019 compared (arXiv:1810.11953), this one on a classifier's
probabilities found most shifts with fewest examples; why a classifier's answers show a shift of its inputs: Lipton et
al. 2018 (arXiv:1802.03916). A distance that is certain but small is not told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

FEWEST = 20
"""New inputs under which nothing is said."""
LEVEL, LEAST_DISTANCE = 0.01, 0.1


@dataclasses.dataclass(frozen=True)
class Shift:
    """A number of the answers that has moved.

    Args:
        name: of the number.
        distance: the largest difference between the two distribution functions, in [0, 1].
        p: of the test, times the numbers compared, at most 1.
        new: its mean now.
        old: its mean on the test.
    """

    name: str
    distance: float
    p: float
    new: float
    old: float


def shifts(old: Mapping[str, NDArray[np.float64]], new: Mapping[str, NDArray[np.float64]]) -> list[Shift]:
    """The numbers that have moved, the farthest first.

    Args:
        old: by name, an entry an example of the test.
        new: the same of new inputs; what is not in both is left out.
    """
    from scipy.stats import ks_2samp

    names = [name for name in old if name in new and min(len(old[name]), len(new[name])) >= FEWEST]
    found = []
    for name in names:
        tested = ks_2samp(old[name], new[name])
        p = min(float(tested.pvalue) * len(names), 1.0)
        if p < LEVEL and tested.statistic >= LEAST_DISTANCE:
            means = float(new[name].mean()), float(old[name].mean())
            found.append(Shift(name, float(tested.statistic), p, *means))
    return sorted(found, key=lambda shift: -shift.distance)
