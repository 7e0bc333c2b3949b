"""A look at all masks before anything is prepared: their values, and whether each is as large as its image."""

from __future__ import annotations

import numpy as np

from bakeoff.data.image.headers import each_record, read_headers
from bakeoff.data.image.records import Record
from bakeoff.data.masks.table import MaskTable
from bakeoff.data.masks.values import MaskRule
from bakeoff.errors import DataError


def values_found(table: MaskTable, rule: MaskRule, bad: dict[int, str]) -> dict[int, str]:
    """Each value that occurs in some mask, with the name of the first such mask.

    Args:
        table: the rows.
        rule: how masks are read.
        bad: gets the rows whose mask or image cannot be read, with the reason.

    Raises:
        DataError: a mask of another size than its image, a JPEG, or colours without a table.
    """
    headers = read_headers(table.records, bad)

    def summary(record: Record) -> tuple[tuple[int, int], list[int]]:
        values_HW = rule.read(record)
        return values_HW.shape[:2], np.unique(values_HW).tolist()

    found: dict[int, str] = {}
    others = []
    for row, told in enumerate(each_record(table.masks, summary, bad)):
        header = headers[row]
        if told is None or header is None:
            continue
        size, values = told
        if size != (header.height, header.width):
            others.append(f"{table.examples[row]}: image {header.height}x{header.width}, mask {size[0]}x{size[1]}")
        for value in values:
            found.setdefault(value, table.examples[row])
    if others:
        problem = f"{len(others):,} of {len(headers):,} masks are of another size than their image ({others[0]})"
        step = "give each mask the size of its image, in pixels"
        raise DataError("data.mask_size", "data.columns.mask", table.column_of["mask"], problem, next_step=step)
    return found
