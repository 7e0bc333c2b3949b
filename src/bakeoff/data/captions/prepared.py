"""Images as pixels and captions as tokens on disk, made once.

N images, R references of all of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.captions.table import CaptionTable, read_table
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, decode_images, part_images
from bakeoff.data.prepared import write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.prepared import save_texts
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizer import Tokenizer, TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from

_ROLE = "caption"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaptionPreparation(ImagePreparation):
    """How the source becomes arrays.

    Args:
        tokenizer: what a token of a caption is.
        max_length: where captions are cut, in tokens.
    """

    tokenizer: TokenizerRule
    max_length: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedCaptions(PreparedImages):
    """The arrays of a prepared folder.

    The captions of image ``n`` are the rows ``starts[n]`` to ``starts[n + 1]`` of ``tokens`` and ``texts`` (UTF-8).
    """

    tokens: Ragged
    texts: Ragged
    tokenizer: Tokenizer
    starts: NDArray[np.int64]
    unseen: NDArray[np.bool_]

    @classmethod
    def _mapped(cls, folder: Path) -> dict[str, Any]:
        values = super()._mapped(folder)
        tokens, texts = (Ragged.open(folder, f"{_ROLE}_{what}") for what in ("tokens", "text"))
        return values | {"tokens": tokens, "texts": texts, "tokenizer": tokenizer_from(values["tokenizer"])}

    def captions(self, row: int) -> list[str]:
        """The references of an image."""
        return [self.texts.text(number) for number in range(self.starts[row], self.starts[row + 1])]

    def captions_of(self, rows: Rows) -> list[str]:
        """The references of some images, one after the other."""
        return [text for row in rows.tolist() for text in self.captions(row)]


def prepare_captions(source: Source, preparation: CaptionPreparation) -> PreparedCaptions:
    """The prepared images and captions, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("captions", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedCaptions.open(folder)


def caption_table(source: Source, preparation: CaptionPreparation) -> CaptionTable:
    """The undecoded rows, in the order of the prepared arrays."""
    columns, split = preparation.columns, preparation.split
    return read_table(source.load(), columns, split=split, on_missing=preparation.on_missing)


def _build(folder: Path, source: Source, preparation: CaptionPreparation) -> None:
    table = caption_table(source, preparation)
    decoded = decode_images(folder, table, preparation)
    rows = part_images(decoded, preparation)
    tokenizer = fit_tokenizer(preparation.tokenizer, _flat(table.captions, rows.pool))
    every = _flat(table.captions, np.arange(len(table.captions)))
    notes = save_texts(folder, _ROLE, every, tokenizer, max_length=preparation.max_length)
    splits = {
        part: [[[decoded.measured.digests[row].hex(), *table.captions[row]] for row in numbers.tolist()], groups]
        for part, numbers, _, groups in rows.content()
    }
    fingerprint = digest([dataclasses.astuple(decoded.layout), tokenizer.to_dict(), preparation.max_length, splits])
    rows = dataclasses.replace(rows, fingerprint=fingerprint, notes=(*rows.notes, *notes))
    own = {
        "tokenizer": tokenizer.to_dict(),
        "starts": np.cumsum([0, *map(len, table.captions)]),
        "unseen": np.array(table.unseen),
    }
    write_folder(folder, rows.to_dict() | decoded.facts | own)


def _flat(captions: Sequence[Sequence[str]], rows: Rows) -> list[str]:
    return [text for row in rows.tolist() for text in captions[row]]
