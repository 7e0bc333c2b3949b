"""What a decoder attended to while it wrote each token.

S steps of the memory, L tokens of the answer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.models.attention import recorded_attention
from bakeoff.tasks.written.network import AttendingWriter
from bakeoff.tasks.written.search import Specials, greedy_search


@torch.inference_mode()
def attended(net: AttendingWriter, read: Tensor, specials: Specials) -> tuple[list[int], Tensor | None]:
    """The greedy answer to one input, and its weights ``(L, S)``, rows that sum to 1; None without attention.

    The answer is read once more with all its tokens, which gives the weights of each step; they are averaged over the
    decoder's layers.

    Args:
        net: in evaluation mode.
        read: a batch of one input.
        specials: of the answer's vocabulary.
    """
    answer_1L = greedy_search(net, read, max_length=net.max_target_length, specials=specials)
    given_1L = torch.cat([torch.full((1, 1), specials.start), answer_1L[:, :-1]], dim=1)
    with recorded_attention(net.decoder) as recorded:
        net((read, given_1L))
    layers = [weights[-1][0] for weights in recorded.values() if weights]
    return answer_1L[0].tolist(), torch.stack(layers).mean(dim=0) if layers else None
