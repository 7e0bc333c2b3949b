"""Selective search finds what stands out, says the same each time, and keeps it for images that come again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from bakeoff.models.cnn import selective_search
from bakeoff.models.cnn.selective_search import SelectiveSearch


def picture(channels: int = 3) -> torch.Tensor:
    image = torch.zeros(1, channels, 48, 64)
    image[:, :, 10:30, 20:50] = 1.0
    return image


@pytest.mark.parametrize("channels", [1, 3])
def test_a_bright_thing_on_a_dark_ground_is_proposed(channels: int) -> None:
    boxes, real = SelectiveSearch(scale=50, most=20)(picture(channels), keep=False)
    found = box_iou(boxes[0][real[0]], torch.tensor([[20.0, 10, 50, 30]]))
    assert found.max() > 0.8
    assert boxes.shape[1] <= 20


def test_an_image_of_one_colour_is_proposed_as_a_whole() -> None:
    boxes, real = SelectiveSearch(scale=50, most=20)(torch.zeros(1, 3, 48, 64), keep=False)
    assert boxes[0][real[0]].tolist() == [[0, 0, 64, 48]]


def test_proposals_do_not_depend_on_what_was_asked_before() -> None:
    noise = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    search = SelectiveSearch(scale=50, most=10)
    together, real = search(noise, keep=False)
    alone, _ = search(noise[2:], keep=False)
    assert torch.equal(together[2][real[2]], alone[0])


def test_images_that_come_again_are_searched_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path))
    first, _ = SelectiveSearch(scale=50, most=20)(picture(), keep=True)
    monkeypatch.setattr(selective_search, "_opencv", lambda: pytest.fail("it was searched again"))
    again, _ = SelectiveSearch(scale=50, most=20)(picture(), keep=True)
    assert np.array_equal(first, again)
