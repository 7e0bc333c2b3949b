"""Optimizer steps whose loss is no finite number: they change nothing, and some in a row end the training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

DEFAULT_LIMIT = 3


class Diverged(RuntimeError):
    """The training loss is no longer a finite number.

    Args:
        why: what happened, and when.
        nonfinite_steps: all steps of the training that were left out.
    """

    def __init__(self, why: str, *, nonfinite_steps: int = 0) -> None:
        super().__init__(why)
        self.nonfinite_steps = nonfinite_steps


class LossGuard:
    """Keeps steps without a finite loss from the weights, and counts them.

    Args:
        limit: so many in a row are a divergence.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self.nonfinite_steps = 0
        self.in_a_row = 0
        self._decisions: list[bool] = []

    def admits(self, loss: Tensor, optimizer: torch.optim.Optimizer, *, agreed: Callable[[bool], bool] | None) -> bool:
        """Whether to take the optimizer step for this loss.

        Asking a GPU makes the processor wait for it, and launch nothing meanwhile. A fused optimizer needs no asking:
        told on the GPU of a loss that is not finite, as a gradient scaler would tell it, its kernel leaves weights and
        moments as they are.

        Args:
            loss: of the step.
            optimizer: that would take it.
            agreed: what all processes that train together make of each one's answer; None where there is one process.
        """
        if agreed is None and loss.device.type == "cuda" and getattr(optimizer, "_step_supports_amp_scaling", False):
            return tell_fused(optimizer, loss)
        finite = math.isfinite(loss.item())
        return self.decide(finite if agreed is None else agreed(finite))

    def decide(self, finite: bool) -> bool:
        """Takes note of whether a step is taken."""
        self._decisions.append(finite)
        return finite

    def review(self, losses: Tensor, *, first_step: int) -> list[bool]:
        """Which of a call's steps were taken.

        Args:
            losses: of these steps, one each.
            first_step: the number of the first of them.

        Raises:
            Diverged: the limit is reached.
        """
        taken, self._decisions = self._decisions or torch.isfinite(losses).tolist(), []
        for index, finite in enumerate(taken):
            self.in_a_row = 0 if finite else self.in_a_row + 1
            self.nonfinite_steps += not finite
            if self.in_a_row == self.limit:
                raise Diverged(
                    self._why(float(losses[index]), first_step + index), nonfinite_steps=self.nonfinite_steps
                )
        return taken

    def _why(self, loss: float, step: int) -> str:
        before = f", as in the {self.limit - 1} before" if self.limit > 1 else ""
        return f"training loss {loss} in step {step}{before}"

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run continues counting from."""
        counts = {"nonfinite_steps": self.nonfinite_steps, "in_a_row": self.in_a_row}
        return {**counts, "decisions": self._decisions}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues the counts of the interrupted run."""
        self.nonfinite_steps, self.in_a_row = state_dict["nonfinite_steps"], state_dict["in_a_row"]
        self._decisions = list(state_dict["decisions"])


def tell_fused(optimizer: torch.optim.Optimizer, loss: Tensor) -> bool:
    """Has the optimizer's next step do nothing if the loss is not finite, without looking at it; returns True."""
    # These are the attributes by which torch.amp.GradScaler talks to fused optimizers.
    optimizer.grad_scale = None  # type: ignore[attr-defined]
    optimizer.found_inf = (~torch.isfinite(loss.detach())).float()  # type: ignore[attr-defined]
    return True
