"""What a probe is: sequences of numbers or tokens, and one answer at the end or one at every step.

B batch, T time steps, C channels.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from bakeoff.data.spec import Spec

PAD = 0
"""The token after the end of the shorter sequences of a batch; symbols count from 1."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeSpec(Spec):
    """Sequences made by a rule.

    ``channels`` is 0 where inputs are tokens, ``vocab_size`` (padding counted) 0 where they are numbers.
    ``num_classes`` is 0 where the answer is a number. ``every_step`` tells whether there is an answer at each step.
    ``sequence_length`` is that of the longest training example.
    """

    kind = "probe"
    length_fields = ("sequence_length",)

    channels: int
    vocab_size: int
    num_classes: int
    every_step: bool
    sequence_length: int

    def example_inputs(self, batch_size: int) -> Tensor:
        """Numbers ``(B, T, C)`` or tokens ``(B, T)``, none of them padding."""
        if self.channels:
            return torch.zeros(batch_size, self.sequence_length, self.channels)
        return torch.full((batch_size, self.sequence_length), PAD + 1, dtype=torch.int64)
