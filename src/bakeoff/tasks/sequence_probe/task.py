"""Stress tests of sequence models with published results; not one of the project's tasks, but a check of its models.

The adding problem, copy memory, associative recall, parity and modular arithmetic (`bakeoff.data.probes`).

B batch, T time steps, C channels, D model width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.probes.spec import PAD, ProbeSpec
from bakeoff.data.spec import Inputs
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.tokens import Pool, TokenStem
from bakeoff.training.loop.module import Batch, MakeBackbone, OptimizerFactory, Predictions, TaskModule
from bakeoff.training.loop.schedules import Schedule

NEAR = 0.04
"""How near a number must come to count as right (Hochreiter and Schmidhuber 1997, section 5.4)."""
BLANK = 0
"""The class of steps at which nothing is due: right or wrong there does not enter the accuracy."""
RANGE_ENDS = (100, 200, 300, 400, 500)
"""Lengths by which accuracy is told apart where test sequences differ in length."""


class ProbeNetwork(nn.Module):
    """A backbone between a stem (linear for numbers, an embedding for tokens) and a linear head.

    The head reads the last real step, or every step where each has an answer.
    """

    def __init__(self, backbone: SequenceBackbone, *, stem: nn.Module, spec: ProbeSpec) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.last = None if spec.every_step else Pool("last", width=backbone.width)
        self.is_number = spec.num_classes == 0
        self.head = nn.Linear(backbone.width, max(spec.num_classes, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits ``(B, K)`` or ``(B, T, K)``, or numbers ``(B,)``."""
        mask_BT = None if inputs.is_floating_point() or inputs.is_meta else inputs == PAD
        encoded_BTD = self.backbone(self.stem(inputs), padding_mask_BT=mask_BT)
        outputs = self.head(encoded_BTD if self.last is None else self.last(encoded_BTD, mask_BT))
        return outputs.squeeze(-1) if self.is_number else outputs


class SequenceProbe(TaskModule):
    """Cross-entropy on classes, squared error on numbers; accuracy (in [0, 1], higher is better), loss, and ``mse``.

    Accuracy is that of the last step, or over all steps at which a symbol is due. A number counts as right where it is
    within 0.04. Where test sequences differ in length, accuracy is told by range of lengths too.

    Args:
        net: a `ProbeNetwork`.
        spec: what the probe asks.
    """

    trivial_words = "always answering what is most frequent in training, or the mean"

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: ProbeSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            augment=augment,
            gradient_clip_norm=gradient_clip_norm,
            seed=seed,
        )
        self.is_number = spec.num_classes == 0

    @staticmethod
    def network(make: MakeBackbone, spec: ProbeSpec, *, embedding_width: int = 64, causal: bool = True) -> nn.Module:
        """The backbone with the shared stem and head."""
        backbone = make(causal=causal, cross_attention=False)
        assert isinstance(backbone, SequenceBackbone)
        width = backbone.width
        if spec.channels:
            stem: nn.Module = nn.Linear(spec.channels, width)
        else:
            stem = TokenStem(vocab_size=spec.vocab_size, embedding_width=embedding_width, width=width)
        return ProbeNetwork(backbone, stem=stem, spec=spec)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats, over all steps that have an answer, or mean squared error."""
        if outputs.ndim == 1:
            return F.mse_loss(outputs, targets)
        return F.cross_entropy(outputs.flatten(0, -2), targets.flatten())

    def observe(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What is right, and what counts, one number an answer each."""
        if outputs.ndim == 1:
            return ((outputs - targets).abs() < NEAR).float(), torch.ones_like(targets)
        right = (outputs.argmax(dim=-1) == targets).float()
        counts = torch.ones_like(right) if targets.ndim == 1 else (targets != BLANK).float()
        return right.flatten(), counts.flatten()

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss, and accuracy as a mean of what is right, weighted by what counts."""
        return MetricCollection({"loss": MeanMetric(), "accuracy": MeanMetric()}, compute_groups=False)

    def take_metrics(self, split: str) -> dict[str, float]:
        """Loss and accuracy, and where the answer is a number the loss once more, as ``mse``."""
        values = super().take_metrics(split)
        return values | ({f"{split}/mse": values[f"{split}/loss"]} if self.is_number else {})

    def respond(self, inputs: Inputs) -> Predictions:
        """As `predictions`, and the length of each sequence of tokens."""
        assert isinstance(inputs, Tensor)
        found = self.predictions(self(inputs))
        if not inputs.is_floating_point():
            found["lengths"] = (inputs != PAD).sum(dim=1).cpu().numpy()
        return found

    # What a finished run says of examples: used on sealed predictions, away from training -----------------------------

    @staticmethod
    def predictions(outputs: Tensor) -> Predictions:
        """What is stored of each example: a number ``(B,)``, or probabilities ``(B, K)`` or ``(B, T, K)``."""
        if outputs.ndim == 1:
            return {"numbers": outputs.float().cpu().numpy()}
        return {"probabilities": torch.softmax(outputs.float(), dim=-1).cpu().numpy()}

    @staticmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each example's share of ``accuracy``, ``loss`` or ``mse``, shape ``(B,)``; each metric is their mean.

        Raises:
            ValueError: another metric, or ``mse`` of classes.
        """
        is_number = "numbers" in predictions
        if metric not in (("accuracy", "loss", "mse") if is_number else ("accuracy", "loss")):
            raise ValueError(f"an example's share is known of accuracy, loss and, of numbers, mse; got {metric}")
        if is_number:
            errors_B = predictions["numbers"].astype(np.float64) - labels
            return (np.abs(errors_B) < NEAR).astype(np.float64) if metric == "accuracy" else errors_B**2
        share = _accuracies if metric == "accuracy" else _losses
        return share(predictions["probabilities"].astype(np.float64), labels)

    @staticmethod
    def summarise(predictions: Predictions, labels: np.ndarray) -> dict[str, float]:
        """All metrics of a set of predictions, by name; ``accuracy_41_100`` is that of lengths from 41 to 100."""
        names = ("accuracy", "loss", "mse") if "numbers" in predictions else ("accuracy", "loss")
        scores = {name: SequenceProbe.score_examples(predictions, labels, name) for name in names}
        ranges = _by_length(scores["accuracy"], predictions.get("lengths"))
        return {name: float(values_B.mean()) for name, values_B in scores.items()} | ranges

    @staticmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: Any) -> Predictions:
        """The mean of training, or how common each class was there, at each step where each has an answer."""
        if spec.num_classes == 0:
            return {"numbers": np.full(num_examples, train_labels.mean(), dtype=np.float32)}
        shares = np.stack([(train_labels == k).mean(axis=0) for k in range(spec.num_classes)], axis=-1)
        return {"probabilities": np.tile(shares.astype(np.float32), (num_examples, *[1] * shares.ndim))}


def _accuracies(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    right = (probabilities.argmax(axis=-1) == labels).astype(np.float64)
    if labels.ndim == 1:
        return right
    due_BT = labels != BLANK
    return (right * due_BT).sum(axis=1) / np.maximum(due_BT.sum(axis=1), 1)


def _losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    given = np.take_along_axis(probabilities, labels[..., None], axis=-1)[..., 0]
    losses = -np.log(np.clip(given, 1e-12, None))
    return losses if labels.ndim == 1 else losses.mean(axis=1)


def _by_length(accuracies_B: np.ndarray, lengths_B: np.ndarray | None) -> dict[str, float]:
    """Accuracy in each range of lengths; nothing where all are of one length."""
    if lengths_B is None or lengths_B.min() == lengths_B.max():
        return {}
    found, start = {}, int(lengths_B.min())
    for end in (*RANGE_ENDS, int(lengths_B.max())):
        inside_B = (start <= lengths_B) & (lengths_B <= end)
        if inside_B.any():
            found[f"accuracy_{start}_{end}"] = float(accuracies_B[inside_B].mean())
        start = max(start, end + 1)
    return found
