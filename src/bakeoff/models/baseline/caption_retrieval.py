"""Caption retrieval: the caption of the training image that looks most alike.

Ordonez, Kulkarni and Berg 2011, "Im2Text: describing images using 1 million captioned photographs", NeurIPS, whose
images are compared as small colour thumbnails too.

N images, M images that were seen, P values of a thumbnail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_THUMBNAILS, _CAPTIONS = "thumbnails.npy", "captions.json"
_ROWS_AT_ONCE = 256


class CaptionRetrieval(FittedModel):
    """The first caption of the nearest train image, by squared differences of thumbnails (Ordonez et al. 2011).

    Args:
        side: pixels of a thumbnail's side.
    """

    def __init__(self, *, side: Count = 16) -> None:
        if side < 1:
            raise ValueError(f"side must be at least 1; got {side}")
        self.side = side
        self.thumbnails_MP: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self.captions: list[str] = []

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Keeps what it is shown."""
        self.thumbnails_MP = self._thumbnails(list(examples))
        self.captions = [own[0] for own in labels["references"].to_pylist()]

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """A caption of each image; of equally near ones the first."""
        asked_NP = self._thumbnails(list(examples))
        lengths_M = (self.thumbnails_MP**2).sum(axis=1)
        nearest = [
            (lengths_M - 2 * asked_NP[start : start + _ROWS_AT_ONCE] @ self.thumbnails_MP.T).argmin(axis=1)
            for start in range(0, len(asked_NP), _ROWS_AT_ONCE)
        ]
        return table_of(text=pa.array([self.captions[row] for rows in nearest for row in rows.tolist()], pa.string()))

    def save(self, folder: Path) -> None:
        """Thumbnails and captions."""
        np.save(folder / _THUMBNAILS, self.thumbnails_MP)
        (folder / _CAPTIONS).write_text(json.dumps(self.captions), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Both again."""
        self.thumbnails_MP = np.load(folder / _THUMBNAILS)
        self.captions = json.loads((folder / _CAPTIONS).read_text(encoding="utf-8"))

    def _thumbnails(self, images: list[Any]) -> NDArray[np.float32]:
        """Shape ``(N, P)``, of pixels in [0, 1]."""
        found = []
        for start in range(0, len(images), _ROWS_AT_ONCE):
            stacked = torch.from_numpy(np.stack(images[start : start + _ROWS_AT_ONCE])).float() / 255
            found.append(F.adaptive_avg_pool2d(stacked.permute(0, 3, 1, 2), self.side).flatten(1).numpy())
        return np.concatenate(found)
