"""Texts as tokens on disk, made once; their fingerprint is of texts, labels, tokens and the fixed split."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import cached_folder, digest, require_space
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows, read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.text.blocks import cut_into_blocks
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.table import TextTable, read_table
from bakeoff.data.text.tokenizer import Ids, Tokenizer, TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.errors import DataError

_BYTES_A_CHARACTER = 8  # on disk: the text itself, and a token of 4 bytes with room to spare


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextPreparation(Preparation):
    """How the source becomes arrays.

    Args:
        tokenizer: what a token is.
        max_length: where labelled texts and pairs are cut, in tokens.
        block_bytes: what a document that stands alone is cut into.
    """

    columns: LabelledColumns | DocumentColumns | PairColumns
    tokenizer: TokenizerRule
    max_length: int | None = None
    block_bytes: int | None = None

    @property
    def val_is_prepared(self) -> bool:
        """Whether the validation amount changes what is on disk: the blocks of a document alone are parted there."""
        return self.block_bytes is not None or super().val_is_prepared


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedTexts(PreparedRows):
    """The arrays of a prepared folder; ``tokens`` and ``texts`` (UTF-8) hold all rows, by role."""

    tokens: dict[str, Ragged]
    texts: dict[str, Ragged]
    tokenizers: dict[str, Tokenizer]
    digests: NDArray[np.uint8]
    column_of: dict[str, str]

    @classmethod
    def open(cls, folder: Path) -> PreparedTexts:
        """Map a prepared folder; little is read."""
        values = read_folder(folder)
        states = values.pop("tokenizers")
        return cls(
            tokens={role: Ragged.open(folder, f"{role}_tokens") for role in states},
            texts={role: Ragged.open(folder, f"{role}_text") for role in states},
            tokenizers={role: tokenizer_from(state) for role, state in states.items()},
            **values,
        )


def prepare_texts(source: Source, preparation: TextPreparation) -> PreparedTexts:
    """The prepared texts, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no package, no space or no right to write the cache.
    """
    folder = cached_folder("texts", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedTexts.open(folder)


def encode(
    texts: Sequence[str], tokenizer: Tokenizer, *, role: str, labelled: bool, max_length: int | None
) -> tuple[list[Ids], int]:
    """Tokens of each text as batches hold them, and how many texts were cut.

    Sources end with the END token; a text without any token is one UNKNOWN.
    """
    limit = max_length if max_length is not None else np.iinfo(np.int64).max
    encoded, num_cut = [], 0
    for ids in tokenizer.encode_batch(texts, framed=labelled or role == "source"):
        if not len(ids):
            ids = np.array([tokenizer.unknown], dtype=np.int32)
        if role == "source" and ids[-1] != tokenizer.end:
            ids = np.append(ids, np.int32(tokenizer.end))
        num_cut += len(ids) > limit
        encoded.append(tokenizer.cut(ids, limit) if len(ids) > limit else ids)
    return encoded, num_cut


def _build(folder: Path, source: Source, preparation: TextPreparation) -> None:
    columns, split = preparation.columns, preparation.split
    table = read_table(source.load(), columns, split=split, on_missing=preparation.on_missing)
    if preparation.block_bytes is not None and len(table.examples) == 1:
        table = cut_into_blocks(table, preparation.block_bytes, split)
    digests = table.digests()
    rows = part_rows(table, digests, preparation)
    require_space(_BYTES_A_CHARACTER * sum(len(text) for texts in table.texts.values() for text in texts))
    tokenizers, notes = {}, list(rows.notes)
    labelled, limit = isinstance(columns, LabelledColumns), preparation.max_length
    for role, texts in table.texts.items():
        tokenizers[role] = fit_tokenizer(preparation.tokenizer, [texts[row] for row in rows.pool])
        notes += save_texts(folder, role, texts, tokenizers[role], max_length=limit, labelled=labelled)
    states = {role: tokenizer.to_dict() for role, tokenizer in tokenizers.items()}
    rows = dataclasses.replace(rows, notes=tuple(notes), fingerprint=_fingerprint(folder, table, rows, states))
    own = {
        "digests": np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(digests), -1),
        "column_of": table.column_of,
        "tokenizers": states,
    }
    write_folder(folder, rows.to_dict() | own)


def save_texts(
    folder: Path,
    role: str,
    texts: Sequence[str],
    tokenizer: Tokenizer,
    *,
    max_length: int | None,
    labelled: bool = False,
) -> list[str]:
    """Writes texts and their tokens; returns a note if some were cut.

    Raises:
        DataError: all texts are longer than ``max_length``.
    """
    encoded, num_cut = encode(texts, tokenizer, role=role, labelled=labelled, max_length=max_length)
    if num_cut == len(texts):
        problem = f"every text is longer than {max_length} tokens of kind {tokenizer.kind}: all are truncated"
        next_step = f"data.max_length={_roomy_length(texts, tokenizer)} keeps half of them whole"
        raise DataError("data.all_truncated", "data.max_length", max_length, problem, next_step=next_step)
    Ragged.of(encoded, dtype=np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.int32).save(folder, f"{role}_tokens")
    Ragged.of_texts(texts).save(folder, f"{role}_text")
    if not num_cut:
        return []
    return [f"{num_cut:,} of {len(texts):,} {role}s were cut at {max_length} tokens (data.max_length)."]


def _roomy_length(texts: Sequence[str], tokenizer: Tokenizer) -> int:
    """The median length, in tokens."""
    return int(np.ceil(np.median([len(ids) for ids in tokenizer.encode_batch(texts, framed=True)])))


def _fingerprint(folder: Path, table: TextTable, rows: PreparedRows, states: dict[str, Any]) -> str:
    """Of the content in use: vocabularies, classes, and each split's texts, tokens, labels and groups in order."""
    state = hashlib.blake2b(digest([states, rows.class_names]).encode(), digest_size=16)
    tokens = {role: Ragged.open(folder, f"{role}_tokens") for role in states}
    for part, numbers, labels, groups in rows.content():
        state.update(digest([part, labels, groups]).encode())
        for role, texts in table.texts.items():
            for row in numbers.tolist():
                state.update(texts[row].encode() + b"\0")
                state.update(tokens[role].row(row).tobytes() + b"\0")
    return state.hexdigest()
