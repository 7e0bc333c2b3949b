"""What a decoder looked at in the source while it wrote each token.

S source tokens, L tokens of the answer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bakeoff.data.text.prepared import encode
from bakeoff.data.text.spec import TextPairSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.attention import recorded_attention
from bakeoff.tasks.exhibits import AttentionExhibit
from bakeoff.tasks.translation.network import EncoderDecoder
from bakeoff.tasks.translation.search import Specials, greedy_search


@torch.inference_mode()
def attention_map(net: nn.Module, source: str, spec: TextPairSpec) -> list[AttentionExhibit]:
    """The greedy answer to a source, its tokens as rows, the source's as columns, and weights that sum to 1 a row.

    The answer is read once more with all its tokens, which gives the weights of each step; they are averaged over the
    decoder's layers. Nothing for networks of other libraries, which record none.
    """
    if not isinstance(net, EncoderDecoder):
        return []
    reads, writes = tokenizer_from(spec.source_tokenizer), tokenizer_from(spec.target_tokenizer)
    (source_S,), _ = encode([source], reads, role="source", labelled=False, max_length=spec.max_length)
    source_1S = torch.from_numpy(source_S.astype(np.int64))[None]
    specials = Specials.of(writes)
    answer_1L = greedy_search(net, source_1S, max_length=net.max_target_length, specials=specials)
    given_1L = torch.cat([torch.full((1, 1), specials.start), answer_1L[:, :-1]], dim=1)
    with recorded_attention(net.decoder) as recorded:
        net((source_1S, given_1L))
    layers = [weights[-1][0] for weights in recorded.values() if weights]
    if not layers:
        return []
    weights_LS = torch.stack(layers).mean(dim=0)
    answer = answer_1L[0].tolist()
    return [
        AttentionExhibit(
            input=source,
            output=writes.decode(answer),
            rows=[token or "end" for token in writes.show_tokens(answer)],
            columns=reads.show_tokens(source_1S[0].tolist()),
            weights=weights_LS.double().numpy().round(4).tolist(),
        )
    ]
