"""Tables of the user's own whose rows name recordings: CSV, JSON lines, JSON or Parquet."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset, DatasetDict

from bakeoff.data.columns import choose_column
from bakeoff.data.sources.source import Head, file_states, noted
from bakeoff.data.sources.tables import Tables


@dataclasses.dataclass(kw_only=True, eq=False)
class AudioTable(Tables):
    """Rows that name a recording each, by a path relative to the table, and say what is said in it::

        train.jsonl    {"audio_filepath": "wavs/1.wav", "text": "one two", "speaker": "anna"}

    Args:
        audio: the column of paths; null finds the one called audio, audio_filepath, path or file_name.
    """

    audio: str | None = None

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """None: a table alone does not tell that its rows name recordings."""
        return None

    def identity(self) -> dict[str, Any]:
        """The state of the tables and of the recordings that they name, and how they are read."""
        files = [Path(path) for own in self.load().values() for path in own["audio"]]
        states = file_states(files, relative_to=Path("/"))
        return super().identity() | {"source": "audio_table", "audio": self.audio, "recordings": states}

    def load(self) -> DatasetDict:
        """As of `Tables`; the recording of each row stands in a column ``audio``, by its absolute path."""
        return self._named(super().load())

    def head(self) -> Head | None:
        """The first rows of each table."""
        head = super().head()
        return head and Head(self._named(head.splits), whole=head.whole)

    def _named(self, splits: DatasetDict) -> DatasetDict:
        named = {}
        for split, table in splits.items():
            folder = Path(self._files[str(split)][1]).expanduser().absolute().parent
            column = choose_column("audio", self.audio, [], table.features)
            paths = [None if path is None else str(folder / str(path)) for path in table[column]]
            others: Dataset = table.remove_columns([column])
            named[split] = others.add_column("audio", pa.array(paths, pa.string()))
        return noted(named, getattr(splits, "notes", ()))
