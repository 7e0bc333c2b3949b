"""What a kind of data can say of its rows before they are prepared: what `bakeoff data` asks, without torch."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from datasets import DatasetDict

from bakeoff.data.labels import OnMissing
from bakeoff.data.prepared import PreparedRows
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import Table

AnyTable = TypeVar("AnyTable", bound=Table)


class Surveyor(abc.ABC, Generic[AnyTable]):
    """Reads the rows of a kind of data, and looks at them.

    The package of a kind has one in its module ``survey``, called ``SURVEYOR``. Neither imports torch, whose start
    takes longer than to look.

    Args:
        splits: as the source loaded them.
        columns: which columns hold what.
        split: how missing splits are made.
        on_missing: what becomes of rows without a label.

    Raises:
        DataError: the rows cannot be read as this kind of data.
    """

    def __init__(self, splits: DatasetDict, *, columns: Any, split: SplitRule, on_missing: OnMissing = "error") -> None:
        self.split = split
        self.on_missing = on_missing
        self.table = self.read(splits, columns)

    @abc.abstractmethod
    def read(self, splits: DatasetDict, columns: Any) -> AnyTable:
        """The rows."""

    def settle(self, section: Mapping[str, Any]) -> None:
        """Brings the table to what training takes under the settings of a ``data`` section.

        Raises:
            DataError: they refuse the values of the rows.
        """

    @abc.abstractmethod
    def digests(self) -> list[bytes]:
        """A hash of each row's content, equal for copies."""

    @abc.abstractmethod
    def measures(self) -> dict[str, Sequence[float]]:
        """Sizes of all rows that can be read, by what is measured, such as ``characters``."""

    def remarks(self, rows: PreparedRows) -> list[str]:
        """Notes that a closer look at some of the rows adds, once they are split.

        Raises:
            DataError: training would refuse what is seen.
        """
        return []

    @abc.abstractmethod
    def show(self, row: int) -> str:
        """A row in a few words."""
