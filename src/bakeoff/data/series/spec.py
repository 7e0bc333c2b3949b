"""What series are.

B batch, L steps of a window, H steps of the horizon, C channels, K known features.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bakeoff.data.spec import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeriesSpec(Spec):
    """Series, of which windows of ``window`` steps are answered with the next ``horizon`` steps.

    ``season`` is what a seasonal forecast repeats, and errors are scaled by. ``num_channels`` counts what a network is
    told of each step: the value, whether it is missing, and past, known and static features; ``num_known`` what it is
    told of each step of the horizon. ``scaling`` says how a window is brought to scale. ``features`` are their names
    and ``feature_means`` and ``feature_deviations`` what they are standardised with, by kind. ``columns`` name those of
    the source, ``grid`` the steps in time. ``folds`` are the steps at which train, validation and test begin and end,
    of the longest series, and ``evaluated_every`` the steps between the origins of validation and test. Of the
    ``num_tested`` series with test windows, ``num_unscaled`` have no scale.
    """

    kind = "series"

    window: int
    horizon: int
    season: int
    num_series: int
    num_channels: int
    num_known: int
    scaling: str
    num_tested: int
    num_unscaled: int
    columns: Mapping[str, Any]
    grid: Mapping[str, Any]
    step_words: str
    features: Mapping[str, Any]
    feature_means: Mapping[str, Any]
    feature_deviations: Mapping[str, Any]
    folds: Mapping[str, Any]
    evaluated_every: int

    def example_inputs(self, batch_size: int) -> tuple[Tensor, ...]:
        """Windows ``(B, L, C)``, their scales ``(B, 2)`` and, if any, what is known of the horizon ``(B, H, K)``."""
        inputs = (torch.zeros(batch_size, self.window, self.num_channels), torch.ones(batch_size, 2))
        return (*inputs, torch.zeros(batch_size, self.horizon, self.num_known)) if self.num_known else inputs
