"""Steady-state training of U-Net at 64 pixels by `bakeoff train`, logging and metrics on, against a hand-written loop.

Same network, optimizer, batch of 16 made scenes and one thread on both sides, with cross-entropy alone, and with the
Dice loss that is added as it comes; the loop's is the usual soft Dice of a batch. The two take turns, and the ratio is
the median of the pairs. Figures: images a second, validations left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.nn import functional as F

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import join_rows
from bakeoff.training.trial.configuration import TrialConfig
from bench.reference import examples_per_second
from bench.throughput import trained

TARGET = 0.95
_EPOCHS = 3
_OVERRIDES = (
    "task=semantic_segmentation",
    "data=digit_scenes",
    "data.num_train=640",
    "data.num_val=32",
    "data.num_test=32",
    "model=unet",
    f"trainer.max_epochs={_EPOCHS}",
    "trainer.gradient_clip_norm=null",
    "trainer.accelerator=cpu",
)


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """A row a loss: both rates and their ratio, median over ``repeats`` pairs."""
    torch.set_num_threads(1)
    losses = {"cross_entropy": F.cross_entropy, "cross_entropy_dice": cross_entropy_with_dice}
    with tempfile.TemporaryDirectory() as folder:
        return [_measure(name, loss, Path(folder), repeats) for name, loss in losses.items()]


def cross_entropy_with_dice(logits_BKHW: Tensor, masks_BHW: Tensor) -> Tensor:
    """Cross-entropy and one less the mean soft Dice coefficient of the classes, over a whole batch."""
    said_BKHW = logits_BKHW.softmax(dim=1)
    true_BKHW = F.one_hot(masks_BHW, logits_BKHW.shape[1]).permute(0, 3, 1, 2).float()
    both_K, all_K = (said_BKHW * true_BKHW).sum(dim=(0, 2, 3)), (said_BKHW + true_BKHW).sum(dim=(0, 2, 3))
    return F.cross_entropy(logits_BKHW, masks_BHW) + 1 - (2 * both_K / all_K.clamp(min=1e-6)).mean()


def _measure(name: str, loss: Callable[[Tensor, Tensor], Tensor], folder: Path, repeats: int) -> dict[str, Any]:
    overrides = [*_OVERRIDES, f"task.module.loss={name}"]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))
    pairs = [(trained(config, folder / f"{name}-{repeat}"), _looped(config, loss)) for repeat in range(repeats + 1)][
        1:
    ]  # the first pair warms caches and allocators
    return {
        "what": f"U-Net, 64x64, {name}",
        "bakeoff": round(median(ours for ours, _ in pairs)),
        "reference": round(median(reference for _, reference in pairs)),
        "ratio": round(median(ours / reference for ours, reference in pairs), 3),
        "target": TARGET,
        "better": "at least",
    }


def _looped(config: TrialConfig, loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    data = build(config.raw["data"]["module"], seed=0)
    images, masks, _ = join_rows(list(data.train_dataloader()))
    optimizer, net = build(config.raw["optimizer"]), config.network(data.spec)
    batch_size = config.raw["data"]["module"]["batch_size"]
    return examples_per_second(
        net, optimizer, images, masks.long(), batch_size=batch_size, epochs=_EPOCHS, loss_function=loss
    )
