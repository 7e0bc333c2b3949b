"""The last season again: what a forecast must beat.

Hyndman and Athanasopoulos 2021, "Forecasting: principles and practice", 3rd edition, section 5.2.

N windows, H steps of the horizon.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_SETTINGS = "seasonal_naive.json"


class SeasonalNaive(FittedModel):
    """Each step as the same step of the last season (Hyndman and Athanasopoulos 2021).

    Args:
        season: steps of a season; 1 repeats the last value; null: that of the data.
    """

    def __init__(self, *, season: Count | None = None) -> None:
        self.season = season

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """The data's season, where none is given."""
        self.season = self.season or spec.season

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """The ``forecast`` of each window, shape ``(N, H)``."""
        assert self.season is not None
        return table_of(forecast=np.stack([history.repeated(self.season) for history in examples]))

    def save(self, folder: Path) -> None:
        """The season."""
        (folder / _SETTINGS).write_text(json.dumps({"season": self.season}))

    def load(self, folder: Path) -> None:
        """The season again."""
        self.season = int(json.loads((folder / _SETTINGS).read_text())["season"])
