"""What recordings with transcripts are: how their features are computed, and the tokens of what is said.

B batch, T frames, K features a frame, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from bakeoff.data.audio.columns import Spelling
from bakeoff.data.audio.front_end import FrontEnd, front_end_of
from bakeoff.data.spec import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class FramesSpec(Spec):
    """Recordings as frames of features.

    ``front_end`` states how features are computed (`FrontEnd.facts`), ``mean`` and ``std`` are those of each feature
    over the frames of train, ``typical_frames`` is the mean number of a train recording as batches hold them.
    """

    length_fields: ClassVar[tuple[str, ...]] = ("max_frames", "typical_frames")

    front_end: Mapping[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    max_frames: int
    typical_frames: int

    @property
    def num_features(self) -> int:
        """K."""
        return len(self.mean)

    def make_front_end(self) -> FrontEnd:
        """What computes the features."""
        return front_end_of(self.front_end)

    def example_inputs(self, batch_size: int) -> tuple[Tensor, ...]:
        """Frames of zeros ``(B, typical_frames, K)``, and how many of each are real, ``(B,)``: all."""
        frames_BTK = torch.zeros(batch_size, self.typical_frames, self.num_features)
        return frames_BTK, torch.full((batch_size,), self.typical_frames)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranscribedAudioSpec(FramesSpec):
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
