"""Augmentation of batches of tokens: some are hidden, so that a text is learnt from all of its words.

Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text classification" (word dropout).

B batch, T tokens.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from bakeoff.data.spec import Inputs, Spec
from bakeoff.data.text.spec import PAD, LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import ConfigError
from bakeoff.ranges import Fraction


class TokenDropout:
    """Each token of a training text becomes the unknown token with a probability (Iyyer et al. 2015).

    Random numbers come from torch's global generator on the CPU, so that a seed gives the same on every device.

    Args:
        share: the probability, in [0, 1).

    Raises:
        ConfigError: a share outside of its range.
    """

    def __init__(self, *, share: Fraction = 0.1) -> None:
        if not 0.0 <= share < 1.0:
            raise ConfigError(
                "config.out_of_range", "augment.share", share, "is no share", allowed="at least 0, below 1"
            )
        self.share = share

    def for_data(self, spec: Spec) -> Callable[[Inputs, Tensor], tuple[Inputs, Tensor]] | None:
        """This augmentation for batches of the data; None where the share is 0.

        Raises:
            ConfigError: the data is no labelled text.
        """
        if not isinstance(spec, LabelledTextSpec):
            problem = f"it hides tokens of labelled texts, and {spec.name} is of the kind {spec.kind}"
            raise ConfigError("config.augment_misfit", "augment", None, problem, next_step="augment=none")
        if not self.share:
            return None
        return functools.partial(self, unknown=tokenizer_from(spec.tokenizer).unknown)

    @torch.no_grad()
    def __call__(self, tokens_BT: Inputs, targets: Tensor, *, unknown: int) -> tuple[Inputs, Tensor]:
        """The tokens, some of them unknown, and the targets as they came."""
        assert isinstance(tokens_BT, Tensor)
        hidden_BT = (torch.rand(tokens_BT.shape) < self.share).to(tokens_BT.device) & (tokens_BT != PAD)
        return tokens_BT.masked_fill(hidden_BT, unknown), targets
