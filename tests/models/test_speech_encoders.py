"""QuartzNet and the Conformer: an equation of each paper worked again, and what they reach."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from bakeoff.models.cnn.quartznet import QuartzBlock, QuartzNet, SeparableConv
from bakeoff.models.positions import rotation
from bakeoff.models.transformer.conformer import Conformer, ConformerBlock

WIDTH, STEPS = 8, 11


def steps() -> torch.Tensor:
    return torch.randn(2, STEPS, WIDTH, generator=torch.Generator().manual_seed(0))


def test_a_separable_convolution_is_a_full_one_of_factors() -> None:
    """Kriman et al. 2020, section 2: K x C + C x C weights in place of K x C x C."""
    conv = SeparableConv(WIDTH, kernel_size=3)
    full_OCK = conv.over_channels.weight[:, :, None] * conv.over_time.weight.transpose(0, 1)
    expected_BTD = F.conv1d(steps().transpose(1, 2), full_OCK, padding=1).transpose(1, 2)
    torch.testing.assert_close(conv(steps(), None), conv.norm(expected_BTD))
    assert conv.over_time.weight.numel() + conv.over_channels.weight.numel() == 3 * WIDTH + WIDTH**2


def test_the_path_around_a_quartz_block_joins_before_the_last_activation() -> None:
    block = QuartzBlock(WIDTH, kernel_size=3, repeats=2, activation="relu", dropout=0.0)
    first, second = block.convs
    expected_BTD = F.relu(second(F.relu(first(steps(), None)), None) + block.around(steps()))
    torch.testing.assert_close(block(steps(), None), expected_BTD)


def test_quartznet_reaches_as_far_as_its_kernels() -> None:
    model = QuartzNet(width=WIDTH, kernel_sizes=(3, 5), repeats=2).eval()
    x_BTD = torch.randn(1, 21, WIDTH, requires_grad=True)
    model(x_BTD)[0, 10, :3].sum().backward()
    seen = x_BTD.grad[0].abs().sum(dim=-1).nonzero()
    assert (int(seen.min()), int(seen.max())) == (10 - 6, 10 + 6)


def test_a_conformer_block_is_equation_one_of_the_paper() -> None:
    block = ConformerBlock(width=WIDTH, heads=2, head_dim=4, mlp_width=None, kernel_size=3, dropout=0.0)
    turn = rotation(STEPS, 4, start=0, device=torch.device("cpu"))
    x = steps()
    x = x + 0.5 * block.before(x)
    x = x + block.attention(block.attention_norm(x), visible_mask=None, causal=False, rotation=turn)
    x = x + block.convolution(x, None)
    x = block.norm(x + 0.5 * block.after(x))
    torch.testing.assert_close(block(steps(), None, visible_B11S=None, turn=turn), x)


def test_a_conformer_sees_everything() -> None:
    model = Conformer(width=WIDTH, heads=2, depth=1, kernel_size=3).eval()
    x_BTD = torch.randn(1, 21, WIDTH, requires_grad=True)
    model(x_BTD)[0, 0, 0].backward()
    assert (x_BTD.grad[0].abs().sum(dim=-1) > 0).all()
