"""Answers to the test inputs and test labels, as the tables that scores are made of; of earlier versions' folders too.

Those hold NumPy arrays: ``test_predictions.npz`` in a trial's folder, an array a column, and ``test_labels.npy`` in the
bakeoff's, whose column follows from the kind of its data.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from bakeoff.record.layout import OLDER_PREDICTIONS, OLDER_TEST_LABELS, PLAN, PREDICTIONS, TEST_LABELS
from bakeoff.record.reading import parsed_object
from bakeoff.tables import from_bytes, read_table, table_of

OLDER_LABELS = {
    "image": "label",
    "labelled_text": "label",
    "text_stream": "bytes",
    "text_pair": "reference",
    "probe": "target",
}
"""What labels are called, by the kinds of data that there were before they became tables."""


def answers_file(trial: Path) -> Path:
    """Where a trial's folder holds its answers; where it would, if it has none."""
    return _older_if_alone(trial / PREDICTIONS, trial / OLDER_PREDICTIONS)


def labels_file(bakeoff: Path) -> Path:
    """Where a bakeoff's folder holds its test labels; where it would, if it has none."""
    return _older_if_alone(bakeoff / TEST_LABELS, bakeoff / OLDER_TEST_LABELS)


def _older_if_alone(path: Path, older: Path) -> Path:
    return older if older.exists() and not path.exists() else path


def read_answers(trial: Path) -> pa.Table:
    """A trial's answers, whether or not they are those that it sealed.

    Raises:
        OSError: there are none.
        ValueError: the file is no table.
    """
    path = answers_file(trial)
    return answers_in(path, path.read_bytes())


def answers_in(path: Path, content: bytes) -> pa.Table:
    """The table that a file of answers holds.

    Raises:
        ValueError: it holds none.
    """
    if path.name != OLDER_PREDICTIONS:
        return from_bytes(content)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return table_of(**{name: arrays[name] for name in arrays.files})
    except (zipfile.BadZipFile, zlib.error, EOFError, AttributeError) as error:  # the last of an array alone
        raise ValueError(f"no arrays: {error}") from error


def read_labels(bakeoff: Path) -> pa.Table:
    """A bakeoff's test labels.

    Raises:
        OSError: there are none.
        ValueError: the file is no table.
    """
    path = labels_file(bakeoff)
    if path.name != OLDER_TEST_LABELS:
        return read_table(path)
    spec = ((parsed_object(bakeoff / PLAN) or {}).get("data") or {}).get("spec") or {}
    if spec.get("kind") not in OLDER_LABELS:
        raise ValueError(f"labels of data of the kind {spec.get('kind')!r} were no arrays")
    try:
        return table_of(**{OLDER_LABELS[spec["kind"]]: np.load(path, allow_pickle=False)})
    except EOFError as error:
        raise ValueError(f"no array: {error}") from error
