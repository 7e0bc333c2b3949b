"""What recordings with transcripts are: how their features are computed, and the tokens of what is said.

V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from bakeoff.data.audio.columns import Spelling
from bakeoff.data.audio.front_end import FrontEnd, front_end_of
from bakeoff.data.frames import FramesSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class AudioSpec(FramesSpec):
    """Recordings as frames of features; ``front_end`` states how these are computed (`FrontEnd.facts`)."""

    front_end: Mapping[str, Any]

    def make_front_end(self) -> FrontEnd:
        """What computes the features."""
        return front_end_of(self.front_end)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranscribedAudioSpec(AudioSpec):
    """Recordings, and what is said in them.

    ``tokenizer`` is of the transcripts, spelled as ``spelling`` says; ``ngrams`` are counts of sequences of its tokens
    in train (`bakeoff.data.text.ngrams`), empty where none are asked for. ``steps_needed`` is how many steps a train
    transcript needs on average: one for each token, and one between equal neighbours.
    """

    kind = "transcribed_audio"

    tokenizer: Mapping[str, Any]
    vocab_size: int
    spelling: Spelling = "written"
    ngrams: Mapping[str, int] = dataclasses.field(default_factory=dict)
    steps_needed: float = 0.0
    audio_column: str = "audio"
