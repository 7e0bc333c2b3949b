"""Additive attention to a memory, and the output layer of a recurrent decoder that uses it.

Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align and translate", arXiv:1409.0473
(the score); Luong et al. 2015, "Effective approaches to attention-based neural machine translation", arXiv:1508.04025
(the order: global attention, without input feeding).

B batch, T time steps, S steps of the memory, D model width, H size of a query, A size in which both are compared.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bakeoff.models.attention import CrossAttention

Memory = tuple[Tensor, Tensor, Tensor | None]
"""What is attended to: keys ``(B, S, A)``, values ``(B, S, D)`` and True at padding ``(B, S)`` or None."""


class AdditiveAttention(CrossAttention):
    """The score ``v^T tanh(W q + U k)`` and the mean of the memory under its softmax (Bahdanau et al. 2015, A.1.2).

    The score needs ``B * T * S * A`` numbers at once, 30 MB at 64 x 30 x 30 x 128, so A is kept as small as the model.

    Args:
        query_width: H.
        memory_width: D.
        attention_width: A.
    """

    def __init__(self, *, query_width: int, memory_width: int, attention_width: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_width, attention_width)
        self.key = nn.Linear(memory_width, attention_width, bias=False)
        # A bias would add the same to every score, which the softmax takes away again.
        self.score = nn.Linear(attention_width, 1, bias=False)
        for layer in (self.query, self.key, self.score):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.query.bias)

    def memory(self, memory_BSD: Tensor, padding_mask_BS: Tensor | None) -> Memory:
        """The memory with its keys, which are the same for every query."""
        return self.key(memory_BSD), memory_BSD, padding_mask_BS

    def forward(self, query_BTH: Tensor, memory: Memory) -> Tensor:
        """What each query finds in the memory, shape ``(B, T, D)``; padding is never looked at."""
        keys_BSA, values_BSD, padding_mask_BS = memory
        compared_BTSA = torch.tanh(self.query(query_BTH).unsqueeze(2) + keys_BSA.unsqueeze(1))
        scores_BTS = self.score(compared_BTSA).squeeze(-1)
        if padding_mask_BS is not None:
            scores_BTS = scores_BTS.masked_fill(padding_mask_BS.unsqueeze(1), -torch.inf)
        weights_BTS = scores_BTS.softmax(dim=-1)
        self.record(weights_BTS)
        return weights_BTS @ values_BSD


class AttentionalOutput(nn.Module):
    """States query the memory; ``tanh(W [state; found])`` is the output (Luong et al. 2015, equation 5).

    Departures from Bahdanau et al. 2015: the state after a step queries the memory, not the one before, and what was
    found does not enter the next state, so that all steps of a known target are computed at once.

    Args:
        state_width: H.
        width: D, of the memory and of the output; also the size in which queries and keys are compared.
    """

    def __init__(self, *, state_width: int, width: int) -> None:
        super().__init__()
        self.attention = AdditiveAttention(query_width=state_width, memory_width=width, attention_width=width)
        self.combine = nn.Linear(state_width + width, width)
        nn.init.xavier_uniform_(self.combine.weight)
        nn.init.zeros_(self.combine.bias)

    def forward(self, states_BTH: Tensor, memory: Memory) -> Tensor:
        """The output, shape ``(B, T, D)``, between -1 and 1."""
        found_BTD = self.attention(states_BTH, memory)
        return torch.tanh(self.combine(torch.cat([states_BTH, found_BTD], dim=-1)))
