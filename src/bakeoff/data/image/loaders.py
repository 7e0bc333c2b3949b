"""Batches of images by index: no Python per example, the same batches from memory and from workers.

N rows, B batch, C channels, H height, W width.

Measured on one thread with 28 x 28 gray images at batch 128: 3 to 4 million images a second. Gathering uint8 and
normalising the batch is faster than gathering images normalised beforehand, which are four times the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from torch.utils.data import DataLoader

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.data.batches.order import BatchPlan
from bakeoff.data.image.decoding import decode
from bakeoff.data.image.headers import Layout
from bakeoff.data.image.records import PixelRule
from bakeoff.data.splits.splitting import Rows

_EVALUATION_VALUES = 4_000_000  # pixels of one evaluation batch: 16 MB as float32
_EVALUATION_ROWS = 512


def evaluation_batch_size(batch_size: int, layout: Layout) -> int:
    """Rows a batch when nothing is learnt: up to 512, as far as 16 MB of pixels go, and never less than in training."""
    return max(batch_size, min(_EVALUATION_ROWS, _EVALUATION_VALUES // layout.num_bytes))


class DecodedImages(torch.utils.data.Dataset):
    """Images by row number, from an array in memory or mapped from disk: uint8 ``(N, C, H, W)``."""

    def __init__(self, pixels_NCHW: Tensor) -> None:
        self._pixels_NCHW = pixels_NCHW

    def __getitem__(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """The images of these rows, uint8 ``(B, C, H, W)``, and the rows."""
        rows_B = torch.from_numpy(rows)
        return self._pixels_NCHW.index_select(0, rows_B), rows_B


class EncodedImages(torch.utils.data.Dataset):
    """Images by row number that do not fit in memory, decoded a batch at a time."""

    def __init__(self, records: Dataset, layout: Layout, rule: PixelRule) -> None:
        self._records = records
        self._layout = layout
        self._rule = rule

    def __getitem__(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """As of `DecodedImages`."""
        size = (self._layout.height, self._layout.width)
        records = self._records[rows.tolist()]["image"]
        channels, rule = self._layout.channels, self._rule
        images_BCHW = np.stack([decode(record, channels=channels, size=size, rule=rule) for record in records])
        return torch.from_numpy(images_BCHW), torch.from_numpy(rows)


class ImageLoader(PlannedLoader):
    """Batches of ``images_BCHW``, float32 normalised by channel, and what belongs to them, such as labels.

    Args:
        images: by row number.
        plan: which rows make which batch.
        make_batch: of images and their rows; None leaves the images alone.
        mean: of each channel, for pixels in [0, 1].
        std: of each channel.
        num_workers: processes that read the images; None reads them here, as is faster where they are in memory.
        chunk: batches an item.
    """

    def __init__(
        self,
        images: DecodedImages | EncodedImages,
        plan: BatchPlan,
        *,
        make_batch: Callable[[Tensor, Tensor], Batch] | None,
        mean: Sequence[float],
        std: Sequence[float],
        num_workers: int | None = None,
        chunk: int = 1,
    ) -> None:
        super().__init__(plan, chunk=chunk)
        self._images = images
        self._make_batch = make_batch
        self._mean_1C11 = 255 * torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1)
        self._scale_1C11 = 1 / (255 * torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))
        self._num_workers = num_workers

    def _batches(self) -> Iterator[Batch | Tensor]:
        read = map(self._images.__getitem__, self._plan) if self._num_workers is None else self._workers
        return (self._finish(images_BCHW, rows) for images_BCHW, rows in read)

    @cached_property
    def _workers(self) -> DataLoader:
        # batch_size=None: the plan's items, whole batches of rows, go to the data set as they are
        return DataLoader(
            self._images,
            sampler=self._plan,
            batch_size=None,
            num_workers=self._num_workers or 0,
            persistent_workers=self.persistent_workers and bool(self._num_workers),
        )

    def _finish(self, images_BCHW: Tensor, rows: Tensor) -> Batch | Tensor:
        normalised_BCHW = normalise(images_BCHW, mean_1C11=self._mean_1C11, scale_1C11=self._scale_1C11)
        return normalised_BCHW if self._make_batch is None else self._make_batch(normalised_BCHW, rows)


def normalise(images_BCHW: Tensor, *, mean_1C11: Tensor, scale_1C11: Tensor) -> Tensor:
    """float32 images from uint8: ``(pixel - mean) * scale``, both in units of uint8."""
    return images_BCHW.to(torch.float32).sub_(mean_1C11).mul_(scale_1C11)
