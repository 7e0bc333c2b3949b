"""Detectors that say a set of boxes at once: a map, an encoder of its places, and a decoder that attends to them.

B batch, C channels, H height, W width, S places of the map, D width of the decoder, Q queries, L stages.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bakeoff.models.cnn.region_features import summed_map
from bakeoff.models.contracts import Detector, ImageBackbone, RegionHead, SequenceBackbone
from bakeoff.models.detection import SetOutputs
from bakeoff.models.positions import places_of_map, sines_of_places

WIDTH_OF_BACKBONES = 320
"""The width of a decoder for which a backbone has its paper's."""
_FIRST_SIDE = 0.3  # of a query's box, as a share of the image's, before training
_STEPS = (0.7548776662466927, 0.5698402909980532)


class SetDetector(Detector):
    """Queries that look for a thing each, in stages; each stage's boxes are learnt from.

    Args:
        backbone: of the image.
        encoder: of the map's places, or None.
        stages: decoders that attend to the map, one after the other; before each, the queries and where they look are
            added, and its boxes are where the next one looks.
        queries: Q, the most boxes an image.
        finest: the least stride of the map in pixels.

    Raises:
        ValueError: a count below 1.
    """

    def __init__(
        self,
        *,
        backbone: ImageBackbone,
        encoder: SequenceBackbone | None,
        stages: list[SequenceBackbone],
        queries: int,
        finest: int,
    ) -> None:
        super().__init__()
        if queries < 1:
            raise ValueError(f"queries must be at least 1; got {queries}")
        self.width = stages[0].width
        self.most_boxes = queries
        self.map = summed_map(backbone, finest=finest, pyramid=True, channels=self.width)
        self.norm = nn.LayerNorm(self.width)  # else what is seen would be faint beside where it is
        self.encoder = encoder
        self.stages = nn.ModuleList(stages)
        self.queries = nn.Parameter(torch.randn(queries, self.width) / math.sqrt(self.width))
        self.starts = nn.Parameter(_spread(queries))

    def forward(self, images_BCHW: Tensor, head: RegionHead) -> SetOutputs:
        """Boxes and classes of each stage."""
        (map_BDHW,) = self.map(images_BCHW)
        height, width = map_BDHW.shape[-2:]
        places_S2 = places_of_map(height, width, device=map_BDHW.device)
        place_SD = sines_of_places(places_S2, channels=self.width)
        memory_BSD = self.norm(map_BDHW.flatten(2).transpose(1, 2)) + place_SD
        if self.encoder is not None:
            memory_BSD = self.encoder(memory_BSD) + place_SD
        batch = images_BCHW.shape[0]  # `len` would be a constant of a graph
        x_BQD = torch.zeros_like(self.queries).expand(batch, -1, -1)
        start_BQ4 = self.starts.expand(batch, -1, -1)
        logits, boxes = [], []
        for stage in self.stages:
            where_BQD = sines_of_places(start_BQ4[..., :2].sigmoid(), channels=self.width)
            x_BQD = stage(x_BQD + self.queries + where_BQD, memory_BSD=memory_BSD)
            logits_BQK, numbers_BQ4 = head(x_BQD)
            boxes_BQ4 = numbers_BQ4 + start_BQ4
            logits.append(logits_BQK)
            boxes.append(boxes_BQ4.sigmoid())
            start_BQ4 = boxes_BQ4.detach()
        size = (images_BCHW.shape[2], images_BCHW.shape[3])
        return SetOutputs(size, torch.stack(logits), torch.stack(boxes))


def _spread(queries: int) -> Tensor:
    """Where queries look first, ``(Q, 4)``, before the sigmoid: centres spread evenly, by multiples of two irrational
    numbers (Roberts 2018, The unreasonable effectiveness of quasirandom sequences)."""
    centre_Q2 = (0.5 + torch.outer(torch.arange(queries) + 1.0, torch.tensor(_STEPS))) % 1
    return torch.cat([centre_Q2.clamp(0.05, 0.95), torch.full((queries, 2), _FIRST_SIDE)], dim=1).logit()
