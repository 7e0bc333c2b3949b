"""Augmentation of batches of frames: bands of features and stretches of time are blanked.

Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech recognition", arXiv:1904.08779,
without its warping of time, which the paper found to matter least.

B batch, T frames, K features a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bakeoff.data.audio.spec import AudioSpec
from bakeoff.data.batches.batch import Tree
from bakeoff.data.spec import Inputs, Spec
from bakeoff.errors import ConfigError
from bakeoff.ranges import Probability, WholeNumber

Change = Callable[[Inputs, Tree], tuple[Inputs, Tree]]


class SpecAugment:
    """Masks of each recording of their own: what they cover becomes 0, the mean of train (Park et al. 2019).

    Random numbers come from torch's global generator on the CPU, so that a seed gives the same on every device.

    Args:
        frequency_masks: how many bands of neighbouring features are blanked.
        frequency_width: the most features of one.
        time_masks: how many stretches of time are blanked.
        time_width: the most frames of one.
        time_share: the most that one covers of a recording.

    Raises:
        ConfigError: a setting outside of its range.
    """

    def __init__(
        self,
        *,
        frequency_masks: WholeNumber = 2,
        frequency_width: WholeNumber = 8,
        time_masks: WholeNumber = 2,
        time_width: WholeNumber = 20,
        time_share: Probability = 0.2,
    ) -> None:
        counts = {
            "frequency_masks": frequency_masks,
            "frequency_width": frequency_width,
            "time_masks": time_masks,
            "time_width": time_width,
        }
        for name, count in counts.items():
            if count < 0:
                raise ConfigError(
                    "config.out_of_range", f"augment.{name}", count, "is out of range", allowed="0, 1, ..."
                )
        if not 0 <= time_share <= 1:
            key, allowed = "augment.time_share", "from 0 to 1"
            raise ConfigError("config.out_of_range", key, time_share, "is no share", allowed=allowed)
        self.frequency_masks, self.frequency_width = frequency_masks, frequency_width
        self.time_masks, self.time_width, self.time_share = time_masks, time_width, time_share

    def for_data(self, spec: Spec) -> Change | None:
        """This augmentation for batches of the data; None where nothing is masked.

        Raises:
            ConfigError: the data is no recordings.
        """
        if not isinstance(spec, AudioSpec):
            problem = f"it masks features of recordings, and {spec.name} is of the kind {spec.kind}"
            raise ConfigError("config.augment_misfit", "augment", None, problem, next_step="augment=none")
        is_on = self.frequency_masks * self.frequency_width or self.time_masks * self.time_width
        return self if is_on else None

    @torch.no_grad()
    def __call__(self, inputs: Any, targets: Tree) -> tuple[Any, Tree]:
        """The frames with masks, their lengths and the targets as they came."""
        frames_BTK, lengths_B = inputs
        batch, num_frames, num_features = frames_BTK.shape
        sizes_B = torch.full((batch,), num_features)
        covered_BTK = torch.zeros(frames_BTK.shape, dtype=torch.bool)
        for _ in range(self.frequency_masks):
            covered_BTK |= _stretches(sizes_B, torch.full((batch,), self.frequency_width), num_features)[:, None]
        real_B = lengths_B.cpu()
        widest_B = torch.minimum(torch.tensor(self.time_width), (self.time_share * real_B).long())
        for _ in range(self.time_masks):
            covered_BTK |= _stretches(real_B, widest_B, num_frames)[..., None]
        return (frames_BTK.masked_fill(covered_BTK.to(frames_BTK.device), 0.0), lengths_B), targets


def _stretches(sizes_B: Tensor, widest_B: Tensor, count: int) -> Tensor:
    """True from a random place for a random number of places up to ``widest_B``, within ``sizes_B``; ``(B, count)``."""
    widest_B = torch.minimum(widest_B, sizes_B)
    width_B = (torch.rand(len(sizes_B)) * (widest_B + 1)).floor()
    start_B = (torch.rand(len(sizes_B)) * (sizes_B - width_B + 1)).floor()
    place = torch.arange(count)
    return (place >= start_B[:, None]) & (place < (start_B + width_B)[:, None])
