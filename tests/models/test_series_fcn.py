"""The fully convolutional network of Wang et al. 2017."""

from __future__ import annotations

import torch
from torch import nn

from bakeoff.models.cnn.series_fcn import SeriesFCN


def test_it_is_the_papers_three_layers() -> None:
    convs = [layer.conv for layer in SeriesFCN(width=128).layers]
    assert [conv.out_channels for conv in convs] == [128, 256, 128]
    assert [conv.kernel_size for conv in convs] == [(8,), (5,), (3,)]
    x_BTD = torch.randn(4, 20, 128)
    reference = nn.Sequential(
        *(
            part
            for conv, pad in zip(convs, ((3, 4), (2, 2), (1, 1)), strict=True)
            for part in (nn.ConstantPad1d(pad, 0.0), conv, nn.BatchNorm1d(conv.out_channels), nn.ReLU())
        )
    )
    net = SeriesFCN(width=128)
    net.load_state_dict(
        {f"layers.{i}.conv.{n}": p for i, c in enumerate(convs) for n, p in c.state_dict().items()}, strict=False
    )
    torch.testing.assert_close(net(x_BTD), reference(x_BTD.transpose(1, 2)).transpose(1, 2))


def test_padding_changes_neither_outputs_nor_statistics_in_training() -> None:
    torch.manual_seed(0)
    alone, padded = SeriesFCN(width=4), SeriesFCN(width=4)
    padded.load_state_dict(alone.state_dict())
    x_BTD = torch.randn(3, 6, 4)
    longer_BTD = torch.cat([x_BTD, torch.full((3, 5, 4), 7.0)], dim=1)
    mask_BT = torch.arange(11).expand(3, 11) >= 6
    torch.testing.assert_close(padded(longer_BTD, padding_mask_BT=mask_BT)[:, :6], alone(x_BTD))
    for own, other in zip(alone.layers, padded.layers, strict=True):
        torch.testing.assert_close(own.norm.running_mean, other.norm.running_mean)
        torch.testing.assert_close(own.norm.running_var, other.norm.running_var)
