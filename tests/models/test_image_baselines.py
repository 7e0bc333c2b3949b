"""The reference models: logistic regression and a dense network on pixels."""

import torch
from torch import nn
from torch.nn import functional as F

from bakeoff.models.baseline.linear import LinearPixels
from bakeoff.models.baseline.mlp import MLP
from bakeoff.models.cost import count_parameters


def test_linear_gives_every_pixel_as_a_channel_of_one_map() -> None:
    model = LinearPixels(in_channels=3, image_size=(4, 5))
    images_BCHW = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    (map_BP11,) = model(images_BCHW)
    assert model.stage_channels == (60,)
    assert torch.equal(map_BP11, images_BCHW.reshape(2, 60, 1, 1))
    assert count_parameters(model) == 0


def test_mlp_with_batch_norm_is_the_dense_network_784_64_128_64_10() -> None:
    """784*64 + 64*128 + 128*64 weights, two numbers a unit for batch norm, and a head of 64*10 + 10."""
    model = MLP(in_channels=1, image_size=(28, 28), hidden=(64, 128, 64))
    head = nn.Linear(model.stage_channels[-1], 10)
    assert count_parameters(model) + count_parameters(head) == 50_176 + 8_192 + 8_192 + 2 * 256 + 650


def test_mlp_computes_the_layers_it_names() -> None:
    torch.manual_seed(0)
    model = MLP(in_channels=1, image_size=(2, 3), hidden=(4, 5), activation="tanh", batch_norm=False).eval()
    first, second = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    images_BCHW = torch.randn(3, 1, 2, 3)
    hidden = torch.tanh(F.linear(images_BCHW.flatten(1), first.weight, first.bias))
    expected = torch.tanh(F.linear(hidden, second.weight, second.bias))
    torch.testing.assert_close(model(images_BCHW)[0], expected[:, :, None, None])


def test_width_multiplies_the_hidden_layers() -> None:
    model = MLP(in_channels=1, image_size=(8, 8), hidden=(64, 128, 64), width=0.5)
    assert [layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear)] == [32, 64, 32]
