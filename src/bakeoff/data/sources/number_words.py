"""The embedded sample of translation: numbers in English words, and in German or French ones.

The package `num2words` (LGPL) writes them. German swaps tens and ones ("vierunddreissig": four and thirty), French
counts in twenties ("quatre-vingt-dix-sept"): short texts whose parts must really change places.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict

from bakeoff.data.sources.packages import package_version, sample_package
from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count, WholeNumber

LANGUAGES = ("de", "fr", "es", "it", "nl", "pt", "sv", "pl", "cs", "fi")
_NUMBER_STREAM = 7


class NumberWords(Source):
    """A row a number, each number once, so that any split of rows is a split by number.

    Args:
        target: the language to translate to, from English.
        low: the smallest number.
        high: numbers are below it.
        count: how many numbers, drawn once and for all.

    Raises:
        ConfigError: an unknown language, or fewer numbers in the range than asked for.
    """

    def __init__(
        self, *, target: str = "de", low: WholeNumber = 0, high: WholeNumber = 100_000, count: Count = 12_000
    ) -> None:
        if target not in LANGUAGES:
            problem = "is not among the languages of this sample"
            raise ConfigError("config.unknown_choice", "data.target", target, problem, allowed=LANGUAGES)
        if low < 0 or not 0 < count <= high - low:
            problem = f"there are {max(0, high - low):,} numbers from {low:,} to below {high:,}"
            raise ConfigError("config.out_of_range", "data.count", count, problem, allowed="1 to as many as there are")
        self._target = target
        self._low = low
        self._high = high
        self._count = count

    def identity(self) -> dict[str, Any]:
        """The numbers, and the version of the package.

        Raises:
            EnvironmentFault: it is not installed.
        """
        numbers = {"target": self._target, "low": self._low, "high": self._high, "count": self._count}
        return {"source": "number_words", "num2words": package_version("num2words"), **numbers}

    def load(self) -> DatasetDict:
        """Columns ``en``, that of the target language, and the number as the row's name, in one split."""
        num2words = sample_package("num2words").num2words
        rng = np.random.default_rng([self._low, self._high, _NUMBER_STREAM])
        numbers = (self._low + rng.choice(self._high - self._low, size=self._count, replace=False)).tolist()
        columns: dict[str, list[str]] = {
            code: [num2words(number, lang=code) for number in numbers] for code in ("en", self._target)
        }
        columns[EXAMPLE_COLUMN] = [str(number) for number in numbers]
        return DatasetDict(train=Dataset.from_dict(columns))
