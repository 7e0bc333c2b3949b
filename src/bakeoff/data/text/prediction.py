"""New texts for a finished run: from a table, a text file or a string, in the tokens that the run was trained on.

N texts, B batch, T tokens of the longest text of a batch.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.contract import Inputs, NewExamples, Reading
from bakeoff.data.sources.aligned_files import names_language
from bakeoff.data.sources.decoding import read_text
from bakeoff.data.sources.folders import read_tree
from bakeoff.data.sources.source import existing_path, looks_like_path
from bakeoff.data.sources.table_file import SUFFIXES, read_table_file, table_suffix
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.sources.text_files import TEXTS
from bakeoff.data.spec import Spec
from bakeoff.data.text.columns import is_blank, read_texts, text_column
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import LabelledTextSpec, TextPairSpec, TextStreamSpec
from bakeoff.data.text.tokenizer import Ids
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import DataError

TextSpec: TypeAlias = LabelledTextSpec | TextStreamSpec | TextPairSpec


@dataclasses.dataclass(frozen=True)
class NewTexts:
    """Texts in their order, and a name for each: ``table.csv#row`` (from 0), ``lines.txt#line`` (from 1) or ``text``.

    ``notes`` say what was left out, and how the file was read where nothing says how.
    """

    texts: list[str]
    names: list[str]
    notes: tuple[str, ...] = ()


def load_texts(
    source: str | Path | Sequence[str],
    spec: Spec,
    *,
    column: str | None = None,
    how: TableFormat | None = None,
    is_text: bool = False,
) -> NewTexts:
    """The texts to predict for.

    Args:
        source: a table (.csv, .tsv, .jsonl, .json, .parquet) or a .txt file of one text a line, compressed or not, a
            folder with a text a file, a text itself that does not look like a path, or a list of texts.
        spec: of the data that the model was trained on.
        column: the table's column of texts; None: the one that had that name in training, else the only one of text.
        how: what the names of files do not say of them.
        is_text: whether ``source`` is a text itself, whatever it looks like.

    Raises:
        DataError: no such file or column, no text at all, or a file that can't be read as what it is.
    """
    notes: tuple[str, ...] = ()
    if not isinstance(source, str | Path):
        texts, names = list(source), [f"text#{row}" for row in range(len(source))]
    elif is_text or not _is_path(source):
        texts, names = [str(source)], ["text"]
    else:
        path = existing_path(str(source), key="input", instead="text='...' where it is the text itself")
        texts, names, notes = _from_file(path, spec, column=column, how=how or TableFormat())
    kept = [(text, name) for text, name in zip(texts, names, strict=True) if not is_blank(text)]
    if not kept:
        raise DataError("data.no_text", "input", source if isinstance(source, Path) else None, "there is no text in it")
    if len(kept) < len(texts):
        notes += (f"{len(texts) - len(kept):,} rows without text were left out",)
    return NewTexts([text.encode("utf-8", "replace").decode() for text, _ in kept], [name for _, name in kept], notes)


def new_texts(spec: Spec, reading: Reading, *, shown_as: str) -> NewExamples:
    """New texts as `predict` wants them, by default in the format of the files of training.

    UTF-8 is recognised, other encodings are not: where it fails, that of training is tried.

    Args:
        spec: of the data that the model was trained on.
        reading: what to read, and how.
        shown_as: the name of the column of texts.
    """
    assert isinstance(spec, LabelledTextSpec | TextStreamSpec | TextPairSpec)
    how, trained = reading.table_format, reading.trained.get("encoding")
    load = functools.partial(load_texts, reading.source, spec, column=reading.column, is_text=reading.is_text)
    try:
        found = load(how=how)
    except DataError as error:
        if error.code != "data.encoding" or reading.encoding or trained in (None, how.encoding):
            raise
        found = load(how=dataclasses.replace(how, encoding=trained))
    loader = Inputs(*token_batches(found.texts, spec, batch_size=reading.batch_size))
    return NewExamples({"input": found.names, shown_as: found.texts}, found.texts, loader, found.notes)


def token_batches(texts: Sequence[str], spec: TextSpec, *, batch_size: int) -> tuple[list[Tensor], NDArray[np.int64]]:
    """Tokens as the model wants them, and where in ``texts`` each row of the batches stands.

    Args:
        texts: as they came.
        spec: of the data that the model was trained on. Labelled texts and sources are cut at its length. Of a stream,
            each text is a prompt: it follows a START token, and batches hold prompts of equal length only, since
            padding would stand between a prompt and what is to follow.
        batch_size: texts a batch at most.

    Returns:
        int64 ``(B, T)`` tensors, shortest texts first, and N positions.
    """
    tokens = Ragged.of(_encode(texts, spec), dtype=np.int32)
    every = np.arange(len(texts))
    lengths = tokens.lengths(every)
    positions = np.argsort(lengths, kind="stable")
    parts = [positions]
    if isinstance(spec, TextStreamSpec):
        parts = np.split(positions, np.flatnonzero(np.diff(lengths[positions])) + 1)
    plans = [BatchPlan(EpochSampler(part, seed=None), batch_size=batch_size, drop_single=False) for part in parts]
    return [torch.from_numpy(tokens.padded(rows)) for plan in plans for rows in plan], positions


def _encode(texts: Sequence[str], spec: TextSpec) -> list[Ids]:
    if isinstance(spec, TextStreamSpec):
        tokenizer = tokenizer_from(spec.tokenizer)
        start = np.array([tokenizer.start], dtype=np.int32)
        return [np.concatenate([start, ids]) for ids in tokenizer.encode_batch(texts)]
    if isinstance(spec, TextPairSpec):
        tokenizer = tokenizer_from(spec.source_tokenizer)
        return encode(texts, tokenizer, role="source", labelled=False, max_length=spec.max_length)[0]
    tokenizer = tokenizer_from(spec.tokenizer)
    return encode(texts, tokenizer, role="text", labelled=True, max_length=spec.max_length)[0]


def _is_path(source: str | Path) -> bool:
    """Whether it is a path, or meant as one; a mistyped one must not be answered to as a text."""
    return isinstance(source, Path) or os.path.exists(source) or looks_like_path(source)  # noqa: PTH110 - long texts


def _from_file(
    file: Path, spec: Spec, *, column: str | None, how: TableFormat
) -> tuple[list[str], list[str], tuple[str, ...]]:
    suffix = table_suffix(file.name)
    if suffix == ".txt" or (isinstance(spec, TextPairSpec) and names_language(file)):
        lines = read_text(file, encoding=how.encoding, key="input").replace("\r\n", "\n").split("\n")
        lines = lines[:-1] if not lines[-1] else lines
        return lines, [f"{file.name}#{number}" for number in range(1, len(lines) + 1)], ()
    if file.is_dir():
        files = read_tree(file, TEXTS, key="input").files
        texts = [read_text(file / name, encoding=how.encoding, key="input").replace("\r\n", "\n") for name in files]
        return texts, [name.as_posix() for name in files], ()
    if suffix not in SUFFIXES:
        problem, allowed = f"cannot tell how to read texts from {file}", (*SUFFIXES, ".txt", "a folder of text files")
        raise DataError("data.unknown_format", "input", file.name, problem, allowed=allowed)
    read = read_table_file(file, how, key="input")
    table = Dataset(read.table).flatten()
    found = _column(table, spec, column)
    return read_texts(table, found), [f"{file.name}#{row}" for row in range(len(table))], read.notes


def _column(table: Dataset, spec: Spec, column: str | None) -> str:
    role, trained = "text", "text"
    if isinstance(spec, LabelledTextSpec):
        trained = spec.text_column
    elif isinstance(spec, TextPairSpec):
        role, trained = "source", spec.source_column
    wanted = column or (trained if trained in table.column_names else None)
    return text_column(table, role, wanted, key="column")
