"""Caser, against its equations on one window."""

from __future__ import annotations

import torch

from bakeoff.models.cnn.caser import Caser


def test_each_step_is_what_the_equations_give_for_the_window_that_ends_there() -> None:
    """Equations 4 to 8 of the paper, a step at a time; steps before the first are zeros."""
    torch.manual_seed(0)
    model = Caser(width=6, causal=True, window=3, filters=4, vertical=2).eval()
    (block,) = model.blocks
    x_TD = torch.randn(5, 6)
    longer_TD = torch.cat([torch.zeros(2, 6), x_TD])
    with torch.no_grad():
        found_TD = model(x_TD[None])[0]
        for step in range(5):
            window_LD = longer_TD[step : step + 3]
            features = []
            for height, conv in enumerate(block.horizontal, start=1):
                for weight, bias in zip(conv.weight.transpose(1, 2), conv.bias, strict=True):
                    values = [(weight * window_LD[i : i + height]).sum() + bias for i in range(3 - height + 1)]
                    features.append(torch.stack(values).relu().max())
            order = len(features)
            for weight, bias in zip(block.vertical.weight[:, 0], block.vertical.bias, strict=True):
                features += list((weight[:, None] * window_LD).sum(dim=0) + bias)
            vertical_VD = torch.stack(features[order:]).view(2, 6)
            joined = torch.cat([torch.stack(features[:order]), vertical_VD.T.reshape(-1)])
            wanted_D = torch.relu(block.join.weight @ joined + block.join.bias)
            assert torch.allclose(found_TD[step], wanted_D, atol=1e-5)


def test_nothing_before_the_window_is_read() -> None:
    torch.manual_seed(0)
    model = Caser(width=6, causal=True, window=3).eval()
    x_BTD = torch.randn(1, 6, 6)
    changed_BTD = x_BTD.clone()
    changed_BTD[:, :3] += 1.0
    with torch.no_grad():
        same = torch.isclose(model(x_BTD), model(changed_BTD)).all(dim=-1)[0]
    assert same.tolist() == [False] * 5 + [True]
