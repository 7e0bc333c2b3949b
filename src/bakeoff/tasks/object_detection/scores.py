"""What boxes are worth: COCO's mean average precision, of the whole data set; it is no mean over images.

At most 100 boxes an image count, at every threshold and for every size alike. A class with nothing to find is left out;
where nothing is found of one that is there, its precision is 0.

N images, K classes, T thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torchmetrics import Metric

from bakeoff.data.batches.batch import Ragged
from bakeoff.data.boxes.answers import Answers, answers_of, in_own_pixels, objects_of
from bakeoff.data.boxes.objects import Objects
from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_left_out
from bakeoff.tables import column
from bakeoff.tasks.exhibits import TableExhibit
from bakeoff.tasks.object_detection.average_precision import average_precisions, left_out, mean_precision
from bakeoff.tasks.object_detection.matching import AREAS, THRESHOLDS, match

_READ = "Precision at 101 levels of recall, averaged over levels and classes"

METRICS = (
    MetricFacts.share(
        "map",
        "mAP",
        f"{_READ}, and over ten overlaps from which on a box is at its place, 0.5 to 0.95: COCO's mean average "
        "precision, of at most 100 boxes an image.",
        is_mean=False,
    ),
    MetricFacts.share(
        "map_50",
        "mAP at 0.5",
        f"{_READ}; a box is at its place where it shares half of what it and the object cover together.",
        is_mean=False,
    ),
    MetricFacts.share(
        "map_75",
        "mAP at 0.75",
        f"{_READ}; a box is at its place where it shares three quarters of what it and the object cover together.",
        is_mean=False,
    ),
    MetricFacts.error("loss", "loss", "The sum of the model's own losses; two models' are of different things."),
)
OF_THRESHOLDS = {"map": range(len(THRESHOLDS)), "map_50": range(1), "map_75": range(5, 6)}
"""Which of `THRESHOLDS` each metric is a mean over."""


def read(answers: pa.Table, labels: pa.Table) -> tuple[Answers, Objects]:
    """Answers and objects of tables, in pixels of the images as they came."""
    said, true = answers_of(answers), objects_of(labels)
    sizes_N2 = np.stack([column(labels, "height"), column(labels, "width")], axis=1)
    to_network_N4 = column(labels, "to_network")
    boxes_M4 = in_own_pixels(said.boxes_M4, said.counts_N, to_network_N4=to_network_N4, sizes_N2=sizes_N2)
    return said._replace(boxes_M4=boxes_M4), true


def score_examples(answers: pa.Table, labels: pa.Table, metric: str, *, num_classes: int) -> np.ndarray:
    """Each image's pseudo-value; without an image that alone has objects, the metric is taken to stay as it is.

    Raises:
        ValueError: another metric than those of `OF_THRESHOLDS`.
    """
    if metric not in OF_THRESHOLDS:
        raise ValueError(f"an image's share is known of {', '.join(OF_THRESHOLDS)}; got {metric}")
    matches, thresholds = match(*read(answers, labels), num_classes=num_classes), OF_THRESHOLDS[metric]
    whole = mean_precision(average_precisions(matches)[thresholds])
    without_N = left_out(matches, thresholds)
    return pseudo_values_from_left_out(whole, np.where(np.isfinite(without_N), without_N, whole))


def summarise(answers: pa.Table, labels: pa.Table, *, num_classes: int) -> dict[str, float]:
    """All metrics but the loss; nan where there is nothing to find."""
    return _summary(*read(answers, labels), num_classes)


def _summary(answers: Answers, objects: Objects, num_classes: int) -> dict[str, float]:
    precisions_TK = average_precisions(match(answers, objects, num_classes=num_classes))
    return {name: mean_precision(precisions_TK[thresholds]) for name, thresholds in OF_THRESHOLDS.items()}


def by_class_and_size(answers: pa.Table, labels: pa.Table, class_names: Sequence[str]) -> TableExhibit:
    """Objects and precision of each class, and of each size of objects."""
    said, true = read(answers, labels)
    matches = match(said, true, num_classes=len(class_names), areas=tuple(AREAS.values()))
    of_areas = [average_precisions(matches, area=area) for area in range(len(AREAS))]
    rows = [
        [name, int(count), *_shown(of_areas[0][:, [kind]])]
        for kind, (name, count) in enumerate(zip(class_names, matches.truth_RNK[0].sum(axis=0), strict=True))
    ]
    sizes = zip(AREAS, matches.truth_RNK.sum(axis=(1, 2)), of_areas, strict=True)
    rows += [[f"{name} objects", int(count), *_shown(own_TK)] for name, count, own_TK in sizes]
    title = "Precision by class and size: small up to 32 x 32 pixels, large from 96 x 96"
    return TableExhibit(title=title, columns=["", "objects", "mAP", "at 0.5", "at 0.75"], rows=rows)


def _shown(precisions_TK: np.ndarray) -> list[str]:
    values = [mean_precision(precisions_TK[thresholds]) for thresholds in OF_THRESHOLDS.values()]
    return [f"{value:.1%}" if np.isfinite(value) else "nothing to find" for value in values]


class Precisions(Metric):
    """All metrics but the loss, by name, of answers and targets in the network's pixels."""

    said_counts: list[Tensor]
    said_boxes: list[Tensor]
    said_classes: list[Tensor]
    said_scores: list[Tensor]
    true_counts: list[Tensor]
    true_boxes: list[Tensor]
    true_classes: list[Tensor]
    true_crowd: list[Tensor]

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        for kind, parts in (("said", ("boxes", "classes", "scores")), ("true", ("boxes", "classes", "crowd"))):
            for part in ("counts", *parts):
                self.add_state(f"{kind}_{part}", [], dist_reduce_fx="cat")

    def update(self, answers: Ragged, targets: Ragged) -> None:
        """Adds a batch.

        Args:
            answers: ``boxes``, ``classes``, ``scores`` and ``counts``, at most 100 an image.
            targets: of the batch.
        """
        for kind, own in (("said", answers), ("true", targets)):
            for part, values in own.items():
                getattr(self, f"{kind}_{part}").append(values.detach())

    def compute(self) -> dict[str, Tensor]:
        """The metrics of all batches."""
        if not self.true_counts:
            return {name: torch.tensor(float("nan")) for name in OF_THRESHOLDS}
        boxes_M4 = self._whole("true_boxes").astype(np.float64).reshape(-1, 4)
        areas_M = (boxes_M4[:, 2:] - boxes_M4[:, :2]).prod(axis=1)
        crowd_M = self._whole("true_crowd").astype(bool)
        objects = Objects(self._whole("true_counts"), boxes_M4, self._whole("true_classes"), crowd_M, areas_M)
        said = [self._whole(f"said_{part}") for part in ("counts", "boxes", "classes", "scores")]
        answers = Answers(said[0], said[1].astype(np.float64).reshape(-1, 4), said[2], said[3].astype(np.float64))
        values = _summary(answers, objects, self.num_classes)
        return {name: torch.tensor(value) for name, value in values.items()}

    def _whole(self, name: str) -> np.ndarray:
        values = getattr(self, name)
        found: np.ndarray = (torch.cat(list(values)) if isinstance(values, list) else values).cpu().numpy()
        return found
