"""Text classification: one label a text, or any number of labels a text.

B batch, T tokens, D model width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MultilabelAccuracy

from bakeoff.data.spec import Inputs
from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenBackbone, TokenModel
from bakeoff.tasks import class_scores
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.tokens import Pool, Pooling, TokenStem, padding_mask, require_positions
from bakeoff.training.loop.module import Batch, MakeBackbone, OptimizerFactory, Predictions
from bakeoff.training.loop.schedules import Schedule


class TextClassifier(nn.Module):
    """A backbone with the stem and head that every contender shares: embedding, pooling over time, a linear layer."""

    def __init__(
        self, backbone: SequenceBackbone | TokenBackbone, *, stem: TokenStem | None, pooling: Pooling, num_classes: int
    ) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.pool = Pool(pooling, width=backbone.width)
        self.head = nn.Linear(self.pool.out_features, num_classes)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Logits, shape ``(B, K)``."""
        mask_BT = padding_mask(tokens_BT)
        x = tokens_BT if self.stem is None else self.stem(tokens_BT)
        return self.head(self.pool(self.backbone(x, padding_mask_BT=mask_BT), mask_BT))


class TextClassification(Classification):
    """Cross-entropy on the label of a text; accuracy, macro-F1 and calibration error (all in [0, 1]).

    With several labels a text, binary cross-entropy on each class, accuracy over decisions, and macro-F1.

    Args:
        net: a `TextClassifier`.
        spec: what the data is; gives the classes, and whether a text may have several.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1); not with several labels.
    """

    trivial_words = "always answering what is most frequent in training"

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: LabelledTextSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if label_smoothing and spec.multi_label:
            raise ValueError("label_smoothing is for one label a text; these have several")
        self.num_classes, self.multi_label = spec.num_classes, spec.multi_label
        super().__init__(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            augment=augment,
            gradient_clip_norm=gradient_clip_norm,
            seed=seed,
        )
        self.label_smoothing = label_smoothing

    @staticmethod
    def network(
        make: MakeBackbone, spec: LabelledTextSpec, *, embedding_width: int = 64, pooling: Pooling = "mean_max"
    ) -> nn.Module:
        """The backbone with the shared stem and head; a `TokenModel` brings its own embedding."""
        backbone = make(causal=False, cross_attention=False)
        if isinstance(backbone, TokenModel):
            backbone = backbone.encoder(tokenizer_from(spec.tokenizer), max_length=spec.max_length)
        assert isinstance(backbone, SequenceBackbone | TokenBackbone)
        stem = None
        if isinstance(backbone, SequenceBackbone):
            require_positions(backbone, spec.max_length, cut_by="data.max_length")
            stem = TokenStem(vocab_size=spec.vocab_size, embedding_width=embedding_width, width=backbone.width)
        return TextClassifier(backbone, stem=stem, pooling=pooling, num_classes=spec.num_classes)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)``, or 0 and 1 for each class ``(B, K)``."""
        if self.multi_label:
            return F.binary_cross_entropy_with_logits(outputs, targets)
        return F.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing if self.training else 0.0)

    def hard_targets(self, targets: Tensor) -> Tensor:
        """As whole numbers."""
        return targets.long()

    def observe(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities: torchmetrics would take logits of several labels that happen to lie in [0, 1] for such."""
        probabilities = torch.sigmoid(outputs) if self.multi_label else torch.softmax(outputs, dim=1)
        return probabilities.detach(), self.hard_targets(targets)

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and accuracy; in validation and test what `bakeoff.tasks.class_scores` has too."""
        metrics: dict[str, Metric | MetricCollection] = {"loss": MeanMetric()}
        if split != "train":
            make = class_scores.multi_label_metrics if self.multi_label else class_scores.single_label_metrics
            metrics |= make(self.num_classes)
        elif self.multi_label:
            metrics["accuracy"] = MultilabelAccuracy(self.num_classes, average="micro", validate_args=False)
        else:
            metrics["accuracy"] = MulticlassAccuracy(self.num_classes, average="micro", validate_args=False)
        return MetricCollection(metrics, compute_groups=False)

    def respond(self, inputs: Inputs) -> Predictions:
        """Class probabilities, shape ``(B, K)``: of several labels, each on its own."""
        if self.multi_label:
            return {"probabilities": torch.sigmoid(self(inputs).float()).cpu().numpy()}
        return self.predictions(self(inputs))
