"""A backbone between the stem and the head that every contender of forecasting shares.

B batch, L steps of a window, N patches of it, H steps of the horizon, C channels, K known features, D model width,
Q quantiles, E numbers a step of the horizon, P paths.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.data.series.spec import SeriesSpec
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone, State, select_rows

Pooling: TypeAlias = Literal["flatten", "last"]
_AHEAD_WIDTH, _ALONG = 8, 4
_PATHS_SEED = 17
_LEAST_DEVIATION = 1e-2


class NextSteps(NamedTuple):
    """What a recursive network says in training: quantiles of a window's last steps and the next, ``(B, T, Q)``."""

    quantiles_BTQ: Tensor


class PatchStem(nn.Module):
    """Steps in patches, as Nie et al. 2023 (PatchTST, arXiv:2211.14730) have them, without overlap.

    Args:
        channels: C.
        patch: steps of a patch; the first one is filled up with zeros.
        width: D.
    """

    def __init__(self, channels: int, *, patch: int, width: int) -> None:
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(channels * patch, width)

    def forward(self, windows_BLC: Tensor) -> Tensor:
        """A vector a patch, shape ``(B, N, D)``."""
        lacking = -windows_BLC.shape[1] % self.patch
        padded = F.pad(windows_BLC, (0, 0, lacking, 0))
        return self.project(padded.unflatten(1, (-1, self.patch)).flatten(2))


class DirectHead(nn.Module):
    """All steps of the horizon at once, from the encoded window and what is known of each step.

    Args:
        features: numbers of the encoded window.
        horizon: H.
        num_known: K.
        num_quantiles: Q.
    """

    def __init__(self, features: int, *, horizon: int, num_known: int, num_quantiles: int) -> None:
        super().__init__()
        self.horizon = horizon
        each = num_quantiles + (_AHEAD_WIDTH if num_known else 0)
        self.ahead = nn.Linear(features, horizon * each)
        self.num_quantiles = num_quantiles
        if num_known:
            hidden = _ALONG * _AHEAD_WIDTH
            self.along = nn.Sequential(
                nn.Linear(_AHEAD_WIDTH + num_known, hidden), nn.GELU(), nn.Linear(hidden, num_quantiles)
            )

    def forward(self, encoded_BF: Tensor, known_BHK: Tensor | None) -> Tensor:
        """Quantiles, shape ``(B, H, Q)``."""
        ahead_BHE = self.ahead(encoded_BF).unflatten(1, (self.horizon, -1))
        if known_BHK is None:
            return ahead_BHE
        said_BHQ, rest_BHE = ahead_BHE.split([self.num_quantiles, _AHEAD_WIDTH], dim=-1)
        return said_BHQ + self.along(torch.cat([rest_BHE, known_BHK], dim=-1))


class DirectForecaster(nn.Module):
    """Patches, a backbone over them, and a head that says all steps of the horizon at once."""

    def __init__(
        self,
        backbone: SequenceBackbone,
        *,
        spec: SeriesSpec,
        patch: int,
        pool: Pooling,
        dropout: float,
        num_quantiles: int,
    ) -> None:
        super().__init__()
        if pool not in get_args(Pooling):
            raise ConfigError("config.unknown_choice", "task.network.pool", pool, "is none", allowed=get_args(Pooling))
        self.stem = PatchStem(spec.num_channels, patch=patch, width=backbone.width)
        self.backbone = backbone
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        num_patches = -(-spec.window // patch) if pool == "flatten" else 1
        self.head = DirectHead(
            num_patches * backbone.width,
            horizon=spec.horizon,
            num_known=spec.num_known,
            num_quantiles=num_quantiles,
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Quantiles in the scale of the window, shape ``(B, H, Q)``."""
        encoded_BND = self.backbone(self.stem(inputs[0]))
        encoded_BF = encoded_BND.flatten(1) if self.pool == "flatten" else encoded_BND[:, -1]
        return self.head(self.dropout(encoded_BF), inputs[2] if len(inputs) > 2 else None)


class RecursiveForecaster(nn.Module):
    """One step at a time, each from what was said before it, as in DeepAR (Salinas et al. 2020, arXiv:1704.04110).

    Training asks for the last steps of a window, as many as the horizon has, and for the one after it, each from those
    before it. The window is scaled by what comes before the steps that are asked for alone: a scale that has seen them
    tells where they lie. To forecast, paths are drawn: each step is a value between
    the quantiles that are said, at a place drawn evenly (the same places for every window), and is what the next step
    is told. The forecast is the paths' quantiles.

    Args:
        backbone: causal, with steps.
        spec: of the data.
        levels: of the quantiles, rising.
        num_paths: P, to draw; with a single level the path of what is said.
    """

    def __init__(
        self, backbone: SequenceBackbone, *, spec: SeriesSpec, levels: tuple[float, ...], num_paths: int
    ) -> None:
        super().__init__()
        self.horizon, self.num_known, self.levels = spec.horizon, spec.num_known, levels
        self.first_known = spec.num_channels - spec.num_known - len(spec.features["static"])
        self.num_paths = num_paths if len(levels) > 1 else 1
        self.stem = nn.Linear(spec.num_channels, backbone.width)
        self.backbone = backbone
        self.head = nn.Linear(backbone.width, len(levels))

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor | NextSteps:
        """In training `NextSteps`; else the quantiles of the paths, ``(B, H, Q)``."""
        known_BHK = inputs[2] if self.num_known else None
        told_BLC = self._told_ahead(inputs[0], known_BHK)
        length = told_BLC.shape[1]
        context = max(length - self.horizon, length // 2, 1) if self.training else length
        windows_BLC, shift_B11, divisor_B11 = _scaled_by(told_BLC, context)
        if not self.training:
            return self._drawn(windows_BLC, known_BHK) * divisor_B11 + shift_B11
        encoded_BLD = self.backbone(self.stem(windows_BLC))
        return NextSteps(self.head(encoded_BLD[:, context - 1 :]) * divisor_B11 + shift_B11)

    def _told_ahead(self, windows_BLC: Tensor, known_BHK: Tensor | None) -> Tensor:
        """Windows with what is known of the next step in place of what was known of this one."""
        if known_BHK is None:
            return windows_BLC
        known = slice(self.first_known, self.first_known + self.num_known)
        next_BLK = torch.cat([windows_BLC[:, 1:, known], known_BHK[:, :1]], dim=1)
        return torch.cat([windows_BLC[..., : known.start], next_BLK, windows_BLC[..., known.stop :]], dim=-1)

    def _drawn(self, windows_BLC: Tensor, known_BHK: Tensor | None) -> Tensor:
        batch, paths = len(windows_BLC), self.num_paths
        state: State = self.backbone.initial_state(batch)
        said_BD = windows_BLC.new_zeros(batch, self.backbone.width)
        for step_BD in self.stem(windows_BLC).unbind(dim=1):
            said_BD, state = self.backbone.step(step_BD, state)
        rows = torch.arange(batch, device=windows_BLC.device).repeat_interleave(paths)
        state, said_MD = select_rows(state, rows), said_BD[rows]
        places_PH = torch.rand(paths, self.horizon, generator=torch.Generator().manual_seed(_PATHS_SEED))
        last_MC, steps = windows_BLC[rows, -1].clone(), []
        for place, places_P in enumerate(places_PH.to(windows_BLC.device).unbind(dim=1)):
            value_M = self._value(self.head(said_MD), places_P.repeat(batch))
            steps.append(value_M)
            if place + 1 < self.horizon:
                step_MC = self._next_step(last_MC, value_M, None if known_BHK is None else known_BHK[rows, place + 1])
                said_MD, state = self.backbone.step(self.stem(step_MC), state)
        paths_BPH = torch.stack(steps, dim=1).unflatten(0, (batch, paths))
        levels = torch.tensor(self.levels, device=paths_BPH.device)
        return torch.quantile(paths_BPH.float(), levels, dim=1).permute(1, 2, 0)

    def _value(self, quantiles_MQ: Tensor, places_M: Tensor) -> Tensor:
        """Between the quantiles, at places in [0, 1]; beyond the outer ones as far as their neighbours' slope leads."""
        if len(self.levels) == 1:
            return quantiles_MQ[:, 0]
        levels_Q = torch.tensor(self.levels, device=quantiles_MQ.device)
        sorted_MQ = quantiles_MQ.sort(dim=-1).values
        upper_M = torch.searchsorted(levels_Q, places_M).clamp(1, len(self.levels) - 1)[:, None]
        low_M, high_M = sorted_MQ.gather(1, upper_M - 1)[:, 0], sorted_MQ.gather(1, upper_M)[:, 0]
        below_M, above_M = levels_Q[upper_M[:, 0] - 1], levels_Q[upper_M[:, 0]]
        return low_M + (high_M - low_M) * (places_M - below_M) / (above_M - below_M)

    def _next_step(self, last_MC: Tensor, value_M: Tensor, known_MK: Tensor | None) -> Tensor:
        step_MC = last_MC.clone()
        step_MC[:, 0], step_MC[:, 1] = value_M, 0.0
        if known_MK is not None:
            step_MC[:, self.first_known : self.first_known + self.num_known] = known_MK
        return step_MC


def _scaled_by(windows_BLC: Tensor, context: int) -> tuple[Tensor, Tensor, Tensor]:
    """Windows whose values are less the mean of their first ``context`` ones, over the deviation of those, and both."""
    there_BT = 1 - windows_BLC[:, :context, 1]
    counts_B1 = there_BT.sum(dim=1, keepdim=True).clamp(min=1)
    values_BT = windows_BLC[:, :context, 0]
    shift_B1 = (values_BT * there_BT).sum(dim=1, keepdim=True) / counts_B1
    squares_B1 = (((values_BT - shift_B1) * there_BT) ** 2).sum(dim=1, keepdim=True) / counts_B1
    divisor_B1 = squares_B1.sqrt().clamp(min=_LEAST_DEVIATION)
    scaled_BL = (windows_BLC[..., 0] - shift_B1) / divisor_B1 * (1 - windows_BLC[..., 1])
    return torch.cat([scaled_BL[..., None], windows_BLC[..., 1:]], dim=-1), shift_B1[..., None], divisor_B1[..., None]
