"""The convolutional models against torchvision's with the same weights, and against the papers' counts."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.cnn.alexnet import AlexNet
from bakeoff.models.cnn.attention import ConvolutionalBlockAttention, SqueezeExcitation
from bakeoff.models.cnn.convnext import ConvNeXt
from bakeoff.models.cnn.googlenet import GoogLeNet
from bakeoff.models.cnn.layers import StochasticDepth
from bakeoff.models.cnn.lenet import LeNet
from bakeoff.models.cnn.resnet import ResNet
from bakeoff.models.cnn.vgg import VGG
from bakeoff.models.cost import build_on_meta, count_parameters

models = pytest.importorskip("torchvision.models")
PAPER = {"in_channels": 3, "image_size": (224, 224)}


def copy_in_order(source: nn.Module, target: nn.Module) -> None:
    """Parameters and buffers by position: both networks define theirs in the order in which they run."""
    theirs, ours = list(source.state_dict().values()), list(target.state_dict().values())
    with torch.no_grad():
        for tensor, place in zip(theirs, ours, strict=True):
            place.copy_(tensor.reshape(place.shape))


def images(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("block", "reference"), [("basic", "resnet18"), ("bottleneck", "resnet50")])
def test_resnet_computes_what_torchvision_computes(block: str, reference: str) -> None:
    torch.manual_seed(0)
    theirs = models.get_model(reference).eval()
    theirs.fc = nn.Identity()
    blocks = (2, 2, 2, 2) if block == "basic" else (3, 4, 6, 3)
    ours = ResNet(in_channels=3, image_size=(64, 64), block=block, blocks=blocks).eval()
    copy_in_order(theirs, ours)
    images_BCHW = images(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images_BCHW)[-1].mean((2, 3)), theirs(images_BCHW), atol=1e-4, rtol=1e-4)


def test_convnext_computes_what_torchvision_computes() -> None:
    torch.manual_seed(0)
    theirs = models.convnext_tiny(layer_scale=0.5).eval()
    theirs.classifier[2] = nn.Identity()
    ours = ConvNeXt(in_channels=3, image_size=(64, 64)).eval()
    copy_in_order(theirs, ours)
    images_BCHW = images(2, 3, 64, 64)
    with torch.no_grad():
        expected_BCHW = theirs.features(images_BCHW)
        norm = theirs.classifier[0]
        expected_BHWC = F.layer_norm(expected_BCHW.permute(0, 2, 3, 1), (768,), norm.weight, norm.bias, eps=1e-6)
        torch.testing.assert_close(ours(images_BCHW)[-1], expected_BHWC.permute(0, 3, 1, 2), atol=1e-4, rtol=1e-4)


def test_vgg_computes_what_torchvision_computes_fully_connected_layers_included() -> None:
    torch.manual_seed(0)
    theirs = models.vgg11().eval()
    theirs.classifier[6] = nn.Identity()
    ours = VGG(**PAPER, depth=11, batch_norm=False).eval()
    copy_in_order(theirs, ours)
    images_BCHW = images(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(images_BCHW)[-1].flatten(1), theirs(images_BCHW).relu(), atol=1e-4, rtol=1e-4)


def test_squeeze_excitation_computes_what_torchvision_computes() -> None:
    from torchvision.ops import SqueezeExcitation as Reference

    theirs, ours = Reference(64, 4), SqueezeExcitation(64)
    copy_in_order(theirs, ours)
    x_BCHW = images(2, 64, 5, 3)
    torch.testing.assert_close(ours(x_BCHW), theirs(x_BCHW))


def test_cbam_with_zero_gates_scales_by_a_quarter() -> None:
    ours = ConvolutionalBlockAttention(32).eval()
    for parameter in ours.parameters():
        nn.init.zeros_(parameter)
    x_BCHW = images(2, 32, 4, 4)
    torch.testing.assert_close(ours(x_BCHW), 0.25 * x_BCHW)


def test_cbam_prefers_the_pixels_its_spatial_gate_points_to() -> None:
    ours = ConvolutionalBlockAttention(8).eval()
    for parameter in ours.parameters():
        nn.init.zeros_(parameter)
    convolution, norm = ours.spatial_gate
    nn.init.ones_(norm.weight)
    with torch.no_grad():
        convolution.weight[0, 0, 3, 3] = 10.0  # the channel maximum at the pixel itself
    x_BCHW = torch.zeros(1, 8, 3, 3)
    x_BCHW[0, 2, 1, 1] = 1.0
    expected = 0.5 * torch.sigmoid(torch.tensor(10 * 0.5 / (1 + 1e-5) ** 0.5))
    torch.testing.assert_close(ours(x_BCHW)[0, 2, 1, 1], expected)


# The paper's totals minus its classifier of 1000 classes; batch norm makes VGG's 4,224 convolution biases needless.
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ResNet(**PAPER), 11_689_512 - 513_000),
        (lambda: ResNet(**PAPER, block="bottleneck", blocks=(3, 4, 6, 3)), 25_557_032 - 2_049_000),
        (lambda: ConvNeXt(**PAPER), 28_589_128 - 769_000),
        (lambda: VGG(**PAPER, depth=16), 138_365_992 - 4_097_000 - 4_224),
        (lambda: VGG(**PAPER, depth=19, batch_norm=False), 143_667_240 - 4_097_000),
        (lambda: AlexNet(**PAPER, towers=2), 60_965_224 - 4_097_000),
        # LeNet-5 as in the paper: 156 + (6 * 25 + 1) * 16 for a fully connected C3, + 48,120 + 10,164
        (lambda: LeNet(in_channels=1, image_size=(32, 32)), 156 + 2_416 + 48_120 + 10_164),
    ],
    ids=["resnet18", "resnet50", "convnext_t", "vgg16_bn", "vgg19", "alexnet", "lenet5"],
)
def test_the_papers_width_has_the_papers_parameters(make, expected: int) -> None:
    assert count_parameters(build_on_meta(make)) == expected


def test_googlenet_differs_from_torchvision_only_in_its_true_five_by_five() -> None:
    theirs = count_parameters(models.googlenet(aux_logits=False, init_weights=False)) - 1_025_000
    ours = build_on_meta(lambda: GoogLeNet(**PAPER))
    five_by_five = [branch.five[1][0] for branch in ours.modules() if hasattr(branch, "five")]
    extra = sum(layer.in_channels * layer.out_channels * (25 - 9) for layer in five_by_five)
    assert len(five_by_five) == 9
    assert count_parameters(ours) - extra == theirs


@pytest.mark.parametrize(
    ("kind", "strides"),
    [
        (LeNet, (2, 4, 4)),
        (AlexNet, (8, 16, 32, 32)),
        (VGG, (2, 4, 8, 16, 32, 32)),
        (GoogLeNet, (4, 8, 16, 32)),
        (ResNet, (4, 8, 16, 32)),
        (ConvNeXt, (4, 8, 16, 32)),
    ],
)
def test_strides_are_the_papers_and_what_a_larger_image_shows(kind: type, strides: tuple[int, ...]) -> None:
    model = build_on_meta(lambda: kind(**PAPER, width=0.1)).eval()
    assert model.stage_strides == strides
    small = model(torch.empty(1, 3, 224, 224, device="meta"))
    large = model(torch.empty(1, 3, 224 + 64, 224 + 128, device="meta"))
    for before, after, stride in zip(small, large, strides, strict=True):
        assert after.shape[2] - before.shape[2] == 64 // stride
        assert after.shape[3] - before.shape[3] == 128 // stride


@pytest.mark.parametrize(
    ("kind", "side", "strides"),
    [
        (ResNet, 8, (1, 1, 2, 4)),
        (ResNet, 28, (2, 4, 8, 16)),
        (VGG, 8, (1, 1, 1, 2, 4, 4)),
        (ConvNeXt, 28, (1, 2, 4, 8)),
        (LeNet, 8, (2, 4, 4)),
    ],
)
def test_small_images_lose_the_earliest_strides(kind: type, side: int, strides: tuple[int, ...]) -> None:
    model = build_on_meta(lambda: kind(in_channels=1, image_size=(side, side), width=0.1))
    assert model.stage_strides == strides


def test_resnet_with_a_final_map_of_four_pixels_is_cifar_practice_at_32() -> None:
    model = build_on_meta(lambda: ResNet(in_channels=3, image_size=(32, 32), final_map=4))
    assert model.stem[0][0].stride == (1, 1)
    assert model.stem[0][0].kernel_size == (3, 3)
    assert not any(isinstance(layer, nn.MaxPool2d) for layer in model.modules())
    assert model.stage_strides == (1, 2, 4, 8)


def test_three_stages_at_a_quarter_of_the_width_are_the_papers_resnet_20() -> None:
    model = build_on_meta(lambda: ResNet(in_channels=3, image_size=(32, 32), blocks=(3, 3, 3), width=0.25, final_map=8))
    assert model.stage_channels == (16, 32, 64)
    assert model.stage_strides == (1, 2, 4)


def test_zero_initialised_residual_blocks_start_as_their_shortcuts() -> None:
    model = ResNet(in_channels=1, image_size=(16, 16), width=0.1, zero_init_residual=True).eval()
    block = model.stages[0][1]
    x_BCHW = images(2, model.stage_channels[0], 4, 4)
    assert torch.equal(block(x_BCHW), x_BCHW.relu())


@pytest.mark.parametrize("kind", [ResNet, GoogLeNet])
@pytest.mark.parametrize("attention", ["se", "cbam"])
def test_attention_is_in_use_and_trains(kind: type, attention: str) -> None:
    torch.manual_seed(0)
    size = {"in_channels": 1, "image_size": (16, 16), "width": 0.2}
    model, plain = kind(**size, attention=attention), kind(**size)
    assert count_parameters(model) > count_parameters(plain)
    model(images(4, 1, 16, 16))[-1].square().mean().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_googlenets_dropout_drops_whole_features_of_an_example() -> None:
    torch.manual_seed(0)
    model = GoogLeNet(in_channels=1, image_size=(32, 32), width=0.2, dropout=0.5).train()
    last_BCHW = model(images(4, 1, 32, 32))[-1]
    dropped_BC = (last_BCHW == 0).all(3).all(2)
    assert 0.3 < dropped_BC.float().mean() < 0.9


def test_stochastic_depth_drops_whole_examples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    layer = StochasticDepth(0.25)
    ones_BCHW = torch.ones(4000, 2, 1, 1)
    out_BCHW = layer(ones_BCHW)
    assert torch.equal(out_BCHW[:, 0], out_BCHW[:, 1])
    assert out_BCHW.unique().tolist() == pytest.approx([0, 4 / 3])
    assert out_BCHW.mean() == pytest.approx(1, abs=0.04)
    assert torch.equal(layer.eval()(ones_BCHW), ones_BCHW)


def test_stochastic_depth_grows_linearly_to_its_rate() -> None:
    model = build_on_meta(lambda: ConvNeXt(in_channels=1, image_size=(8, 8), blocks=(1, 1, 2, 1), width=0.1))
    rates = [layer.drop_probability for layer in model.modules() if isinstance(layer, StochasticDepth)]
    assert rates == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: VGG(**PAPER, depth=12),
        lambda: ResNet(**PAPER, block="wide"),
        lambda: ResNet(**PAPER, blocks=(2, 0)),
        lambda: ResNet(**PAPER, attention="eca"),
        lambda: ResNet(**PAPER, width=0),
        lambda: ConvNeXt(**PAPER, blocks=()),
        lambda: LeNet(**PAPER, pooling="median"),
        lambda: AlexNet(**PAPER, norm="layer"),
    ],
)
def test_what_no_paper_describes_is_refused(make) -> None:
    with pytest.raises(ValueError, match="must"):
        build_on_meta(make)
