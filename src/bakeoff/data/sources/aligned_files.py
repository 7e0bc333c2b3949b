"""Translations of the user's own: a table of two columns, or two text files whose lines belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.decoding import read_text
from bakeoff.data.sources.source import Head, Source, existing_path, file_states
from bakeoff.data.sources.tables import Tables
from bakeoff.errors import ConfigError, DataError

_LANGUAGE = re.compile(r"\.([a-z]{2}(-[A-Za-z]{2,4})?|src|tgt|trg)")
"""What a file's name ends in where its lines are sentences of a language."""
_SPLITS = {"train": "", "val": "val_", "test": "test_"}


class ParallelTexts(Source):
    """Pairs of texts, from tables (``file`` and so on) or from aligned files (``source_file`` and ``target_file``).

    Args:
        file: a table (.tsv, .csv, .jsonl, .parquet); without the other splits' files, all splits are made from it.
        val_file: a table to validate on.
        test_file: a table to test on.
        source_file: sources, one a line.
        target_file: their translations, line by line.
        val_source_file: sources to validate on.
        val_target_file: their translations.
        test_source_file: sources to test on.
        test_target_file: their translations.
        sep: between the columns of a CSV file, see `TableFormat`; null finds it.
        quote: around fields of a CSV file, see `TableFormat`; null finds it.
        encoding: of the files.
        header: the names of a table's columns, where its first line is a row already, see `TableFormat`.

    Raises:
        ConfigError: neither a table nor two aligned files, or both, or one side of a pair of files alone.
    """

    def __init__(
        self,
        *,
        file: str | None = None,
        val_file: str | None = None,
        test_file: str | None = None,
        source_file: str | None = None,
        target_file: str | None = None,
        val_source_file: str | None = None,
        val_target_file: str | None = None,
        test_source_file: str | None = None,
        test_target_file: str | None = None,
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
        header: Sequence[str] | None = None,
    ) -> None:
        pairs = {
            "train": (source_file, target_file),
            "val": (val_source_file, val_target_file),
            "test": (test_source_file, test_target_file),
        }
        _check_choice(file, pairs)
        self._encoding = encoding
        self._pairs = {split: (str(pair[0]), str(pair[1])) for split, pair in pairs.items() if pair[0] is not None}
        self._tables = None
        if file is not None:
            self._tables = Tables(
                file=file,
                val_file=val_file,
                test_file=test_file,
                sep=sep,
                quote=quote,
                encoding=encoding,
                header=header,
            )

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``file`` of a table, ``source_file`` of a text beside which there is another in another language."""
        return "source_file" if partner_of(path) else Tables.argument_for(path)

    def identity(self) -> dict[str, Any]:
        """The state of the files."""
        if self._tables is not None:
            return self._tables.identity()
        states = {}
        for split in self._pairs:
            files = self._existing(split)
            states[split] = [str(files[0].parent), [file_states([file], relative_to=file.parent) for file in files]]
        return {"source": "aligned_files", "encoding": self._encoding, "files": states}

    def load(self) -> DatasetDict:
        """The tables' own columns, or ``source`` and ``target``."""
        if self._tables is not None:
            return self._tables.load()
        return DatasetDict({split: self._read(split) for split in self._pairs})

    def head(self) -> Head | None:
        """That of the tables."""
        return super().head() if self._tables is None else self._tables.head()

    def _existing(self, split: str) -> tuple[Path, Path]:
        source, target = self._pairs[split]
        prefix = f"data.{_SPLITS[split]}"
        return (
            existing_path(source, key=f"{prefix}source_file"),
            existing_path(target, key=f"{prefix}target_file"),
        )

    def _read(self, split: str) -> Dataset:
        files = self._existing(split)
        keys = [f"data.{_SPLITS[split]}{side}_file" for side in ("source", "target")]
        # not splitlines: it also cuts at form feeds and at Unicode's own line separators
        texts = [read_text(file, encoding=self._encoding, key=key) for file, key in zip(files, keys, strict=True)]
        source, target = (text.replace("\r\n", "\n").removesuffix("\n").split("\n") for text in texts)
        if len(source) != len(target):
            first = min(len(source), len(target)) + 1
            lengths = f"has {len(target):,} lines where {files[0]} has {len(source):,}"
            problem = f"{lengths}: line {first:,} has no partner"
            next_step = "align the two files line by line"
            raise DataError("data.ragged", keys[1], files[1], problem, next_step=next_step)
        return Dataset.from_dict({"source": source, "target": target})


def _check_choice(file: str | None, pairs: dict[str, tuple[str | None, str | None]]) -> None:
    given = {split for split, pair in pairs.items() if pair != (None, None)}
    if (file is None) == (pairs["train"] == (None, None)) or (file is not None and given):
        problem = "give either a table, or two aligned files"
        allowed = "data.file=F.tsv, or data.source_file=F and data.target_file=G"
        raise ConfigError("config.contradiction", "data.file", file or "null", problem, allowed=allowed)
    for split in given:
        if None in pairs[split]:
            side = ("source", "target")[pairs[split].index(None)]
            key = f"data.{_SPLITS[split]}{side}_file"
            partner = partner_of(Path(next(filter(None, pairs[split]))))
            next_step = f"{key}={partner}" if partner else None
            problem = "the other side of the pair is given, this is not"
            raise ConfigError("config.missing_value", key, None, problem, next_step=next_step)


def names_language(path: Path) -> bool:
    """Whether it is a file that is called by the language of its lines: ``train.en``."""
    return _LANGUAGE.fullmatch(path.suffix) is not None and path.is_file()


def partner_of(path: Path) -> Path | None:
    """The only file of as many lines whose name is the same but for the language: ``train.de`` of ``train.en``."""
    if not names_language(path):
        return None
    others = [other for other in path.parent.iterdir() if other.stem == path.stem and other.name != path.name]
    found = [other for other in others if names_language(other)]
    same = len(found) == 1 and path.read_bytes().count(b"\n") == found[0].read_bytes().count(b"\n")
    return found[0] if same else None
