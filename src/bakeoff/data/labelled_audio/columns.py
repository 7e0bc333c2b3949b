"""Which columns hold recordings and their classes."""

from __future__ import annotations

import dataclasses

from bakeoff.data.labels import LabelKind


@dataclasses.dataclass(frozen=True)
class LabelledAudioColumns:
    """The names of the columns.

    Args:
        audio: the column of recordings: the hub's feature, paths, bytes, or arrays with their rate; null finds it.
        label: the column of classes; null finds it.
        label_kind: what labels are that look like quantities or like missing values, see `LabelKind`.
    """

    audio: str | None = None
    label: str | None = None
    label_kind: LabelKind | None = None
