"""Series with classes in the files of their archives: ``.ts``, and the UCR archive's tables of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Dataset, DatasetDict

from bakeoff.data.labelled_series.formats import FoundSeries, counterpart, holds_series, read_series
from bakeoff.data.sources.source import Source, existing_path, file_states, noted
from bakeoff.data.splits.names import PARTS
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError


class SeriesFiles(Source):
    """Files of series, in which a line is one::

        NAME_TRAIN.ts    @data                                    NAME_TRAIN.tsv   1  -0.64  -0.63  -0.65
                         -0.64,-0.63,-0.65:1.2,1.1,0.9:point                       2   0.10   0.12   0.09

    of two channels and its class here, of its class and one channel there. A ``NAME_TEST`` beside a ``NAME_TRAIN`` is
    the test, as the archives have it.

    Args:
        file: the series to learn from; without others, all splits are made from it.
        val_file: those to validate on; null: drawn from ``file``.
        test_file: those to test on; null: the counterpart beside ``file``, or drawn from it.
        encoding: of the files.
    """

    is_certain = True

    def __init__(
        self, *, file: str, val_file: str | None = None, test_file: str | None = None, encoding: str = "utf-8"
    ) -> None:
        files = {"file": file, "val_file": val_file, "test_file": test_file}
        splits = zip(PARTS, ("file", "val_file", "test_file"), strict=True)
        self._files = {split: (f"data.{key}", given) for split, key in splits if (given := files[key]) is not None}
        self._encoding = encoding

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``file`` of a file that begins as one of series."""
        return "file" if path.is_file() and holds_series(path) else None

    def identity(self) -> dict[str, Any]:
        """The state of the files."""
        files = self._found_files()
        states = {split: file_states([file], relative_to=file.parent) for split, (_, file) in files.items()}
        folder = str(files["train"][1].parent)
        return {"source": "series_files", "folder": folder, "files": states, "encoding": self._encoding}

    def load(self) -> DatasetDict:
        """A split a file, each series called by its file and line."""
        files = self._found_files()
        splits, notes = dict[str, Dataset](), list[str]()
        for split, (key, file) in files.items():
            found = read_series(file, key=key, encoding=self._encoding)
            splits[split] = Dataset(table_of_series(found, file.name))
            notes += found.notes
        if "test" in files and "test" not in self._files:
            notes.append(f"{files['test'][1].name} beside {files['train'][1].name} is the test (data.test_file).")
        return noted(splits, notes)

    def _found_files(self) -> dict[str, tuple[str, Path]]:
        found = {split: (key, _existing_file(given, key)) for split, (key, given) in self._files.items()}
        other = counterpart(found["train"][1]) if "test" not in found else None
        return found if other is None else found | {"test": ("data.test_file", other)}


def table_of_series(found: FoundSeries, name: str) -> pa.Table:
    """The columns ``series`` and ``label``, and what each row is called."""
    lists = pa.list_(pa.list_(pa.float32()))
    return pa.table(
        {
            "series": pa.array(found.series, lists),
            "label": pa.array(found.labels, pa.string()),
            EXAMPLE_COLUMN: [f"{name}:{line}" for line in found.lines],
        }
    )


def _existing_file(given: str, key: str) -> Path:
    path = existing_path(given, key=key)
    if path.is_dir():
        near = sorted(file.name for file in path.iterdir() if holds_series(file))
        step = f"{key}={path / next((name for name in near if '_TRAIN' in name), near[0])}" if near else None
        raise DataError("data.not_a_file", key, given, f"{path} is a folder", allowed=".ts, .tsv, .txt", next_step=step)
    return path
