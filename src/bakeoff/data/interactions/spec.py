"""What interactions are: the catalogue of items, and how long histories are.

B batch, T steps of a history.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from bakeoff.data.spec import Spec

PAD, START, FIRST = 0, 1, 2
"""Tokens: what stands after the end of shorter histories, what stands before a user's first item, and the catalogue's
first item."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InteractionSpec(Spec):
    """Histories of items, as all trials see them.

    ``num_train`` counts the pieces of histories of an epoch, ``num_val`` and ``num_test`` what is to be predicted.
    ``items`` names the catalogue, that is, all items of train, in the order of their tokens; ``titles`` what people
    call them, empty where that is the same; ``counts`` how often train has each. ``typical_length`` is the mean number
    of steps of a piece. ``masks_seen`` tells whether items that a user had are left out of that user's lists.
    """

    kind = "interactions"
    length_fields = ("max_length", "typical_length")

    items: tuple[str, ...]
    titles: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    num_interactions: int
    max_length: int
    typical_length: int
    masks_seen: bool = True
    user_column: str = "user"
    item_column: str = "item"
    time_column: str = "time"

    @property
    def num_items(self) -> int:
        """How many items the catalogue has."""
        return len(self.items)

    @property
    def vocab_size(self) -> int:
        """Tokens: the items, and those before them."""
        return FIRST + len(self.items)

    def title(self, place: int) -> str:
        """What people call an item of the catalogue."""
        return (self.titles or self.items)[place]

    def example_inputs(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Histories ``(B, typical_length)`` without padding, and as many items that were had."""
        history_BT = torch.full((batch_size, self.typical_length), FIRST, dtype=torch.int64)
        return history_BT, torch.full_like(history_BT, FIRST)
