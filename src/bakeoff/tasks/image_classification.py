"""Image classification: one label an image.

B batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError, MulticlassF1Score

from bakeoff.data.spec import ImageSpec, Inputs
from bakeoff.models.contracts import ImageBackbone
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tasks.module import Batch, MakeBackbone, OptimizerFactory, Predictions, TaskModule
from bakeoff.tasks.schedules import Schedule

CALIBRATION_BINS = 15


def classification_metrics(num_classes: int) -> dict[str, Metric | MetricCollection]:
    """Accuracy over examples, macro-F1 and expected calibration error of ``(B, K)`` scores against labels."""
    return {
        "accuracy": MulticlassAccuracy(num_classes, average="micro"),
        "f1_macro": MulticlassF1Score(num_classes, average="macro"),
        "calibration_error": MulticlassCalibrationError(num_classes, n_bins=CALIBRATION_BINS),
    }


class Classifier(nn.Module):
    """A backbone and the head that every contender shares: the mean over the last feature map, then a linear layer."""

    def __init__(self, backbone: ImageBackbone, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.stage_channels[-1], num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits, shape ``(B, K)``."""
        return self.head(self.backbone(images_BCHW)[-1].mean(dim=(2, 3)))


class ImageClassification(TaskModule):
    """Cross-entropy on one label an image; accuracy, macro-F1 and calibration error (all in [0, 1]).

    Accuracy and macro-F1: higher is better. Calibration error (expected, 15 bins, L1; Guo et al. 2017,
    arXiv:1706.04599): lower is better. Macro-F1 is over the classes that occur.

    Args:
        net: a `Classifier`.
        spec: what the data is; gives the number of classes.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1).
    """

    trivial_words = "always answering the most frequent class"

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: ImageSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        self.num_classes = len(spec.class_names)
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
    def network(make: MakeBackbone, spec: ImageSpec) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Classifier(backbone, len(spec.class_names))

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)`` or class weights ``(B, K)``."""
        return F.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing if self.training else 0.0)

    def hard_targets(self, targets: Tensor) -> Tensor:
        """The heaviest class where mixing made the labels soft."""
        return targets.argmax(dim=1) if targets.ndim == 2 else targets

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and accuracy; in validation and test macro-F1 and expected calibration error too."""
        metrics: dict[str, Metric | MetricCollection] = {"loss": MeanMetric()}
        if split == "train":
            metrics["accuracy"] = MulticlassAccuracy(self.num_classes, average="micro", validate_args=False)
        else:
            metrics |= classification_metrics(self.num_classes)
        return MetricCollection(metrics, compute_groups=False)

    # What a finished run says of examples: used on sealed predictions, away from training -----------------------------

    @staticmethod
    def predictions(outputs: Tensor) -> Predictions:
        """What is stored of each example: class probabilities, shape ``(B, K)``."""
        return {"probabilities": torch.softmax(outputs.float(), dim=1).cpu().numpy()}

    @staticmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(B,)``.

        Accuracy and loss are means over examples; of macro-F1 and calibration error, the jackknife's pseudo-values.
        """
        probabilities_BK = predictions["probabilities"].astype(np.float64)
        answers_B = probabilities_BK.argmax(axis=1)
        if metric == "accuracy":
            return (answers_B == labels).astype(np.float64)
        if metric == "loss":
            return -np.log(np.clip(probabilities_BK[np.arange(len(labels)), labels], 1e-12, None))
        if metric == "f1_macro":
            return pseudo_values_from_sums(_confusion(answers_B, labels, probabilities_BK.shape[1]), _macro_f1)
        return pseudo_values_from_sums(_calibration_bins(probabilities_BK, labels), _calibration_error)

    @staticmethod
    def summarise(predictions: Predictions, labels_B: np.ndarray) -> dict[str, float]:
        """All metrics of a set of predictions, by name."""
        probabilities_BK = torch.from_numpy(predictions["probabilities"])
        labels = torch.from_numpy(np.asarray(labels_B, dtype=np.int64))
        collection = MetricCollection(classification_metrics(probabilities_BK.shape[1]), compute_groups=False)
        return {name: float(value) for name, value in collection(probabilities_BK, labels).items()}

    @staticmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: ImageSpec) -> Predictions:
        """What the trivial predictor says of every example: how common each class was in training."""
        shares = np.bincount(train_labels, minlength=spec.num_classes).astype(np.float32)
        return {"probabilities": np.tile(shares / shares.sum(), (num_examples, 1))}


def _confusion(answers_B: np.ndarray, labels_B: np.ndarray, num_classes: int) -> np.ndarray:
    """What each example adds to true positives, false positives and false negatives of each class, ``(B, 3 K)``."""
    answered_BK, true_BK = np.eye(num_classes)[answers_B], np.eye(num_classes)[labels_B]
    return np.concatenate([answered_BK * true_BK, answered_BK * (1 - true_BK), (1 - answered_BK) * true_BK], axis=1)


def _macro_f1(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur, from ``(..., 3 K)`` totals."""
    right, extra, missed = np.split(totals, 3, axis=-1)
    weight = 2 * right + extra + missed
    f1 = np.divide(2 * right, weight, out=np.zeros_like(right), where=weight > 0)
    return f1.sum(axis=-1) / np.maximum((weight > 0).sum(axis=-1), 1)


def _calibration_bins(probabilities_BK: np.ndarray, labels_B: np.ndarray) -> np.ndarray:
    """What each example adds to the count, confidence and accuracy of its confidence bin, ``(B, 3 * 15)``."""
    confidence_B = probabilities_BK.max(axis=1)
    right_B = probabilities_BK.argmax(axis=1) == labels_B
    bins_BN = np.eye(CALIBRATION_BINS)[np.clip(np.ceil(confidence_B * CALIBRATION_BINS) - 1, 0, None).astype(int)]
    return np.concatenate([bins_BN, bins_BN * confidence_B[:, None], bins_BN * right_B[:, None]], axis=1)


def _calibration_error(totals: np.ndarray) -> np.ndarray:
    """Expected calibration error from ``(..., 3 * 15)`` totals."""
    count, confidence, right = np.split(totals, 3, axis=-1)
    return np.abs(confidence - right).sum(axis=-1) / np.maximum(count.sum(axis=-1), 1)
