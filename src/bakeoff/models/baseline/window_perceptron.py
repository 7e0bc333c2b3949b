"""One hidden layer over a short window of steps.

Bourlard and Wellekens 1990, "Links between Markov models and multilayer perceptrons", IEEE Transactions on Pattern
Analysis and Machine Intelligence 12(12).

B batch, T time steps, D model width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.encoding import OnlyEncoder
from bakeoff.ranges import Count


class WindowPerceptron(OnlyEncoder):
    """A perceptron that sees each step with its neighbours, and nothing else (Bourlard and Wellekens 1990).

    Args:
        width: D, size of each step in and out, and of the hidden layer.
        causal: must be False; the window is centred.
        cross_attention: must be False; the network has no decoder's form.
        context: steps on either side; 4 frames in the paper.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True.
    """

    def __init__(
        self, *, width: Count, causal: bool = False, cross_attention: bool = False, context: Count = 1
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        self.hidden = nn.Conv1d(width, width, 2 * context + 1, padding=context)
        self.output = nn.Linear(width, width)

    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """What each window shows, shape ``(B, T, D)``; beyond both ends and at padding there are zeros."""
        if padding_mask_BT is not None:
            x_BTD = x_BTD.masked_fill(padding_mask_BT.unsqueeze(-1), 0.0)
        hidden_BTD = F.relu(self.hidden(x_BTD.transpose(1, 2))).transpose(1, 2)
        return self.output(hidden_BTD)
