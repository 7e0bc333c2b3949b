"""Semantic segmentation: a class for each pixel.

B batch, N images, K classes, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.masks.runs import masks_of, table_of_masks
from bakeoff.data.masks.spec import MaskSpec
from bakeoff.models.contracts import ImageBackbone
from bakeoff.ranges import NotNegative
from bakeoff.tables import repeat_row, table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.semantic_segmentation import scores
from bakeoff.tasks.semantic_segmentation.loss import LOSSES, LossName, MaskLoss
from bakeoff.tasks.semantic_segmentation.network import Segmenter
from bakeoff.tasks.semantic_segmentation.pictures import at_size, exhibit, write_masks
from bakeoff.tasks.weighted_mean import WeightedMean

_ONE_SIDED = 0.9


class SemanticSegmentation(Task[MaskSpec]):
    """A class for each pixel; judged by IoU, Dice and accuracy pooled over all images (higher is better).

    Args:
        spec: what the data is; gives the classes.
        loss: of training: ``cross_entropy``, ``focal``, ``dice``, or ``cross_entropy_dice``, the sum of two. Validation
            measures cross-entropy.
        focal_gamma: of the focal loss: how much what is learnt already counts less (Lin et al. 2017).
        class_weights: of each class's pixels in cross-entropy and focal loss: ``balanced`` by the train pixels of each,
            or a number a class in their order; None: all alike.

    Raises:
        ValueError: an unknown loss, or not one number above 0 a class.
    """

    metrics_declared = scores.METRICS
    trivial_words = "answering each pixel with the class that is most frequent there in training"

    def __init__(
        self,
        *,
        spec: MaskSpec,
        loss: LossName = "cross_entropy_dice",
        focal_gamma: NotNegative = 2.0,
        class_weights: Literal["balanced"] | Sequence[NotNegative] | None = None,
    ) -> None:
        super().__init__(spec=spec)
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
        weights_K = _weights(spec, class_weights)
        self.training_loss = MaskLoss(loss, focal_gamma=focal_gamma, weights_K=weights_K)
        self.validation_loss = MaskLoss("cross_entropy")

    def network(self, make: MakeBackbone) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**self.spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Segmenter(backbone, self.spec.num_classes)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """The mean over images; see `bakeoff.tasks.semantic_segmentation.loss`."""
        return (self.training_loss if training else self.validation_loss)(outputs, batch.targets)

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss, and all that the test is judged by."""
        totals = scores.MaskTotals(self.spec.num_classes)
        return MetricCollection({"loss": WeightedMean(), "masks": totals}, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor]:
        """Pixels of each image that are right, said and true of each class."""
        said_BHW = outputs.detach().argmax(dim=1)
        return (scores.count_on_device(said_BHW, batch.targets, num_classes=self.spec.num_classes),)

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """The likeliest class of each pixel, as run lengths."""
        return table_of_masks(net(inputs).argmax(dim=1).to(torch.uint8).cpu().numpy())

    # What is said of answers ------------------------------------------------------------------------------------------

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each image's pseudo-value, shape ``(N,)``; see `bakeoff.tasks.semantic_segmentation.scores`."""
        return scores.score_examples(self._counts(answers, labels), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers but the loss, by name."""
        return scores.summarise(self._counts(answers, labels))

    def _counts(self, answers: pa.Table, labels: pa.Table) -> np.ndarray:
        return scores.counts_of_tables(answers, labels, num_classes=self.spec.num_classes)

    def doubts(self, metric: str) -> list[str]:
        """Pixel accuracy where one class covers nearly everything."""
        largest = int(np.argmax(self.spec.class_shares))
        share = self.spec.class_shares[largest]
        if metric != "pixel_accuracy" or share <= _ONE_SIDED:
            return []
        name = self.spec.class_names[largest]
        return [
            f"Always answering {name} is right in {100 * share:.1f} % of the train pixels, so pixel accuracy says "
            "little of what is rare; task.metric=miou says more [metric.rare_class]"
        ]

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """Of each pixel the class that is most frequent there in training, to every input."""
        masks_NHW = masks_of(train.labels)
        counts_KHW = np.stack([(masks_NHW == number).sum(axis=0) for number in range(self.spec.num_classes)])
        return repeat_row(table_of_masks(counts_KHW.argmax(axis=0)[None].astype(np.uint8)), len(inputs))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Each image with the answer's mask, beside the truth."""
        rows = zip(cases.names, cases.raw, masks_of(answers), masks_of(cases.labels), strict=True)
        return [exhibit(name, raw, said, true, self.spec.class_names) for name, raw, said, true in rows]

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Each image with its mask."""
        rows = zip(cases.names, cases.raw, masks_of(cases.labels), strict=True)
        return [exhibit(name, raw, None, true, self.spec.class_names) for name, raw, true in rows]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The share of each class among the pixels of each image."""
        masks_NHW = masks_of(answers)
        shares = {
            f"share({name})": (masks_NHW == number).mean(axis=(1, 2))
            for number, name in enumerate(self.spec.class_names)
        }
        return table_of(**shares)

    def predict(self, run: Answering, new: NewExamples, *, folder: str = "masks") -> pa.Table:
        """The shares, and the file of each image's mask, at the size that the image came in.

        Args:
            run: that answers.
            new: images.
            folder: of the masks.
        """
        answers = run.answers(new)
        sizes = zip(new.shown["height"], new.shown["width"], strict=True)
        masks = [at_size(mask_HW, *size, self.spec.fit) for mask_HW, size in zip(masks_of(answers), sizes, strict=True)]
        files = write_masks(Path(folder), [str(name) for name in new.shown["file"]], masks)
        said = self.predicted(answers)
        return table_of(mask=[str(file) for file in files], **{name: said[name] for name in said.column_names})


def _weights(spec: MaskSpec, given: Literal["balanced"] | Sequence[float] | None) -> np.ndarray | None:
    """The weight of each class, scaled so that their mean over the train pixels is 1; None for none."""
    if given is None:
        return None
    shares_K = np.maximum(np.array(spec.class_shares), 1e-6)
    weights_K = 1 / shares_K if isinstance(given, str) else np.array(given, dtype=np.float64)
    if len(weights_K) != spec.num_classes or not (np.isfinite(weights_K) & (weights_K > 0)).all():
        names = ", ".join(spec.class_names[:20])
        raise ValueError(f"class_weights needs one number above 0 a class ({names}); got {given}")
    scaled: np.ndarray = weights_K / (weights_K * shares_K).sum()
    return scaled
