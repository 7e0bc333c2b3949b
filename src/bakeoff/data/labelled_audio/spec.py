"""What recordings with classes are: how their features are computed, and the classes."""

from __future__ import annotations

import dataclasses

from bakeoff.data.audio.spec import AudioSpec
from bakeoff.data.frames import LabelledFramesSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledAudioSpec(AudioSpec, LabelledFramesSpec):
    """Recordings with one class each; ``audio_column`` is what the column was called, to find it in new tables."""

    kind = "labelled_audio"

    audio_column: str = "audio"
