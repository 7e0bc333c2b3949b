"""Object detection: a box and a class for each thing in an image.

B batch, N images, M boxes, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch, Ragged, Tree
from bakeoff.data.boxes.answers import answers_of, in_network_pixels, objects_of, table_of_answers
from bakeoff.data.boxes.spec import BoxSpec
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import Detector, DetectorOutputs, ImageBackbone
from bakeoff.models.cost import flops_per_example
from bakeoff.ranges import Count, NotNegative
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Sealed, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.object_detection import error_kinds, scores
from bakeoff.tasks.object_detection.network import DetectionNetwork
from bakeoff.tasks.object_detection.pictures import LEAST_SCORE, pictures
from bakeoff.tasks.object_detection.region_loss import RegionLoss
from bakeoff.tasks.object_detection.set_loss import SetLoss
from bakeoff.tasks.weighted_mean import WeightedMean


class ObjectDetection(Task[BoxSpec]):
    """A box and a class for each thing; judged by mean average precision over the whole test (higher is better).

    Args:
        spec: what the data is; gives the classes.
        anchors_sampled: of each image, that Faster R-CNN learns from where things are.
        regions_sampled: of each image, that R-CNN, Fast and Faster R-CNN learn from what they are.
        nothing_weight: of "nothing" in the loss of sets of boxes.

    Raises:
        ValueError: fewer than two anchors or regions, or a weight that is not above 0.
    """

    metrics_declared = scores.METRICS
    trivial_words = "answering each image with one box, the middle one of the class that has the most in training"

    def __init__(
        self,
        *,
        spec: BoxSpec,
        anchors_sampled: Count = 64,
        regions_sampled: Count = 32,
        nothing_weight: NotNegative = 0.2,
    ) -> None:
        super().__init__(spec=spec)
        if min(anchors_sampled, regions_sampled) < 2 or nothing_weight <= 0:
            found = f"{anchors_sampled}, {regions_sampled} and {nothing_weight}"
            raise ValueError(
                f"anchors_sampled and regions_sampled must be at least 2, nothing_weight above 0; got {found}"
            )
        self.region_loss = RegionLoss(anchors_sampled=anchors_sampled, regions_sampled=regions_sampled)
        self.set_loss = SetLoss(nothing=nothing_weight)

    def network(
        self,
        make: MakeBackbone,
        *,
        channels: int = 32,
        region_width: int = 64,
        finest: int = 4,
        pyramid: bool = True,
        pooled: int = 4,
    ) -> nn.Module:
        """The detector with the shared head; of a backbone, Faster R-CNN on it.

        Raises:
            ConfigError: it can't say as many boxes as training images have.
        """
        given = self.spec.model_arguments()
        detector = make(**given)
        if isinstance(detector, ImageBackbone):
            from bakeoff.models.cnn.faster_rcnn import FasterRCNN

            backbone = detector
            detector = FasterRCNN(
                **given,
                backbone=lambda **_: backbone,
                channels=channels,
                region_width=region_width,
                finest=finest,
                pyramid=pyramid,
                pooled=pooled,
            )
        assert isinstance(detector, Detector)
        needed, most = self.spec.most_boxes, detector.most_boxes
        if most is not None and most < needed:
            problem = f"training images have up to {needed:,} boxes, and each query says one"
            raise ConfigError("config.too_few_queries", "model.net.queries", most, problem, allowed=f"{needed} or more")
        return DetectionNetwork(detector, self.spec.num_classes)

    def loss(self, outputs: DetectorOutputs, batch: Batch, *, training: bool) -> Tensor:
        """The mean over images; see `region_loss` and `set_loss` beside this file."""
        from bakeoff.models.boxes import padded_boxes
        from bakeoff.models.detection import RegionOutputs, SetOutputs

        truth = padded_boxes(batch.targets)
        if isinstance(outputs, RegionOutputs):
            return self.region_loss(outputs, truth, training=training)
        assert isinstance(outputs, SetOutputs)
        return self.set_loss(outputs, truth)

    def train_flops_per_example(self, net: nn.Module) -> float:
        """Of all that the loss depends on; regions are counted once for each proposal."""
        return flops_per_example(_AllTensors(net), self.spec.example_inputs)

    # What validation measures, and what is answered -------------------------------------------------------------------

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss; in validation what the test is judged by too."""
        own = {} if split == "train" else {"boxes": scores.Precisions(self.spec.num_classes)}
        return MetricCollection({"loss": WeightedMean(), **own}, compute_groups=False)

    def observe(self, outputs: DetectorOutputs, batch: Batch) -> tuple[Ragged, ...]:
        """What was found and what is there; in training nothing, as finding costs as much as learning."""
        return () if torch.is_grad_enabled() else (outputs.found(), batch.targets)

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """The boxes found in each image, best first."""
        found = net(inputs).found()
        counts = found["counts"].tolist()
        parts = (found[name].cpu().split(counts) for name in ("boxes", "classes", "scores"))
        return table_of_answers(*([part.numpy() for part in own] for own in parts))

    def answer(self, net: nn.Module, inputs: Tree) -> Ragged:
        """The boxes, chosen among those that overlap."""
        found: Ragged = net(inputs).found()
        return found

    # What is said of answers ------------------------------------------------------------------------------------------

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each image's pseudo-value, shape ``(N,)``; see `bakeoff.tasks.object_detection.scores`."""
        return scores.score_examples(answers, labels, metric, num_classes=self.spec.num_classes)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers but the loss, by name."""
        return scores.summarise(answers, labels, num_classes=self.spec.num_classes)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """One box, of the class that has the most in training and in the middle of those, to every input."""
        objects = objects_of(train.labels)
        to_network_N4 = column(train.labels, "to_network")
        boxes_M4 = in_network_pixels(objects.boxes_M4, objects.counts_N, to_network_N4=to_network_N4)
        commonest = np.bincount(objects.classes_M, minlength=self.spec.num_classes).argmax()
        middle_14 = np.median(boxes_M4[objects.classes_M == commonest], axis=0)[None]
        return repeat_row(table_of_answers([middle_14], [np.array([commonest])], [np.ones(1)]), len(inputs))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Each image with the boxes of the answer and of the truth."""
        return list(pictures(cases, self.spec.class_names, answers))

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Each image with its boxes."""
        return list(pictures(cases, self.spec.class_names))

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """What kinds of mistakes cost, and of each contender's first trial the precision by class and size."""
        answers = {name: [trial.answers for trial in own] for name, own in trials.items()}
        found: list[Exhibit] = [error_kinds.table(answers, labels, num_classes=self.spec.num_classes)]
        for name, own in answers.items():
            for first in own[:1]:
                table = scores.by_class_and_size(first, labels, self.spec.class_names)
                found.append(dataclasses.replace(table, title=f"{name}: {table.title}"))
        return found

    def predicted(self, answers: pa.Table) -> pa.Table:
        """How many boxes there are in each image, and the class and score of each, best first."""
        return self._told(answers, LEAST_SCORE)

    def _told(self, answers: pa.Table, least_score: float) -> pa.Table:
        names = self.spec.class_names
        found = [[box for box in own if box["score"] >= least_score] for own in answers["objects"].to_pylist()]
        words = [", ".join(f"{names[box['class']]} {box['score']:.2f}" for box in own) for own in found]
        return table_of(boxes=np.array([len(own) for own in found]), found=words)

    def predict(
        self, run: Answering, new: NewExamples, *, folder: str = "boxes", least_score: float = LEAST_SCORE
    ) -> pa.Table:
        """The boxes in words, as JSON in COCO's form, and drawn over each image.

        Args:
            run: that answers.
            new: images.
            folder: of the JSON file and the pictures.
            least_score: of boxes that are told and drawn; the JSON file has all.
        """
        from bakeoff.tasks.object_detection.written import in_images_as_they_came, write

        answers = run.answers(new)
        sizes_N2 = np.stack([new.shown["height"], new.shown["width"]], axis=1)
        found = in_images_as_they_came(answers_of(answers), sizes_N2, self.spec)
        names = [str(name) for name in new.shown["file"]]
        files = write(Path(folder), names, new.raw, sizes_N2, found, spec=self.spec, least_score=least_score)
        said = self._told(answers, least_score)
        return table_of(picture=[str(file) for file in files], **{name: said[name] for name in said.column_names})


class _AllTensors(nn.Module):
    """A network whose outputs are all that its loss depends on."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The tensors."""
        tensors: list[Tensor] = self.net(images_BCHW).tensors()
        return tensors
