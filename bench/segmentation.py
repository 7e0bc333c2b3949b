"""A training step of U-Net at 64 pixels beside a hand-written one, with the same network, optimizer and batch.

Forward, loss, backward and optimizer step of 16 made scenes on one thread: with cross-entropy alone, and with the Dice
loss that is added as it comes; the hand-written one is the usual soft Dice of a whole batch. The two take turns, and
the ratio is the median of the pairs. Figures: images a second of the processor.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.nn import functional as F

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import Batch
from bakeoff.training.trial.configuration import TrialConfig
from bench.detection import stepping

TARGET = 0.95
_STEPS = 4
_OVERRIDES = ("task=semantic_segmentation", "data=digit_scenes", "data.num_train=64", "data.num_test=8", "model=unet")


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """A row a loss: both rates and their ratio, median over ``repeats`` pairs."""
    torch.set_num_threads(1)
    losses = {"cross_entropy": F.cross_entropy, "cross_entropy_dice": cross_entropy_with_dice}
    return [_measure(name, loss, repeats) for name, loss in losses.items()]


def cross_entropy_with_dice(logits_BKHW: Tensor, masks_BHW: Tensor) -> Tensor:
    """Cross-entropy and one less the mean soft Dice coefficient of the classes, over a whole batch."""
    said_BKHW = logits_BKHW.softmax(dim=1)
    true_BKHW = F.one_hot(masks_BHW, logits_BKHW.shape[1]).permute(0, 3, 1, 2).float()
    both_K, all_K = (said_BKHW * true_BKHW).sum(dim=(0, 2, 3)), (said_BKHW + true_BKHW).sum(dim=(0, 2, 3))
    return F.cross_entropy(logits_BKHW, masks_BHW) + 1 - (2 * both_K / all_K.clamp(min=1e-6)).mean()


def _measure(name: str, loss: Callable[[Tensor, Tensor], Tensor], repeats: int) -> dict[str, Any]:
    overrides = [*_OVERRIDES, f"task.module.loss={name}"]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))
    data = build(config.raw["data"]["module"], seed=0)
    data.prepare_data()
    data.setup()
    batch: Batch = next(iter(data.train_dataloader()))
    masks_BHW, task, make = batch.targets.long(), config.make_task(data.spec), build(config.raw["optimizer"])
    own, other = (config.network(data.spec).train() for _ in range(2))
    ours = stepping(lambda: task.loss(own(batch.inputs), batch, training=True), make(own.parameters()))
    reference = stepping(lambda: loss(other(batch.inputs), masks_BHW), make(other.parameters()))
    pairs = [(_rate(ours, batch.size), _rate(reference, batch.size)) for _ in range(repeats + 1)][1:]
    return {
        "what": f"U-Net, {batch.size} scenes of 64 x 64, {name}",
        "bakeoff": round(median(rate for rate, _ in pairs), 1),
        "reference": round(median(rate for _, rate in pairs), 1),
        "ratio": round(median(rate / there for rate, there in pairs), 3),
        "target": TARGET,
        "better": "at least",
    }


def _rate(step: Callable[[], None], size: int) -> float:
    start = time.process_time()
    for _ in range(_STEPS):
        step()
    return size * _STEPS / (time.process_time() - start)
