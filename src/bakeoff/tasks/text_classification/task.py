"""Text classification: one label a text, or any number of labels a text.

B batch, K classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.data.batches.batch import Batch
from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenBackbone, TokenModel
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.text_classification.network import TextClassifier
from bakeoff.tasks.tokens import Pooling, TokenStem, require_positions


class TextClassification(Classification[LabelledTextSpec]):
    """Cross-entropy on the label of a text; accuracy, macro-F1 and calibration error (all in [0, 1]).

    With several labels a text, binary cross-entropy on each class, accuracy over decisions, and macro-F1.

    Args:
        spec: what the data is; gives the classes, and whether a text may have several.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1); not with several labels.
    """

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

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)``, or 0 and 1 for each class ``(B, K)``."""
        if self.spec.multi_label:
            return F.binary_cross_entropy_with_logits(outputs, batch.targets)
        return F.cross_entropy(outputs, batch.targets, label_smoothing=self.label_smoothing if training else 0.0)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Probabilities: torchmetrics would take logits of several labels that happen to lie in [0, 1] for such."""
        probabilities = torch.sigmoid(outputs) if self.spec.multi_label else torch.softmax(outputs, dim=1)
        return probabilities.detach(), batch.targets.long()
