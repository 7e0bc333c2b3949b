"""Text classification: one label a text, or any number of labels a text.

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.data.contract import Cases
from bakeoff.data.text.spec import PAD, LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenBackbone, TokenModel
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.exhibits import Exhibit, WeighedTextExhibit
from bakeoff.tasks.explained import Explained, putting_out
from bakeoff.tasks.text_classification.network import TextClassifier
from bakeoff.tasks.tokens import Pooling, TokenStem, require_positions


class TextClassification(Classification[LabelledTextSpec]):
    """Cross-entropy on the label of a text, or on each of several; measured by what `tasks.classes.facts` declares."""

    trivial_words = "always answering what is most frequent in training"

    def network(self, make: MakeBackbone, *, embedding_width: int = 64, pooling: Pooling = "mean_max") -> nn.Module:
        """The backbone with the shared stem and head; a `TokenModel` brings its own embedding."""
        spec, backbone = self.spec, make(causal=False, cross_attention=False)
        if isinstance(backbone, TokenModel):
            backbone = backbone.encoder(tokenizer_from(spec.tokenizer), max_length=spec.max_length)
        assert isinstance(backbone, SequenceBackbone | TokenBackbone)
        stem = None
        if isinstance(backbone, SequenceBackbone):
            require_positions(backbone, spec.max_length, cut_by="data.max_length")
            stem = TokenStem(vocab_size=spec.vocab_size, embedding_width=embedding_width, width=backbone.width)
        return TextClassifier(backbone, stem=stem, pooling=pooling, num_classes=spec.num_classes)

    def explained(self, net: nn.Module, inputs: Tensor) -> Explained:
        """Embedded tokens; a blank one is a vector of zeros, as padding has it."""
        assert isinstance(net, TextClassifier)
        with torch.no_grad():
            embedded_BTE = net.embedding(inputs)

        def drawn(row: int, shares: Mapping[str, np.ndarray], case: Cases, said: str, right: str) -> Exhibit:
            ids = inputs[row][inputs[row] != PAD].tolist()
            tokens = tokenizer_from(self.spec.tokenizer).show_tokens(ids)
            weights = {name: own_T[: len(ids)] for name, own_T in shares.items()}
            return WeighedTextExhibit(output=said, truth=right, tokens=tokens, weights=weights)

        def logits_of(embedded_BTE: Tensor, tokens_BT: Tensor) -> Tensor:
            with putting_out(net.embedding, embedded_BTE):
                return net(tokens_BT)

        return self.explained_by(
            logits_of,
            embedded_BTE,
            inputs,
            blank=torch.zeros_like(embedded_BTE),
            vector_axis=2,
            real_BP=inputs != PAD,
            drawn=drawn,
        )
