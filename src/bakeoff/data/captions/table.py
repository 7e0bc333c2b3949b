"""A source's splits as one table of images with their captions."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Hashable, Iterator

from datasets import Dataset, DatasetDict, Features, List, concatenate_datasets

from bakeoff.data.captions.columns import CaptionColumns, caption_columns, read_captions, read_unseen
from bakeoff.data.image.columns import image_column, undecoded_images
from bakeoff.data.image.table import ImageTable
from bakeoff.data.labels import OnMissing
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import SourceRows, source_rows
from bakeoff.errors import DataError

_ROWS_AT_ONCE = 512


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaptionTable(ImageTable):
    """All images; ``captions`` holds the references of each, and ``unseen`` whether training lacks what it shows."""

    captions: list[list[str]]
    unseen: list[bool]


def read_table(
    splits: DatasetDict, columns: CaptionColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> CaptionTable:
    """Find the columns, put rows of one image together, and the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of images without a caption.

    Raises:
        DataError: missing columns, images without a caption, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    features = rows.train.features
    names = caption_columns(rows.train, columns.caption)
    image = image_column(Features({name: kind for name, kind in features.items() if name not in names}), columns.image)
    column_of = {"image": image, "caption": names[0]} | ({"unseen": columns.unseen} if columns.unseen else {})
    rows.require_columns(column_of)
    read = {part: read_captions(dataset, names) for part, dataset in rows.datasets.items()}
    captions = {part: found for part, (found, _) in read.items()}
    notes = _changed_note(sum(changed for _, changed in read.values()))
    if len(names) == 1 and not isinstance(features[names[0]], List):
        rows, captions = _by_image(rows, captions, image)
    captions, repeated = _distinct(captions)
    rows, captions = _with_captions(rows, captions, on_missing=on_missing, column=names[0])
    datasets = list(rows.datasets.values())
    facts = rows.facts(split)
    return CaptionTable(
        **facts | {"notes": (*facts["notes"], *notes, *repeated)},
        column_of=column_of,
        records=concatenate_datasets([undecoded_images(dataset, image) for dataset in datasets]),
        captions=[own for lists in captions.values() for own in lists],
        unseen=[mark for dataset in datasets for mark in read_unseen(dataset, columns.unseen)],
    )


Captions = dict[str, list[list[str]]]
"""The captions of each row, by split."""


def _by_image(rows: SourceRows, captions: Captions, image: str) -> tuple[SourceRows, Captions]:
    """One row an image, the first that shows it, with the captions of all; by its name, or else by its content."""
    datasets, examples, joined = {}, {}, {}
    for part, dataset in rows.datasets.items():
        names = rows.examples[part]
        firsts: dict[Hashable, int] = {}
        gathered: list[list[str]] = []
        keys = names if len(set(names)) < len(names) else _contents(undecoded_images(dataset, image))
        kept = []
        for row, key in enumerate(keys):
            if key not in firsts:
                firsts[key] = len(gathered)
                gathered.append([])
                kept.append(row)
            gathered[firsts[key]] += captions[part][row]
        datasets[part] = dataset if len(kept) == len(dataset) else dataset.select(kept)
        examples[part], joined[part] = [names[row] for row in kept], gathered
    return dataclasses.replace(rows, datasets=datasets, examples=examples), joined


def _contents(records: Dataset) -> Iterator[Hashable]:
    """What tells each image from others without decoding it: its bytes or its path; arrays are all their own."""
    for start in range(0, len(records), _ROWS_AT_ONCE):
        for row, record in enumerate(records[start : start + _ROWS_AT_ONCE]["image"], start):
            encoded = record.get("bytes") if isinstance(record, dict) else None
            if isinstance(encoded, bytes):
                yield hashlib.blake2b(encoded, digest_size=16).digest()
            else:
                yield (isinstance(record, dict) and record.get("path")) or row


def _distinct(captions: Captions) -> tuple[Captions, list[str]]:
    """Each image's captions once, and a note on those that stood there several times."""
    kept = {part: [list(dict.fromkeys(own)) for own in lists] for part, lists in captions.items()}
    num_repeated = sum(
        len(own) - len(distinct)
        for part, lists in captions.items()
        for own, distinct in zip(lists, kept[part], strict=True)
    )
    note = f"{num_repeated:,} captions that repeat another one of their image were left out."
    return kept, [note] * bool(num_repeated)


def _changed_note(num_changed: int) -> list[str]:
    note = f"{num_changed:,} captions had line breaks, several blanks in a row, blanks around them or letters in parts "
    return [note + "(such as e and an accent); they were put into one form."] * bool(num_changed)


def _with_captions(
    rows: SourceRows, captions: Captions, *, on_missing: OnMissing, column: str
) -> tuple[SourceRows, Captions]:
    """The images that have a caption.

    Raises:
        DataError: some have none and ``on_missing`` is ``error``, or all of a split.
    """
    kept = {part: [row for row, own in enumerate(lists) if own] for part, lists in captions.items()}
    missing = [rows.examples[part][row] for part, lists in captions.items() for row, own in enumerate(lists) if not own]
    if not missing:
        return rows, captions
    num_images = sum(map(len, captions.values()))
    if on_missing == "error":
        problem = f"{len(missing):,} of {num_images:,} images have no caption (first: {', '.join(missing[:3])})"
        step = "write them, or leave the images out with data.on_missing=drop"
        raise DataError("data.missing_caption", "data.columns.caption", column, problem, next_step=step)
    found = rows.selected(kept, key="data.columns.caption", column=column, what="a caption")
    note = f"{len(missing):,} images without a caption were dropped (data.on_missing)."
    chosen = {part: [lists[row] for row in kept[part]] for part, lists in captions.items()}
    return dataclasses.replace(found, notes=(*rows.notes, note)), chosen
