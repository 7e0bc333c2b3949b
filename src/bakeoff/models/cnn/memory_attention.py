"""The attention of a convolutional decoder to its encoder's output, one in every layer.

Gehring et al. 2017, "Convolutional sequence to sequence learning", arXiv:1705.03122, sections 3.3 and 3.5.

B batch, T time steps, S steps of the memory, D model width.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.memory import DotProductAttention

SQRT_HALF = 0.5**0.5
"""Keeps the variance of a sum of two terms that have the same (section 3.5)."""


class ConvMemoryAttention(DotProductAttention):
    """One dot product of each step, with its input added, with each step of the memory (Gehring et al. 2017).

    Departures from the paper: products are divided by the square root of D, as memories here are about ten times larger
    than the paper's; the memory serves as keys and values alike, as the encoder's own input is not at hand; the
    encoder's gradient is not divided by the number of attentions.

    Args:
        width: D.
    """

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(
        self, x_BTD: Tensor, input_BTD: Tensor, memory_BSD: Tensor, *, padding_mask_BS: Tensor | None
    ) -> Tensor:
        """What each step found in the memory, shape ``(B, T, D)``.

        Args:
            x_BTD: the layer's states.
            input_BTD: the decoder's input at each step, the paper's embedding of the target so far.
            memory_BSD: the encoder's output.
            padding_mask_BS: True at the memory's padding.
        """
        query_BTD = (self.query(x_BTD) + input_BTD) * SQRT_HALF
        memory_B1SD = memory_BSD.unsqueeze(1)
        mixed_B1TD = self.attend(query_BTD.unsqueeze(1), memory_B1SD, memory_B1SD, padding_mask_BS=padding_mask_BS)
        return self.output(mixed_B1TD.squeeze(1) * _scale(memory_BSD, padding_mask_BS))


def _scale(memory_BSD: Tensor, padding_mask_BS: Tensor | None) -> Tensor | float:
    """``m sqrt(1 / m)`` for m real steps: a mean of m of them has a variance m times too small (section 3.5)."""
    if padding_mask_BS is None:
        return memory_BSD.shape[1] ** 0.5
    return (~padding_mask_BS).sum(dim=1).to(memory_BSD.dtype).sqrt()[:, None, None]
