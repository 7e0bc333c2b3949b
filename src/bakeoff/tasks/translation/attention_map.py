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
from bakeoff.tasks.exhibits import AttentionExhibit
from bakeoff.tasks.translation.network import EncoderDecoder
from bakeoff.tasks.written.attended import attended
from bakeoff.tasks.written.search import Specials


def attention_map(net: nn.Module, source: str, spec: TextPairSpec) -> list[AttentionExhibit]:
    """The greedy answer to a source, its tokens as rows, the source's as columns, and weights that sum to 1 a row.

    Nothing for networks of other libraries, which record none.
    """
    if not isinstance(net, EncoderDecoder):
        return []
    reads, writes = tokenizer_from(spec.source_tokenizer), tokenizer_from(spec.target_tokenizer)
    (source_S,), _ = encode([source], reads, role="source", labelled=False, max_length=spec.max_length)
    source_1S = torch.from_numpy(source_S.astype(np.int64))[None]
    answer, weights_LS = attended(net, source_1S, Specials.of(writes))
    if weights_LS is None:
        return []
    return [
        AttentionExhibit(
            input=source,
            output=writes.decode(answer),
            rows=[token or "end" for token in writes.show_tokens(answer)],
            columns=reads.show_tokens(source_1S[0].tolist()),
            weights=weights_LS.double().numpy().round(4).tolist(),
        )
    ]
