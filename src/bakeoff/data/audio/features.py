"""Features of recordings on disk, computed once, whatever is to be said of the recordings.

N recordings, T frames, K features a frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.heard import Heard, notes_on
from bakeoff.data.audio.recordings import UnreadableAudio, read_recording
from bakeoff.data.audio.survey import each_record, too_long
from bakeoff.data.audio.table import RecordingTable
from bakeoff.data.bad_rows import OnBad, settle_bad
from bakeoff.data.frames import sums_of
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows, read_folder
from bakeoff.data.text.ragged import Ragged


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listening(Preparation):
    """How recordings become features.

    Args:
        front_end: what is computed of samples.
        speeds: at which recordings to train on are kept, 1.0 first.
        max_seconds: longer recordings are left out.
        on_bad: what becomes of recordings that cannot be read.
    """

    front_end: FrontEnd
    speeds: tuple[float, ...]
    max_seconds: float
    on_bad: OnBad


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedRecordings(PreparedRows):
    """The arrays of a prepared folder.

    ``features`` holds the frames ``(T, K)`` of all recordings for each speed; at others than 1.0 those to train on
    alone. ``sums_2NK`` are the sum and the sum of squares of each feature over a recording's frames.
    """

    features: tuple[Ragged, ...]
    sums_2NK: NDArray[np.float64]
    digests: NDArray[np.uint8]
    seconds: NDArray[np.float64]
    column_of: dict[str, str]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map a prepared folder; little is read."""
        return cls(**cls._opened(folder, read_folder(folder)))

    @classmethod
    def _opened(cls, folder: Path, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments, from what the folder's table of contents says."""
        features = tuple(Ragged.open(folder, _named(number)) for number in range(values.pop("num_speeds")))
        return values | {"features": features}


def listened(
    folder: Path, table: RecordingTable, preparation: Listening
) -> tuple[list[bytes], PreparedRows, dict[str, Any]]:
    """Writes the features of a table's recordings.

    Returns:
        A hash of each recording, the rows with their splits, and what else the folder's table of contents holds.

    Raises:
        DataError: unreadable recordings, and whatever `part_rows` raises.
    """
    front_end = preparation.front_end
    heard = Heard(preparation.max_seconds, front_end)
    nothing = np.zeros((0, front_end.num_features), dtype=np.float32)
    frames = Ragged.stream(folder, _named(0), heard.each(each_record(table)), like=nothing)
    table = dataclasses.replace(table, notes=(*table.notes, *_notes(table, heard, preparation)))
    rows = part_rows(table, heard.digests, preparation, unreadable=[*heard.bad, *heard.long])
    for number, speed in enumerate(preparation.speeds[1:], start=1):
        Ragged.stream(folder, _named(number), _faster(table, rows.pool, front_end, speed), like=nothing)
    own = {
        "num_speeds": len(preparation.speeds),
        "sums_2NK": sums_of(frames),
        "digests": np.frombuffer(b"".join(heard.digests), dtype=np.uint8).reshape(len(heard.digests), -1),
        "seconds": np.array(heard.seconds),
        "column_of": table.column_of,
    }
    return heard.digests, rows, own


def _notes(table: RecordingTable, heard: Heard, preparation: Listening) -> list[str]:
    """What was left out, or is out of the ordinary.

    Raises:
        DataError: unreadable recordings.
    """
    num_rows, examples = len(table.records), table.examples
    bad = settle_bad(heard.bad, num_rows=num_rows, on_bad=preparation.on_bad, examples=examples, noun="recording")
    long = too_long(len(heard.long), num_rows, preparation.max_seconds)
    return [*filter(None, (bad, long)), *notes_on(heard, preparation.front_end.sample_rate_hz, examples)]


def _faster(
    table: RecordingTable, pool: NDArray[np.int64], front_end: FrontEnd, speed: float
) -> Iterator[NDArray[Any]]:
    """The frames of recordings to train on at another speed, none of the others."""
    wanted = set(pool.tolist())
    for row, record in enumerate(each_record(table)):
        if row not in wanted:
            yield np.zeros((0, front_end.num_features), dtype=np.float32)
            continue
        try:
            yield front_end.of(read_recording(record), speed=speed)
        except UnreadableAudio as error:  # it could be read a moment ago
            raise RuntimeError(f"{table.examples[row]} changed while it was read: {error}") from error


def _named(number: int) -> str:
    return f"features_{number}"
