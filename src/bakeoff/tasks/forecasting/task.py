"""Forecasting: what comes next in a series, as one number a step and as quantiles.

B batch, H steps of the horizon, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.series.spec import SeriesSpec
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.ranges import Count, Fraction, Rate
from bakeoff.tables import column, table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.explained import Explained
from bakeoff.tasks.forecasting import scores
from bakeoff.tasks.forecasting.explained import explained
from bakeoff.tasks.forecasting.facts import METRICS
from bakeoff.tasks.forecasting.network import DirectForecaster, NextSteps, Pooling, RecursiveForecaster
from bakeoff.tasks.forecasting.shown import curves, folds
from bakeoff.tasks.weighted_mean import WeightedMean

Decoding: TypeAlias = Literal["direct", "recursive"]
_MEASURED = ("mase", "mae", "smape", "pinball", "coverage", "direction")
_WHERE_COUNTED = {"mase": -2, "direction": -1}
_MEDIAN = 0.5


class Forecasting(Task[SeriesSpec]):
    """Pinball loss of quantiles; MASE, MAE, sMAPE, pinball loss, coverage and direction of what is forecast.

    Args:
        spec: what the series are.
        quantiles: levels that are said of each step, the median among them, which is the forecast; none: the median.
        decoding: ``direct``: all steps of the horizon at once; ``recursive``: step by step.

    Raises:
        ConfigError: quantiles without the median.
    """

    metrics_declared = METRICS
    trivial_words = "repeating the last season of each series, or its last value where there is no season"

    def __init__(
        self, *, spec: SeriesSpec, quantiles: Sequence[Rate] = (0.1, 0.5, 0.9), decoding: Decoding = "direct"
    ) -> None:
        super().__init__(spec=spec)
        if quantiles and _MEDIAN not in quantiles:
            problem, step = "lacks the median, which is the forecast", "add 0.5"
            raise ConfigError("config.out_of_range", "task.module.quantiles", quantiles, problem, next_step=step)
        if decoding not in get_args(Decoding):
            allowed = get_args(Decoding)
            raise ConfigError("config.unknown_choice", "task.module.decoding", decoding, "is none", allowed=allowed)
        self.levels = tuple(sorted(quantiles)) or (_MEDIAN,)
        self.quantiles = tuple(sorted(quantiles)) if len(quantiles) > 1 else ()
        self.decoding = decoding

    def network(
        self,
        make: MakeBackbone,
        *,
        patch: Count = 1,
        pool: Pooling = "flatten",
        causal: bool = True,
        dropout: Fraction = 0.0,
        paths: Count = 100,
    ) -> nn.Module:
        """The backbone with the shared stem and head.

        Args:
            make: makes the backbone.
            patch: steps of a window that are one step of the backbone.
            pool: what a direct head reads: all steps of the backbone (``flatten``), or the ``last``.
            causal: a step reads itself and earlier ones only; of recursive decoding always.
            dropout: before a direct head.
            paths: that recursive decoding draws.

        Raises:
            ConfigError: recursive decoding with patches, or with features that are not known of the future.
        """
        recursive, spec = self.decoding == "recursive", self.spec
        backbone = make(causal=causal or recursive, cross_attention=False)
        assert isinstance(backbone, SequenceBackbone)
        if not recursive:
            return DirectForecaster(
                backbone, spec=spec, patch=patch, pool=pool, dropout=dropout, num_quantiles=len(self.levels)
            )
        if patch > 1 or spec.features["past"]:
            key, value = ("task.network.patch", patch) if patch > 1 else ("data.columns.past", spec.features["past"])
            problem = "recursive decoding goes step by step, and knows nothing but what it said before"
            step = "task.network.patch=1" if patch > 1 else "data.columns.past=[]"
            step += ", or task.module.decoding=direct"
            raise ConfigError("config.contradiction", key, value, problem, next_step=step)
        return RecursiveForecaster(backbone, spec=spec, levels=self.levels, num_paths=paths)

    def loss(self, outputs: Tensor | NextSteps, batch: Batch, *, training: bool) -> Tensor:
        """The mean pinball loss of the steps that have a value, over the scale of MASE."""
        said_BHQ, target_BH, there_BH = self._compared(outputs, batch)
        losses_BH = self._pinball(said_BHQ, target_BH)
        return (_over_steps(losses_BH, there_BH) * batch.targets[2]).mean()

    def _pinball(self, said_BHQ: Tensor, target_BH: Tensor) -> Tensor:
        """The mean over quantiles, ``(B, H)``."""
        gap_BHQ = target_BH[..., None] - said_BHQ
        levels_Q = torch.tensor(self.levels, device=gap_BHQ.device, dtype=gap_BHQ.dtype)
        return torch.maximum(levels_Q * gap_BHQ, (levels_Q - 1) * gap_BHQ).mean(dim=-1)

    def metrics(self, split: str) -> MetricCollection:
        """The loss, and means over windows of what else is measured."""
        return MetricCollection({name: WeightedMean() for name in ("loss", *_MEASURED)}, compute_groups=False)

    def observe(self, outputs: Tensor | NextSteps, batch: Batch) -> Tensor:
        """Of each window what is measured, and whether MASE and direction count it, ``(B, 8)``."""
        said_BHQ, target_BH, there_BH = (part.detach() for part in self._compared(outputs, batch))
        said_BHQ = said_BHQ.sort(dim=-1).values
        shift_B1, divisor_B1 = batch.inputs[1].split(1, dim=1)
        point_BH = said_BHQ[..., self.levels.index(_MEDIAN)]
        error_B = _over_steps((target_BH - point_BH).abs(), there_BH)
        values_BH, said_BH = (part * divisor_B1 + shift_B1 for part in (target_BH, point_BH))
        size_BH = values_BH.abs() + said_BH.abs()
        smape_BH = 200 * (values_BH - said_BH).abs() / torch.where(size_BH > 0, size_BH, 1.0)
        inside_BH = (said_BHQ.amin(dim=-1) <= target_BH) & (target_BH <= said_BHQ.amax(dim=-1))
        units_B, pinball_B = batch.targets[2], _over_steps(self._pinball(said_BHQ, target_BH), there_BH)
        ends_B = (there_BH * torch.arange(1, there_BH.shape[1] + 1, device=there_BH.device)).argmax(dim=1, keepdim=True)
        last_B1 = batch.inputs[0][:, -1:, 0]
        moved_B, meant_B = ((part.gather(1, ends_B) - last_B1).sign()[:, 0] for part in (target_BH, point_BH))
        found = [error_B * units_B, error_B * divisor_B1[:, 0], _over_steps(smape_BH, there_BH)]
        found += [pinball_B * divisor_B1[:, 0], _over_steps(inside_BH.float(), there_BH)]
        found += [torch.where(meant_B == 0, 0.5, (moved_B == meant_B).float())]
        return torch.stack([*found, (units_B > 0).float(), (moved_B != 0).float()], dim=1)

    def update(self, metrics: MetricCollection, observed: Tensor) -> None:
        """Adds windows to the means: to that of MASE those that have a scale, to that of direction those that move."""
        ones_B = torch.ones_like(observed[:, 0])
        for place, name in enumerate(_MEASURED):
            counted = _WHERE_COUNTED.get(name)
            metrics[name].update(observed[:, place], ones_B if counted is None else observed[:, counted])

    def _compared(self, outputs: Tensor | NextSteps, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Quantiles, what should be said, and whether that is known; of next steps those within the window too."""
        targets_BH, there_BH, _ = batch.targets
        if not isinstance(outputs, NextSteps):
            return outputs, targets_BH, there_BH
        values_BL, missing_BL = batch.inputs[0][..., 0], batch.inputs[0][..., 1]
        next_BL = torch.cat([values_BL[:, 1:], targets_BH[:, :1]], dim=1)
        known_BL = torch.cat([1 - missing_BL[:, 1:], there_BH[:, :1]], dim=1)
        asked = outputs.quantiles_BTQ.shape[1]
        return outputs.quantiles_BTQ, next_BL[:, -asked:], known_BL[:, -asked:]

    def respond(self, net: nn.Module, inputs: tuple[Tensor, ...]) -> pa.Table:
        """Of each window ``forecast`` ``(H,)``, and ``quantiles`` ``(H, Q)`` in rising order, in the values' unit."""
        shift_B1, divisor_B1 = (part.double().cpu().numpy()[:, None] for part in inputs[1].unbind(dim=1))
        scaled_BHQ = net(inputs).double().cpu().numpy()
        said_BHQ = np.sort(scaled_BHQ * divisor_B1[..., None] + shift_B1[..., None], axis=-1)
        point_BH = said_BHQ[..., self.levels.index(_MEDIAN)]
        return table_of(forecast=point_BH, **({"quantiles": said_BHQ} if self.quantiles else {}))

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each window's share of a metric; see `scores`."""
        return scores.score_examples(answers, labels, metric, levels=self.quantiles)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics; see `scores`."""
        return scores.summarise(answers, labels, levels=self.quantiles)

    def unmeasured(self, metric: str) -> str | None:
        """Coverage needs an interval, and MASE a series that changes."""
        if metric == "coverage" and not self.quantiles:
            return "there is no interval (task.module.quantiles)"
        if metric in ("mase", "loss") and self.spec.num_unscaled == self.spec.num_tested:
            return "no series changes before the test"
        return None

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The last season again, or the last value where there is no season."""
        return table_of(forecast=np.stack([history.repeated(history.season) for history in inputs]))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """The end of each history, what came, and what was forecast with its band."""
        return list(curves(cases, self.spec, answers=answers, levels=self.quantiles))

    def explained(self, net: nn.Module, inputs: tuple[Tensor, ...]) -> Explained:
        """The steps of each window; see `bakeoff.tasks.forecasting.explained`."""
        return explained(net, inputs, median=self.levels.index(_MEDIAN))

    def samples(self, cases: Cases) -> list[Exhibit]:
        """The folds of the rolling origin, and some windows with what came."""
        return [folds(self.spec), *curves(cases, self.spec)]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """A row a step: the forecast, and its quantiles."""
        said: dict[str, Any] = {"forecast": column(answers, "forecast").reshape(-1)}
        if "quantiles" in answers.column_names:
            quantiles = column(answers, "quantiles").reshape(-1, len(self.quantiles))
            said |= {f"q{level:g}": values for level, values in zip(self.quantiles, quantiles.T, strict=True)}
        return table_of(**said)

    def predict(self, run: Answering, new: NewExamples) -> pa.Table:
        """The next steps of each series, a row each."""
        return self.predicted(run.answers(new))


def _over_steps(values_BH: Tensor, there_BH: Tensor) -> Tensor:
    """The mean of each window's steps that have a value, ``(B,)``."""
    return (values_BH * there_BH).sum(dim=1) / there_BH.sum(dim=1).clamp(min=1)
