"""Text classification: one label a text, or any number of labels a text.

B batch, K classes.
"""

from __future__ import annotations

from torch import nn

from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenBackbone, TokenModel
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
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
