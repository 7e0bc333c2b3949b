"""What texts to be spoken are: the tokens that are read, and the frames that are to be said.

B batch, S tokens, F frames, M mel bands.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from bakeoff.data.audio.spec import TranscribedAudioSpec
from bakeoff.data.text.spec import meaningless_tokens


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeechSpec(TranscribedAudioSpec):
    """Texts, and recordings of them as log-mel frames; ``tokenizer`` is of what is read.

    ``reads_phonemes`` says whether that is phonemes (else letters, or what ``tokenizer`` makes of the transcript),
    ``knows_durations`` whether the data has the duration of each token, ``style_names`` are the ways to say it.
    Lengths in tokens are of a train text: the most, and the mean as batches hold them.
    """

    length_fields = ("max_frames", "typical_frames", "max_tokens", "typical_tokens")

    max_tokens: int
    typical_tokens: int
    reads_phonemes: bool
    knows_durations: bool
    style_names: tuple[str, ...]

    def example_inputs(self, batch_size: int) -> tuple[Tensor, ...]:
        """Tokens ``(B, S)``, styles ``(B,)``, frames of zeros ``(B, F, M)``, and equal durations ``(B, S)``."""
        tokens_BS = meaningless_tokens(batch_size, self.typical_tokens)
        durations_BS = torch.full(tokens_BS.shape, self.typical_frames / self.typical_tokens)
        frames_BFM = torch.zeros(batch_size, self.typical_frames, self.num_features)
        return tokens_BS, torch.zeros(batch_size, dtype=torch.int64), frames_BFM, durations_BS
