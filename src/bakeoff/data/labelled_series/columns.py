"""Which columns hold series and their classes."""

from __future__ import annotations

import dataclasses

from bakeoff.data.labels import LabelKind


@dataclasses.dataclass(frozen=True)
class LabelledSeriesColumns:
    """The names of the columns.

    Args:
        series: each series as a list of channels, and each of these as a list of its values in their order.
        label: the class of each.
        label_kind: what labels are that look like quantities or like missing values, see `LabelKind`.
    """

    series: str = "series"
    label: str = "label"
    label_kind: LabelKind | None = None
