"""Finding positions: a decision at every step, and a list of those that are marked.

B batch, T time steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.tables import table_of
from bakeoff.tasks.contract import MakeBackbone, Task
from bakeoff.tasks.exhibits import CurveExhibit, Exhibit
from toy_positions import scores
from toy_positions.data import PositionSpec
from toy_positions.models import StepEncoder

_EVERY = 3


class FindPositions(Task[PositionSpec]):
    """Binary cross-entropy at each step; F1 of the positions that are marked."""

    metrics_declared = scores.METRICS
    trivial_words = "marking every third step"

    def network(self, make: MakeBackbone) -> nn.Module:
        """The encoder and a linear head."""
        encoder = make(channels=1)
        assert isinstance(encoder, StepEncoder)
        return _Marker(encoder)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """The mean over examples of the mean over their steps."""
        truth_BT, real_BT = _truth(outputs, batch), _real(outputs, batch.inputs[1])
        losses_BT = F.binary_cross_entropy_with_logits(outputs, truth_BT, reduction="none") * real_BT
        return (losses_BT.sum(dim=1) / batch.inputs[1]).mean()

    def metrics(self, split: str) -> MetricCollection:
        """The loss and F1."""
        return MetricCollection({"loss": MeanMetric(), "position_f1": scores.PositionF1()}, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor]:
        """Right, wrong and missed positions of each example."""
        said_BT = (outputs.detach() > 0) & _real(outputs, batch.inputs[1])
        true_BT = _truth(outputs, batch).bool()
        return (torch.stack([(m.sum(dim=1)) for m in (said_BT & true_BT, said_BT & ~true_BT, true_BT & ~said_BT)], 1),)

    def respond(self, net: nn.Module, inputs: tuple[Tensor, Tensor]) -> pa.Table:
        """The positions marked, and how sure each step is; lists of any length."""
        marked_BT = torch.sigmoid(net(inputs).float()).cpu().numpy()
        rows = [row[:length] for row, length in zip(marked_BT, inputs[1].tolist(), strict=True)]
        return _answers([np.flatnonzero(row > 0.5).tolist() for row in rows], [row.tolist() for row in rows])

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray[Any, Any]:
        """See `toy_positions.scores`."""
        return scores.score_examples(answers, labels, metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """See `toy_positions.scores`."""
        return scores.summarise(answers, labels)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """Every third step of each input, with the share of marked steps in training for a score."""
        share = sum(map(len, train.labels["positions"].to_pylist())) / sum(map(len, train.raw))
        positions = [list(range(0, len(values), _EVERY)) for values in inputs]
        return _answers(positions, [[share] * len(values) for values in inputs])

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """The values, and the score of each step beside the truth."""
        columns = (cases.names, cases.raw, cases.labels["positions"].to_pylist(), answers["scores"].to_pylist())
        return [_curve(*row) for row in zip(*columns, strict=True)]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The positions of each."""
        return answers.select(["positions"])


class _Marker(nn.Module):
    def __init__(self, encoder: StepEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.width, 1)

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        return self.head(self.encoder(inputs[0].unsqueeze(-1))).squeeze(-1)


def _truth(outputs: Tensor, batch: Batch) -> Tensor:
    truth_BT = torch.zeros_like(outputs)
    for row, positions in enumerate(batch.targets["positions"]):
        truth_BT[row, positions] = 1.0
    return truth_BT


def _real(outputs: Tensor, lengths_B: Tensor) -> Tensor:
    return torch.arange(outputs.shape[1], device=outputs.device) < lengths_B[:, None]


def _answers(positions: list[list[int]], marked: list[list[float]]) -> pa.Table:
    return table_of(
        positions=pa.array(positions, pa.list_(pa.int64())), scores=pa.array(marked, pa.list_(pa.float32()))
    )


def _curve(name: str, values: list[float], positions: list[int], marked: list[float]) -> CurveExhibit:
    steps = list(range(len(values)))
    truth = [float(step in positions) for step in steps]
    return CurveExhibit(
        title=f"Peaks of {name}",
        x=steps,
        answer=marked,
        truth=truth,
        history_x=steps,
        history=values,
        x_label="step",
        y_label="peak",
    )
