"""One long document as a row of blocks, split by position: the end is what a model of the beginning is tested on."""

from __future__ import annotations

import dataclasses

import numpy as np

from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.table import TextTable
from bakeoff.errors import DataError

_LEAST_BLOCKS = 3


def cut_into_blocks(table: TextTable, block_bytes: int, split: SplitRule) -> TextTable:
    """Consecutive blocks of about ``block_bytes`` UTF-8 bytes, characters whole; the last are test, those before val.

    Neighbouring blocks share their subject and often their sentence: shuffled over the splits they would leak.

    Raises:
        DataError: the document is too short to have a block in each split.
    """
    content, name = table.texts["text"][0].encode(), table.examples[0]
    starts = [0]
    while starts[-1] + block_bytes < len(content):
        end = starts[-1] + block_bytes
        while content[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        starts.append(end)
    ends = [*starts[1:], len(content)]
    test = max(1, _count(split.test, len(starts)))
    val = max(1, _count(split.val, len(starts) - test))
    if len(starts) < _LEAST_BLOCKS or test + val >= len(starts):
        problem = (
            f"{name} has {len(content):,} bytes, {len(starts)} blocks: too few for {test} test and {val} val blocks"
        )
        next_step = "give a longer text, a smaller data.block_bytes or smaller data.split amounts"
        raise DataError("data.empty_split", "data.block_bytes", block_bytes, problem, next_step=next_step)
    note = (
        f"The one document was cut into {len(starts):,} blocks of about {block_bytes:,} bytes: the last {test:,} are "
        f"test, the {val:,} before them validation, for every seed."
    )
    return dataclasses.replace(
        table,
        texts={"text": [content[start:end].decode() for start, end in zip(starts, ends, strict=True)]},
        parts=np.repeat(["train", "val", "test"], [len(starts) - test - val, val, test]),
        examples=[f"{name}#{start}" for start in starts],
        notes=(*table.notes, note),
    )


def _count(amount: float, total: int) -> int:
    return round(amount * total) if amount < 1 else int(amount)
