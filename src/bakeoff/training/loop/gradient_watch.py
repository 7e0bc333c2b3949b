"""Says when gradients vanish or explode, from those that the last optimizer step before each validation left behind."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytorch_lightning as pl

from bakeoff.models.gradient_flow import gradient_norm, gradient_rms
from bakeoff.training.loop.module import TrainingModule

VANISHING_RATIO = 1e-5
"""Gradients vanish where the layer with the smallest gets less than this share of what the layer with the largest gets
(root mean squares), at more than half of all looks: early in training a scale that starts near 0 does that too."""
EXPLODING_NORM = 1e3
"""Gradients explode where their norm, before it is clipped, exceeds this or is no finite number, at any look."""

Flag = Literal["vanishing", "exploding"]


class GradientWatch(pl.Callback):
    """Looks at the gradients once a validation: nothing is computed in between.

    What was found last is in ``latest``: ``train/gradient_norm``, before clipping (on several devices or with a scaled
    loss after it), and ``train/gradient_ratio``, the smallest layer's root mean square over the largest's, in [0, 1].
    """

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self.looks = 0
        self.vanished = 0
        self.exploded = False

    @property
    def flag(self) -> Flag | None:
        """What is wrong, if anything."""
        if self.exploded:
            return "exploding"
        return "vanishing" if 2 * self.vanished > self.looks else None

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Looks."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        by_layer = gradient_rms(pl_module.net)
        if not by_layer:
            return
        clipped = pl_module.norm_before_clipping
        norm = gradient_norm(pl_module.net) if clipped is None else float(clipped)
        largest = max(by_layer.values())
        ratio = min(by_layer.values()) / largest if largest > 0 else 1.0
        self.latest = {"train/gradient_norm": norm, "train/gradient_ratio": ratio}
        self.looks += 1
        self.vanished += ratio < VANISHING_RATIO
        self.exploded |= not math.isfinite(norm) or norm > EXPLODING_NORM

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run continues counting from, and what was found last."""
        counts = {"looks": self.looks, "vanished": self.vanished, "exploded": self.exploded}
        return {**counts, "latest": self.latest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues the counts of the interrupted run."""
        self.looks, self.vanished = int(state_dict["looks"]), int(state_dict["vanished"])
        self.exploded, self.latest = bool(state_dict["exploded"]), dict(state_dict["latest"])
