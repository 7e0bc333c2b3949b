"""Series classification: one label a series of numbers, or a recording.

B batch, T frames, K features a frame, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from bakeoff.data.contract import Cases
from bakeoff.data.frames import LabelledFramesSpec
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.ranges import Count
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.exhibits import MOST_LINES, Exhibit, WeighedFramesExhibit
from bakeoff.tasks.explained import Explained
from bakeoff.tasks.frames import FrameStem, steps_of
from bakeoff.tasks.series_classification.network import SeriesClassifier
from bakeoff.tasks.series_classification.shown import curves
from bakeoff.tasks.tokens import Pooling, require_positions


class SeriesClassification(Classification[LabelledFramesSpec]):
    """Cross-entropy on the label of a series; measured by what `bakeoff.tasks.classes.facts` declares."""

    trivial_words = "always answering the most frequent class"

    def network(
        self,
        make: MakeBackbone,
        *,
        strides: Sequence[Count] = (),
        stem_channels: Count = 64,
        pooling: Pooling = "mean",
    ) -> nn.Module:
        """The backbone with the shared stem and head.

        Args:
            make: makes the backbone.
            strides: of the stem's convolutions; their product is how many frames a step stands for. None: each is one.
            stem_channels: of those convolutions.
            pooling: over the steps of a series.

        Raises:
            ConfigError: the backbone has no positions for the longest series.
        """
        spec, backbone = self.spec, make(causal=False, cross_attention=False)
        assert isinstance(backbone, SequenceBackbone)
        require_positions(backbone, steps_of(spec.max_frames, strides), cut_by="task.network.strides (larger ones)")
        stem = FrameStem(num_features=spec.num_features, channels=stem_channels, strides=strides, width=backbone.width)
        return SeriesClassifier(stem, backbone, pooling=pooling, num_classes=spec.num_classes)

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Each series with its class."""
        names = self.spec.class_names
        rows = zip(cases.names, cases.raw, cases.labels["label"].to_pylist(), strict=True)
        return [self.drawn(name, raw, names[label]) for name, raw, label in rows]

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Each series with its class and what was answered."""
        truths = [self.spec.class_names[label] for label in cases.labels["label"].to_pylist()]
        rows = zip(cases.names, cases.raw, truths, self.predicted(answers).to_pylist(), strict=True)
        return [
            self.drawn(name, raw, f"true: {truth}; answered: {said['prediction']} ({100 * said['confidence']:.0f} %)")
            for name, raw, truth, said in rows
        ]

    def explained(self, net: nn.Module, inputs: tuple[Tensor, Tensor]) -> Explained:
        """The frames of each series; a blank one has the mean of training."""
        frames_BTK, lengths_B = inputs

        def drawn(row: int, shares: Mapping[str, np.ndarray], case: Cases, said: str, right: str) -> Exhibit:
            length = int(lengths_B[row])
            weights = {name: own_T[:length] for name, own_T in shares.items()}
            own = self.steps_drawn(case.raw[0], frames_BTK[row, :length].cpu().numpy())
            return WeighedFramesExhibit(output=said, truth=right, weights=weights, **own)

        return self.explained_by(
            lambda frames_BTK, lengths_B: net((frames_BTK, lengths_B)),
            frames_BTK,
            lengths_B,
            blank=torch.zeros_like(frames_BTK),
            vector_axis=2,
            real_BP=torch.arange(frames_BTK.shape[1], device=lengths_B.device) < lengths_B[:, None],
            drawn=drawn,
        )

    def steps_drawn(self, raw: Any, frames_TK: np.ndarray) -> dict[str, Any]:
        """What a `WeighedFramesExhibit` shows of a series: its values, of many channels as the network has them."""
        return {"frames_TK": raw if raw.shape[1] <= MOST_LINES else frames_TK}

    def drawn(self, name: str, raw: Any, said: str) -> Exhibit:
        """A series as a person would look at it, with what is said of it."""
        return curves(name, raw, said)
