"""Made boxes for tests of detection."""

from __future__ import annotations

import torch

from bakeoff.data.batches.batch import Ragged
from bakeoff.data.boxes.spec import BoxSpec
from bakeoff.tasks.object_detection.task import ObjectDetection


def box_spec(size: tuple[int, int, int], num_classes: int) -> BoxSpec:
    """Of images of that many channels, that height and that width."""
    return BoxSpec(
        name="made",
        fingerprint="f",
        split_fingerprint="s",
        num_train=4,
        num_val=1,
        num_test=2,
        channels=size[0],
        height=size[1],
        width=size[2],
        mean=(0.5,) * size[0],
        std=(0.5,) * size[0],
        class_names=tuple("abcdefgh"[:num_classes]),
        class_counts=(2,) * num_classes,
        most_boxes=3,
    )


def detection_task(size: tuple[int, int, int], num_classes: int) -> ObjectDetection:
    """The task for such images."""
    return ObjectDetection(spec=box_spec(size, num_classes))


def labels(size: tuple[int, int, int], *, counts: list[int], seed: int = 0, num_classes: int = 3) -> Ragged:
    """Boxes of an eighth to three eighths of the image's sides."""
    rng, number = torch.Generator().manual_seed(seed), sum(counts)
    limits = torch.tensor([size[2], size[1]])
    sides = (0.125 + 0.25 * torch.rand(number, 2, generator=rng)) * limits
    corner = torch.rand(number, 2, generator=rng) * (limits - sides)
    return Ragged(
        boxes=torch.cat([corner, corner + sides], dim=1),
        classes=torch.randint(0, num_classes, (number,), generator=rng),
        crowd=torch.zeros(number, dtype=torch.bool),
        counts=torch.tensor(counts),
    )
