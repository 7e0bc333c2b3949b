"""A training step of Faster R-CNN at 64 pixels beside torchvision's own, with the same backbone, batch and settings.

Forward, loss, backward and optimizer step of 16 made scenes on one thread; torchvision gets lists of images and of
labels, as it wants them. The two take turns, and the ratio is the median of the pairs. Figures: images a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import Batch
from bakeoff.tasks.object_detection.network import DetectionNetwork
from bakeoff.training.trial.configuration import TrialConfig

TARGET = 1.3
_STEPS = 6


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """One row: images a second of both, and their ratio, median over ``repeats`` pairs."""
    torch.set_num_threads(1)
    overrides = ["task=object_detection", "data=digit_boxes", "data.num_train=64", "data.num_test=8"]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))
    data = build(config.raw["data"]["module"], seed=0)
    data.prepare_data()
    data.setup()
    batch = next(iter(data.train_dataloader()))
    ours, reference = _ours(config, data.spec, batch), _reference(config, data.spec, batch)
    pairs = [(_rate(ours, batch.size), _rate(reference, batch.size)) for _ in range(repeats + 1)][1:]
    return [
        {
            "what": f"Faster R-CNN, {batch.size} scenes of 64 x 64",
            "bakeoff": round(median(own for own, _ in pairs), 1),
            "reference": round(median(other for _, other in pairs), 1),
            "ratio": round(median(own / other for own, other in pairs), 3),
            "target": TARGET,
            "better": "at least",
        }
    ]


def _rate(step: Callable[[], None], size: int) -> float:
    start = time.perf_counter()
    for _ in range(_STEPS):
        step()
    return size * _STEPS / (time.perf_counter() - start)


def _ours(config: TrialConfig, spec: Any, batch: Batch) -> Callable[[], None]:
    net, task = config.network(spec).train(), config.make_task(spec)
    optimizer = build(config.raw["optimizer"])(net.parameters())

    return stepping(lambda: task.loss(net(batch.inputs), batch, training=True), optimizer)


def _reference(config: TrialConfig, spec: Any, batch: Batch) -> Callable[[], None]:
    network = config.network(spec)
    assert isinstance(network, DetectionNetwork)
    net = torchvision_twin(network.detector, config.raw, spec).train()
    optimizer = build(config.raw["optimizer"])(net.parameters())
    images, counts = list(batch.inputs), batch.targets["counts"].tolist()
    boxes, classes = batch.targets["boxes"].split(counts), batch.targets["classes"].split(counts)
    targets = [{"boxes": own, "labels": names + 1} for own, names in zip(boxes, classes, strict=True)]

    return stepping(lambda: sum(net(images, targets).values()), optimizer)


def stepping(loss: Callable[[], Any], optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """A training step, given what makes the loss."""

    def step() -> None:
        made = loss()
        optimizer.zero_grad()
        made.backward()
        optimizer.step()

    return step


class _Map(nn.Module):
    """Our backbone and its summed map, as torchvision wants one."""

    def __init__(self, detector: Any) -> None:
        super().__init__()
        self.map = detector.map
        self.out_channels = detector.map.stage_channels[0]

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return self.map(images_BCHW)[0]


def torchvision_twin(detector: Any, raw: dict[str, Any], spec: Any) -> nn.Module:
    """Torchvision's Faster R-CNN with the backbone and the settings of ours."""
    task, side = raw["task"]["module"], spec.height
    return FasterRCNN(
        _Map(detector),
        min_size=side,
        max_size=side,
        image_mean=[0.0] * spec.channels,
        image_std=[1.0] * spec.channels,
        rpn_anchor_generator=AnchorGenerator((detector.anchor_sizes,), (detector.anchor_ratios,)),
        rpn_pre_nms_top_n_train=detector.candidates,
        rpn_post_nms_top_n_train=detector.most_proposals,
        rpn_nms_thresh=detector.proposal_overlap,
        rpn_batch_size_per_image=task["anchors_sampled"],
        box_roi_pool=MultiScaleRoIAlign(["0"], detector.regions.pooled, 2),
        box_head=detector.regions.connected,
        box_predictor=FastRCNNPredictor(detector.width, spec.num_classes + 1),
        box_batch_size_per_image=task["regions_sampled"],
        box_positive_fraction=0.5,
    )
