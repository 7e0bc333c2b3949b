"""From a source of texts to tokens on disk, once; what every trial then maps into memory.

Prepared data is found by a cheap key (where the data comes from and how it is prepared). Its ``fingerprint`` is of the
content: texts, labels, tokens and the fixed split, so the same data read from elsewhere has the same fingerprint.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import cached_folder, digest, require_space
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.drawing import Rows, SplitRule
from bakeoff.data.text.blocks import cut_into_blocks
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.data.text.parting import Parted, part_rows, text_digest
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.table import TextTable, read_table
from bakeoff.data.text.tokenizers import Ids, Tokenizer, TokenizerRule, fit_tokenizer, tokenizer_from
from bakeoff.errors import DataError

_FORMAT = 1  # raised whenever prepared folders change their meaning
_ARRAYS = ("labels", "strata", "pool", "val", "test", "groups", "examples", "digests")
_BYTES_A_CHARACTER = 8  # on disk: the text itself, and a token of 4 bytes with room to spare


@dataclasses.dataclass(frozen=True)
class TextPreparation:
    """How the source becomes arrays; everything here changes what is on disk.

    ``max_length`` cuts labelled texts and pairs, in tokens; ``block_bytes`` cuts a document that stands alone.
    """

    columns: LabelledColumns | DocumentColumns | PairColumns
    split: SplitRule
    tokenizer: TokenizerRule
    dedup: OnDuplicate
    allow_leak: bool
    max_length: int | None = None
    block_bytes: int | None = None

    def key(self, source: Source) -> str:
        """What the prepared folder is called."""
        kind = type(self.columns).__name__
        return digest({"format": _FORMAT, "kind": kind, "source": source.identity(), **dataclasses.asdict(self)})


@dataclasses.dataclass(frozen=True)
class PreparedTexts:
    """The arrays of a prepared folder. Rows are those of the source that have text, in its order.

    ``tokens`` and ``texts`` (UTF-8) hold all rows, by role. ``val`` is empty where trials draw it from ``pool``.
    """

    tokens: dict[str, Ragged]
    texts: dict[str, Ragged]
    tokenizers: dict[str, Tokenizer]
    labels: NDArray[Any]
    strata: Rows
    pool: Rows
    val: Rows
    test: Rows
    groups: Rows
    examples: NDArray[np.str_]
    digests: NDArray[np.uint8]
    column_of: dict[str, str]
    class_names: tuple[str, ...]
    multi_label: bool
    fingerprint: str
    leaked_rows: int
    notes: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path) -> PreparedTexts:
        """Map a prepared folder; little is read."""
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
        states = meta.pop("tokenizers")
        for name in ("class_names", "notes"):
            meta[name] = tuple(meta[name])
        return cls(
            tokens={role: Ragged.open(folder, f"{role}_tokens") for role in states},
            texts={role: Ragged.open(folder, f"{role}_text") for role in states},
            tokenizers={role: tokenizer_from(state) for role, state in states.items()},
            **arrays,
            **meta,
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
    table = read_table(source.load(), columns, split=split)
    if preparation.block_bytes is not None and len(table.examples) == 1:
        table = cut_into_blocks(table, preparation.block_bytes, split)
    first = next(iter(table.texts))
    digests = [text_digest(text) for text in table.texts[first]]
    parted = part_rows(table, digests, split, dedup=preparation.dedup, allow_leak=preparation.allow_leak)
    require_space(_BYTES_A_CHARACTER * sum(len(text) for texts in table.texts.values() for text in texts))
    tokenizers, notes = {}, []
    for role, texts in table.texts.items():
        tokenizers[role] = fit_tokenizer(preparation.tokenizer, [texts[row] for row in parted.pool])
        note = _save_role(folder, role, texts, tokenizers[role], parted, preparation)
        notes += [note] if note else []
    _save(folder, table, digests, parted, tokenizers, notes=[*table.notes, *parted.notes, *notes])


def _save_role(
    folder: Path,
    role: str,
    texts: list[str],
    tokenizer: Tokenizer,
    parted: Parted,
    preparation: TextPreparation,
) -> str | None:
    labelled = isinstance(preparation.columns, LabelledColumns)
    encoded, num_cut = encode(texts, tokenizer, role=role, labelled=labelled, max_length=preparation.max_length)
    if num_cut == len(texts):
        length = preparation.max_length
        problem = f"every text is longer than {length} tokens of kind {preparation.tokenizer.kind}: all are truncated"
        next_step = f"data.max_length={_roomy_length(texts, tokenizer)} keeps half of them whole"
        raise DataError("data.all_truncated", "data.max_length", length, problem, next_step=next_step)
    Ragged.of(encoded, dtype=np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.int32).save(folder, f"{role}_tokens")
    Ragged.of_texts(texts).save(folder, f"{role}_text")
    if not num_cut:
        return None
    return f"{num_cut:,} of {len(texts):,} {role}s were cut at {preparation.max_length} tokens (data.max_length)."


def _roomy_length(texts: list[str], tokenizer: Tokenizer) -> int:
    """The median length, in tokens."""
    return int(np.ceil(np.median([len(ids) for ids in tokenizer.encode_batch(texts, framed=True)])))


def _save(
    folder: Path,
    table: TextTable,
    digests: Sequence[bytes],
    parted: Parted,
    tokenizers: dict[str, Tokenizer],
    *,
    notes: list[str],
) -> None:
    groups = table.groups if table.groups is not None else np.empty(0, dtype=np.int64)
    arrays = {
        "labels": parted.labels,
        "strata": parted.strata,
        "pool": parted.pool,
        "val": parted.val,
        "test": parted.test,
        "groups": groups,
        "examples": np.asarray(table.examples),
        "digests": np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(digests), -1),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    states = {role: tokenizer.to_dict() for role, tokenizer in tokenizers.items()}
    meta = {
        "column_of": table.column_of,
        "class_names": parted.class_names,
        "multi_label": table.multi_label,
        "fingerprint": _fingerprint(folder, table, parted, groups, states),
        "leaked_rows": parted.leaked_rows,
        "notes": notes,
        "tokenizers": states,
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _fingerprint(folder: Path, table: TextTable, parted: Parted, groups: Rows, states: dict[str, Any]) -> str:
    """Of the content in use: vocabularies, classes, and each split's texts, tokens, labels and groups in order."""
    state = hashlib.blake2b(digest([states, parted.class_names]).encode(), digest_size=16)
    tokens = {role: Ragged.open(folder, f"{role}_tokens") for role in states}
    for part, rows in (("pool", parted.pool), ("val", parted.val), ("test", parted.test)):
        labels = parted.labels[rows].tolist() if len(parted.labels) else []
        group_of_row = groups[rows].tolist() if len(groups) else []
        state.update(digest([part, labels, group_of_row]).encode())
        for role, texts in table.texts.items():
            for row in rows.tolist():
                state.update(texts[row].encode() + b"\0")
                state.update(tokens[role].row(row).tobytes() + b"\0")
    return state.hexdigest()
