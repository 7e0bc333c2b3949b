"""What a synthesiser learns from: its frames, how long tokens take, and where it looks.

Tachibana, Uenoyama and Aihara 2018, arXiv:1710.08969, section 4.2 (guided attention); Ren et al. 2019, "FastSpeech",
arXiv:1905.09263, sections 3.2 and 3.3 (a length in the logarithmic domain; durations of tokens from attention).

B batch, S tokens of the text, T decoder steps, R frames a step, M mel bands, F = T R frames.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bakeoff.tasks.speech_synthesis.network import Spoken, middles


class Targets(NamedTuple):
    """What should have been said.

    Attributes:
        frames_BFM: normalised log-mels, zeros after the end.
        num_frames_B: how many are real.
        durations_BS: frames of each token, 0 at padding; of data without them, all of a text are equal.
    """

    frames_BFM: Tensor
    num_frames_B: Tensor
    durations_BS: Tensor


def frame_loss(said: Spoken, targets: Targets) -> Tensor:
    """The mean absolute and squared differences of real frames, added."""
    real_BF1 = (
        torch.arange(targets.frames_BFM.shape[1], device=said.frames_BFM.device) < targets.num_frames_B[:, None]
    )[..., None]
    difference_BFM = (said.frames_BFM - targets.frames_BFM) * real_BF1
    num_values = targets.num_frames_B.sum() * targets.frames_BFM.shape[-1]
    return (difference_BFM.abs().sum() + difference_BFM.square().sum()) / num_values


def duration_loss(said: Spoken, targets: Targets, *, known: bool, frames_a_step: int) -> Tensor:
    """The mean squared difference of the logarithms of tokens' frames; unknown ones are those that attention says."""
    real_BS = targets.durations_BS > 0
    frames_BS = targets.durations_BS if known else attended_frames(said.weights_BTS, targets, frames_a_step)
    difference_BS = (said.log_frames_BS - frames_BS.log1p()) * real_BS
    return difference_BS.square().sum() / real_BS.sum()


def attended_frames(weights_BTS: Tensor, targets: Targets, frames_a_step: int) -> Tensor:
    """How many real frames looked at each token, ``(B, S)``, by their weights; nothing is learnt through it."""
    return (weights_BTS.detach() * _real_frames(targets, weights_BTS.shape[1], frames_a_step).unsqueeze(-1)).sum(dim=1)


def guide_loss(said: Spoken, targets: Targets, *, width: float, frames_a_step: int) -> Tensor:
    """How much weight lies far from where the text should be, in [0, 1): equation 9 of Tachibana et al. 2018.

    A weight counts ``1 - exp(-d^2 / (2 width^2))``, d the distance from the step to the token's middle, as a share of
    the recording. With equal durations that is the paper's distance from the diagonal.
    """
    num_steps = said.weights_BTS.shape[1]
    middles_BS = middles(targets.durations_BS) / targets.num_frames_B[:, None]
    steps_T = (torch.arange(num_steps, device=middles_BS.device) + 0.5) * frames_a_step
    places_BT = steps_T / targets.num_frames_B[:, None]
    distance_BTS = places_BT.unsqueeze(2) - middles_BS.unsqueeze(1)
    penalty_BTS = 1 - torch.exp(-distance_BTS.square() / (2 * width**2))
    real_BT = _real_frames(targets, num_steps, frames_a_step) > 0
    return ((said.weights_BTS * penalty_BTS).sum(dim=2) * real_BT).sum() / real_BT.sum()


def _real_frames(targets: Targets, num_steps: int, frames_a_step: int) -> Tensor:
    """Real frames of each step, ``(B, T)``."""
    first_T = torch.arange(num_steps, device=targets.num_frames_B.device) * frames_a_step
    return (targets.num_frames_B[:, None] - first_T).clamp(min=0, max=frames_a_step)
