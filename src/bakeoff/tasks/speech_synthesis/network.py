"""An encoder of text and a decoder that speaks mel frames step by step, with the stems and heads all contenders share.

Wang et al. 2017, "Tacotron", arXiv:1703.10135 (a pre-net with dropout before a recurrent decoder, several frames a
step); Tachibana, Uenoyama and Aihara 2018, "Efficiently trainable text-to-speech system based on deep convolutional
networks with guided attention" (DC-TTS), arXiv:1710.08969; Li et al. 2019, "Neural speech synthesis with Transformer
network", arXiv:1809.08895; Ping et al. 2018, "Deep Voice 3", arXiv:1710.07654, section 3.5 (positions of both sides of
the attention in one unit of time); Ren et al. 2019, "FastSpeech", arXiv:1905.09263 (durations of tokens, and logarithms
of them as what is predicted).

B batch, S tokens of the text, T decoder steps, R frames a step, M mel bands, F = T R frames, D model width.

Departures: one network for the three families, of which the backbones are their own. How long a text takes is said by
the durations of its tokens, not by a stop token, and each token's place in time, by its duration, is added to what the
decoder attends to; frames come out of a linear layer, without a post-net.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.attention import recorded_attention
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.tokens import TokenStem, padding_mask

_SHORTEST_WAVE = 2 * math.pi
_FEWEST_FRAMES = 0.25
"""Of a token: what a network that knows nothing yet says is no text of no length."""


class Spoken(NamedTuple):
    """What a synthesiser says.

    Attributes:
        frames_BFM: normalised log-mels.
        log_frames_BS: the logarithm of one more than the frames of each token.
        weights_BTS: what each step attended to, the mean over the decoder's layers.
    """

    frames_BFM: Tensor
    log_frames_BS: Tensor
    weights_BTS: Tensor


class Places(nn.Module):
    """Sines and cosines of places in time, as loud as training finds useful (Li et al. 2019, section 3.2).

    Args:
        width: D.
        longest: steps that all places can be told apart within.
    """

    def __init__(self, *, width: int, longest: int) -> None:
        super().__init__()
        self.width = width
        self.longest_wave = max(4.0 * longest, 2 * _SHORTEST_WAVE)
        self.loudness = nn.Parameter(torch.ones(()))

    def forward(self, steps: Tensor) -> Tensor:
        """One vector of size D for each place, given in decoder steps."""
        pairs = (self.width + 1) // 2
        share_P = torch.arange(pairs, device=steps.device) / max(pairs - 1, 1)
        wave_P = _SHORTEST_WAVE * (self.longest_wave / _SHORTEST_WAVE) ** share_P
        angle_P = steps.unsqueeze(-1) * (2 * math.pi / wave_P)
        return self.loudness * torch.cat([angle_P.sin(), angle_P.cos()], dim=-1)[..., : self.width]


class Synthesiser(nn.Module):
    """Text in, mel frames out.

    Args:
        encoder: reads the text both ways.
        decoder: causal, attends to the encoder's output.
        vocab_size: of the text.
        num_styles: ways to say it.
        num_mels: M.
        frames_a_step: R.
        max_frames: the most that an answer may have.
        frames_a_token: what durations begin with.
        knows_durations: whether training has the durations of tokens; else all of a text are taken to be equal.
        embedding_width: of the text.
        prenet_width: of the hidden layer that frames are read through.
        prenet_dropout: probability there: what was said a moment ago is not to be copied.
    """

    def __init__(
        self,
        encoder: SequenceBackbone,
        decoder: SequenceBackbone,
        *,
        vocab_size: int,
        num_styles: int,
        num_mels: int,
        frames_a_step: int,
        max_frames: int,
        frames_a_token: float,
        knows_durations: bool,
        embedding_width: int,
        prenet_width: int,
        prenet_dropout: float,
    ) -> None:
        super().__init__()
        width = encoder.width
        self.encoder, self.decoder = encoder, decoder
        self.frames_a_step, self.num_mels = frames_a_step, num_mels
        self.max_steps = -(-max_frames // frames_a_step)
        self.knows_durations = knows_durations
        self.stem = TokenStem(vocab_size=vocab_size, embedding_width=embedding_width, width=width)
        self.style = nn.Embedding(num_styles, width)
        self.prenet = nn.Sequential(
            nn.Linear(frames_a_step * num_mels, prenet_width),
            nn.ReLU(),
            nn.Dropout(prenet_dropout),
            nn.Linear(prenet_width, width),
        )
        self.token_places = Places(width=width, longest=self.max_steps)
        self.step_places = Places(width=width, longest=self.max_steps)
        last = nn.Linear(width, 1)
        nn.init.constant_(last.bias, math.log1p(frames_a_token))
        self.length_head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)
        self.frame_head = nn.Linear(width, frames_a_step * num_mels)

    def forward(self, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> Spoken:
        """What is said of each step, given the frames before it (teacher forcing).

        Args:
            inputs: tokens ``(B, S)``, styles ``(B,)``, normalised frames ``(B, F, M)``, which are heard a step late,
                and how many there are of each token ``(B, S)``.
        """
        tokens_BS, styles_B, frames_BFM, durations_BS = inputs
        encoded_BSD, log_frames_BS, mask_BS = self.encode(tokens_BS, styles_B)
        with recorded_attention(self.decoder, gradient=True) as recorded:
            decoded_BTD = self.decoder(
                self._heard(before_each_step(frames_BFM, self.frames_a_step), styles_B, start=0),
                memory_BSD=self._placed(encoded_BSD, durations_BS),
                memory_padding_mask_BS=mask_BS,
            )
        said_BFM = self._frames(decoded_BTD)[:, : frames_BFM.shape[1]]
        return Spoken(said_BFM, log_frames_BS, mean_weights(recorded))

    def encode(self, tokens_BS: Tensor, styles_B: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """The text in its style, how long each token takes (as `Spoken` says), and the padding mask."""
        mask_BS = padding_mask(tokens_BS)
        x_BSD = self.stem(tokens_BS) + self.style(styles_B).unsqueeze(1)
        encoded_BSD = self.encoder(x_BSD, padding_mask_BT=mask_BS)
        return encoded_BSD, self.length_head(encoded_BSD).squeeze(-1), mask_BS

    @torch.inference_mode()
    def speak(
        self, tokens_BS: Tensor, styles_B: Tensor, *, num_steps: int | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Says texts aloud, each step after what it said itself.

        Args:
            tokens_BS: texts.
            styles_B: of each.
            num_steps: so many for all, whatever their durations; None: as long as they take.

        Returns:
            Normalised frames ``(B, F, M)``, durations ``(B, S)`` in frames, 0 at padding, whose sum is what is to be
            used of the frames, and attention weights ``(B, T, S)``.
        """
        encoded_BSD, log_frames_BS, mask_BS = self.encode(tokens_BS, styles_B)
        durations_BS = self.durations(log_frames_BS, mask_BS)
        memory_BSD = self._placed(encoded_BSD, self._taken(durations_BS, mask_BS))
        longest = (
            math.ceil(float(durations_BS.sum(dim=1).max()) / self.frames_a_step) if num_steps is None else num_steps
        )
        state = self.decoder.initial_state(len(tokens_BS), memory_BSD=memory_BSD, memory_padding_mask_BS=mask_BS)
        said_BE = encoded_BSD.new_zeros(len(tokens_BS), self.frames_a_step * self.num_mels)
        steps = []
        with recorded_attention(self.decoder) as recorded:
            for step in range(longest):
                heard_B1D = self._heard(said_BE.unsqueeze(1), styles_B, start=step)
                decoded_BD, state = self.decoder.step(heard_B1D.squeeze(1), state)
                steps.append(decoded_BD)
                said_BE = self.frame_head(decoded_BD)
        frames_BFM = self._frames(torch.stack(steps, dim=1))
        layers = [torch.cat(weights, dim=1) for weights in recorded.values() if weights]
        return frames_BFM, durations_BS, torch.stack(layers).mean(dim=0)

    def durations(self, log_frames_BS: Tensor, mask_BS: Tensor | None) -> Tensor:
        """Frames of each token, 0 at padding; a text has as many as an answer may have at the most."""
        frames_BS = torch.expm1(log_frames_BS.clamp(max=math.log1p(self.most_frames))).clamp(min=_FEWEST_FRAMES)
        if mask_BS is not None:
            frames_BS = frames_BS.masked_fill(mask_BS, 0.0)
        total_B1 = frames_BS.sum(dim=1, keepdim=True)
        return frames_BS * (self.most_frames / total_B1).clamp(max=1.0)

    @property
    def most_frames(self) -> int:
        """Of an answer."""
        return self.max_steps * self.frames_a_step

    def _taken(self, durations_BS: Tensor, mask_BS: Tensor | None) -> Tensor:
        """The durations that tokens are placed by: in training without them, all of a text were equal."""
        if self.knows_durations:
            return durations_BS
        real_BS = torch.ones_like(durations_BS) if mask_BS is None else (~mask_BS).to(durations_BS.dtype)
        return real_BS * (durations_BS.sum(dim=1, keepdim=True) / real_BS.sum(dim=1, keepdim=True))

    def _placed(self, encoded_BSD: Tensor, durations_BS: Tensor) -> Tensor:
        """The text with the place in time of the middle of each token."""
        return encoded_BSD + self.token_places(middles(durations_BS) / self.frames_a_step)

    def _frames(self, decoded_BTD: Tensor) -> Tensor:
        return self.frame_head(decoded_BTD).unflatten(-1, (self.frames_a_step, self.num_mels)).flatten(1, 2)

    def _heard(self, before_BTE: Tensor, styles_B: Tensor, *, start: int) -> Tensor:
        """What the decoder reads: the frames before each step, the style, and the step's place."""
        steps_T = torch.arange(start, start + before_BTE.shape[1], device=before_BTE.device) + 0.5
        return self.prenet(before_BTE) + self.style(styles_B).unsqueeze(1) + self.step_places(steps_T)


def middles(durations_BS: Tensor) -> Tensor:
    """Where in time the middle of each token is, in the unit of its durations."""
    return durations_BS.cumsum(dim=1) - durations_BS / 2


def mean_weights(recorded: dict[str, list[Tensor]]) -> Tensor:
    """Attention weights ``(B, T, S)`` of one call, the mean over the layers that attend."""
    return torch.stack([weights[-1] for weights in recorded.values() if weights]).mean(dim=0)


def before_each_step(frames_BFM: Tensor, frames_a_step: int) -> Tensor:
    """The frames of the step before each one, ``(B, T, R M)``, zeros before the first and after the last frame."""
    missing = -frames_BFM.shape[1] % frames_a_step
    steps_BTE = F.pad(frames_BFM, (0, 0, 0, missing)).unflatten(1, (-1, frames_a_step)).flatten(2)
    return F.pad(steps_BTE[:, :-1], (0, 0, 1, 0))
