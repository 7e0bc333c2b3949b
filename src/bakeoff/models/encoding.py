"""Sequence models that see a whole sequence at once: they encode, and are no decoders.

B batch, T time steps, S steps of a memory, D model width.
"""

from __future__ import annotations

import abc

from torch import Tensor

from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import where_padding_is


class OnlyEncoder(SequenceBackbone):
    """A backbone without a causal form, and without one that attends to a memory.

    Args:
        width: D.
        causal: must be False.
        cross_attention: must be False.
        instead: what has such forms.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True.
    """

    def __init__(
        self, *, width: int, causal: bool, cross_attention: bool, instead: str = "model=tcn or model=gated_conv"
    ) -> None:
        super().__init__()
        if causal or cross_attention:
            asked = "causal" if causal else "cross_attention"
            raise ValueError(f"{type(self).__name__} only encodes whole sequences; {asked}=True needs {instead}")
        self.width = width
        self.causal = False

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Raises:
            ValueError: a row is all padding, or a memory is given.
        """
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=False)
        return self.encoded(x_BTD, None if where_padding_is(padding_mask_BT) == "nowhere" else padding_mask_BT)

    @abc.abstractmethod
    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``; no mask where there is no padding."""
