"""Regions that may hold a thing, from an image's colours and textures alone: selective search.

Paper: Uijlings et al. 2013, Selective search for object recognition, International Journal of Computer Vision 104(2),
in OpenCV's version and its fast mode.

B batch, C channels, H height, W width, P proposals.

Departure from the paper: its ranking, which is drawn at random, is left out, so that an image has the same proposals
each time.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.cache import cache_root
from bakeoff.files import atomic_writer
from bakeoff.models.wrappers.weights import imported_library

_BLUR = 0.8  # before the first segmentation, as in OpenCV
_MOST_KEPT = 50_000  # images: so many different ones are augmented, and never come again


class SelectiveSearch:
    """The proposals of images; those of training are kept on disk, by what is in the image.

    Args:
        scale: of the first segmentation: a larger one begins with larger pieces, and gives fewer proposals.
        most: proposals of an image; of more, so many are taken evenly from small ones to large ones.
    """

    def __init__(self, *, scale: int, most: int) -> None:
        self.scale = scale
        self.most = most
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, images_BCHW: Tensor, *, keep: bool) -> tuple[Tensor, Tensor]:
        """Corners in pixels ``(B, P, 4)``, and which are no padding ``(B, P)``.

        Args:
            images_BCHW: of any range of numbers.
            keep: whether they will come again.

        Raises:
            EnvironmentFault: OpenCV is not installed.
        """
        if images_BCHW.is_meta:
            nowhere_BP4 = images_BCHW.new_zeros(len(images_BCHW), self.most, 4)
            return nowhere_BP4, nowhere_BP4[..., 0] == 0
        found = [self._kept(pixels) if keep else self._search(pixels) for pixels in _pixels(images_BCHW)]
        boxes_BP4 = np.zeros((len(found), max(map(len, found)), 4), dtype=np.float32)
        real_BP = np.zeros(boxes_BP4.shape[:2], dtype=bool)
        for row, own_P4 in enumerate(found):
            boxes_BP4[row, : len(own_P4)], real_BP[row, : len(own_P4)] = own_P4, True
        device = images_BCHW.device
        return torch.from_numpy(boxes_BP4).to(device), torch.from_numpy(real_BP).to(device)

    def _kept(self, pixels_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        how = f"{pixels_HWC.shape} {self.scale} {self.most}".encode()
        key = hashlib.blake2b(pixels_HWC.tobytes() + how, digest_size=16).hexdigest()
        if key not in self._known:
            if len(self._known) >= _MOST_KEPT:
                return self._search(pixels_HWC)
            path = cache_root() / "proposals" / key[:2] / f"{key}.npy"
            self._known[key] = np.load(path) if path.exists() else self._written(path, pixels_HWC)
        return self._known[key]

    def _written(self, path: Path, pixels_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        boxes_P4, content = self._search(pixels_HWC), io.BytesIO()
        np.save(content, boxes_P4)
        with atomic_writer(path) as file:
            file.write(content.getvalue())
        return boxes_P4

    def _search(self, pixels_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        search = _opencv().ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(pixels_HWC)
        search.switchToSelectiveSearchFast(self.scale, self.scale, _BLUR)
        found_N4 = np.unique(np.asarray(search.process()).reshape(-1, 4), axis=0)  # it comes in an order that is drawn
        found_N4 = found_N4[np.argsort(found_N4[:, 2] * found_N4[:, 3], kind="stable")]
        if not len(found_N4):
            return np.array([[0, 0, *pixels_HWC.shape[1::-1]]], dtype=np.float32)
        even_P = np.linspace(0, len(found_N4) - 1, min(self.most, len(found_N4))).round().astype(int)
        boxes_P4 = found_N4[even_P].astype(np.float32)
        boxes_P4[:, 2:] += boxes_P4[:, :2]
        return boxes_P4


@cache
def _opencv() -> ModuleType:
    library = imported_library("cv2", extra="proposals", model="selective search")
    library.setNumThreads(1)
    return library


def _pixels(images_BCHW: Tensor) -> NDArray[np.uint8]:
    """Images of three channels, ``(B, H, W, 3)``, each stretched from its least to its greatest number."""
    least_B111, greatest_B111 = (of(images_BCHW, dim=(1, 2, 3), keepdim=True) for of in (torch.amin, torch.amax))
    shares_BCHW = (images_BCHW - least_B111) / (greatest_B111 - least_B111).clamp(min=1e-6)
    three_B3HW = (
        shares_BCHW if images_BCHW.shape[1] == 3 else shares_BCHW.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    )
    pixels_BHW3 = (255 * three_B3HW).round().to(torch.uint8).permute(0, 2, 3, 1)
    return np.ascontiguousarray(pixels_BHW3.cpu().numpy())
