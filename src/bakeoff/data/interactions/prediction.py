"""New histories for a finished run: a table of interactions, or one history as a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, DatasetDict

from bakeoff.data.contract import Inputs, NewExamples, Reading
from bakeoff.data.interactions.columns import InteractionColumns
from bakeoff.data.interactions.histories import History, last_steps, padded
from bakeoff.data.interactions.rule import HistorySplit
from bakeoff.data.interactions.spec import FIRST, InteractionSpec
from bakeoff.data.interactions.table import read_table
from bakeoff.data.labels import OnMissing
from bakeoff.data.sources.interaction_files import InteractionFiles
from bakeoff.data.sources.source import existing_path
from bakeoff.errors import DataError

_LIKE_A_TABLE = "a table of interactions with the columns of training, or text='ITEM,ITEM,...', the latest last"


def new_histories(spec: InteractionSpec, reading: Reading) -> NewExamples:
    """One example a user, in the order in which users first stand in the table.

    Raises:
        DataError: no such file, columns that it lacks, or no item that the run knows.
    """
    names = _from_text(reading.source) if reading.is_text else _from_table(spec, reading)
    place_of = {name: place for place, name in enumerate(spec.items)}
    known = {user: [place_of[item] for item in items if item in place_of] for user, items in names.items()}
    num_unknown = sum(map(len, names.values())) - sum(map(len, known.values()))
    if not any(known.values()):
        problem = f"none of its {num_unknown:,} items is in the catalogue of the run ({spec.items[0]}, ...)"
        key = "text" if reading.is_text else "input"
        raise DataError("data.unknown_items", key, reading.source[:80], problem, allowed=_LIKE_A_TABLE)
    note = f"{num_unknown:,} interactions with items that training lacked are passed over."
    histories = [_history(user, items, spec) for user, items in known.items()]
    values = np.concatenate([history.items for history in histories]).astype(np.int32) + FIRST
    ends = np.cumsum([len(history.items) for history in histories])
    begins = ends - [len(history.items) for history in histories]
    batches = [
        _inputs(values, begins[rows], ends[rows], spec)
        for rows in (slice(at, at + reading.batch_size) for at in range(0, len(histories), reading.batch_size))
    ]
    shown = {"user": [history.user for history in histories]}
    return NewExamples(shown, histories, Inputs(batches), (note,) * bool(num_unknown))


def _inputs(
    values: np.ndarray, begins: np.ndarray, ends: np.ndarray, spec: InteractionSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    history_BT = torch.from_numpy(last_steps(values, begins, ends, spec.max_length))
    seen_BS = torch.from_numpy(padded(values, begins, ends))
    return history_BT, seen_BS if spec.masks_seen else seen_BS[:, :0]


def _history(user: str, items: list[int], spec: InteractionSpec) -> History:
    places = np.array(items, dtype=np.int64)
    return History(user, places, places if spec.masks_seen else places[:0])


def _from_text(text: str) -> dict[str, list[str]]:
    return {"you": [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]}


def _from_table(spec: InteractionSpec, reading: Reading) -> dict[str, list[str]]:
    """The items of each user, in order of time; equal times in the order of the table."""
    file = existing_path(reading.source, key="input")
    loaded = InteractionFiles.of(Path(file), reading.table_format, key="input").load()
    given: Dataset = next(iter(loaded.values()))
    own = {"user": spec.user_column, "item": spec.item_column, "time": spec.time_column}
    columns = InteractionColumns(**{role: name if name in given.column_names else None for role, name in own.items()})
    on_missing: OnMissing = "drop" if reading.on_bad == "skip" else "error"
    table = read_table(DatasetDict(train=given), columns, split=HistorySplit(), on_missing=on_missing)
    order = np.lexsort((np.arange(len(table.users)), table.times, table.users))
    names = table.item_names[table.items[order]].tolist()
    ends = np.cumsum(np.bincount(table.users, minlength=len(table.user_names))).tolist()
    begins = [0, *ends[:-1]]
    users = map(str, table.user_names)
    return {user: names[begin:end] for user, begin, end in zip(users, begins, ends, strict=True)}
