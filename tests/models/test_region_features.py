"""Regions cut out of a map by matrix products are those of torchvision's kernel, and so are the gradients."""

from __future__ import annotations

import pytest
import torch

from bakeoff.models.cnn.region_features import cut_out_by_kernel, cut_out_by_products


@pytest.mark.parametrize("pooled", [1, 4, 7])
def test_regions_are_those_of_the_kernel(pooled: int) -> None:
    rng = torch.Generator().manual_seed(0)
    map_BCHW = torch.randn(3, 5, 9, 12, generator=rng, dtype=torch.float64, requires_grad=True)
    corner = torch.rand(3, 6, 2, generator=rng, dtype=torch.float64) * torch.tensor([6.0, 4.0])
    corner[:, 0] = 0.0
    sides = torch.rand(3, 6, 2, generator=rng, dtype=torch.float64) * torch.tensor([6.0, 5.0])
    sides[:, 0] = torch.tensor([12.0, 9.0])
    boxes = torch.cat([corner, corner + sides], dim=-1)
    found, expected = (cut(map_BCHW, boxes, pooled) for cut in (cut_out_by_products, cut_out_by_kernel))
    assert found.shape == (18, 5, pooled, pooled)
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(part.square().sum(), map_BCHW)[0] for part in (found, expected)]
    torch.testing.assert_close(*slopes)
