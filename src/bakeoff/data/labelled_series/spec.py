"""What series with classes are: their channels, how these are scaled, and the classes."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from bakeoff.data.frames import LabelledFramesSpec

Scaling: TypeAlias = Literal["train", "series"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledSeriesSpec(LabelledFramesSpec):
    """Series of one or several channels, with one class each.

    With ``scaling`` ``series`` each is brought to mean 0 and deviation 1 by its own values first, channel by channel.
    """

    kind = "labelled_series"

    scaling: Scaling = "train"
