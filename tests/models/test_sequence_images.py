"""Images as sequences: the stems, ViT, the row scan and ReNet.

B batch, C channels, H height, W width, T time steps, D model width.
"""

import pytest
import torch
from torch import Tensor, nn

from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.contracts import ImageBackbone, ImageTooSmall, SequenceBackbone
from bakeoff.models.image_as_sequence import ImageAsSequence, default_patch_size
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.rnn.renet import ReNet
from bakeoff.models.rnn.row import RowRNN
from bakeoff.models.transformer.vit import ViT

KINDS = [ViT, RowRNN, ReNet]


class Untouched(SequenceBackbone):
    """Hands the sequence back, so that a test sees what the stem made."""

    def __init__(self, *, width: int, causal: bool = False) -> None:
        super().__init__()
        self.width = width
        self.causal = causal

    def forward(self, x_BTD: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        return x_BTD


def stem_only(*, width: int, **settings: object) -> ImageAsSequence:
    model = ImageAsSequence(encoder=Untouched(width=width), **settings)
    nn.init.eye_(model.stem[0].weight)
    nn.init.zeros_(model.stem[0].bias)
    return model


@pytest.mark.parametrize(
    ("image_size", "expected"),
    [((1, 1), 1), ((8, 8), 2), ((28, 28), 4), ((32, 32), 4), ((33, 20), 4), ((64, 64), 8), ((224, 224), 16)],
)
def test_patches_grow_with_the_image(image_size: tuple[int, int], expected: int) -> None:
    assert default_patch_size(image_size) == expected
    assert ViT(in_channels=1, image_size=image_size, width=8).stage_strides == (expected,)


def test_patches_stay_where_they_are_in_the_image() -> None:
    image_HW = torch.arange(16.0).reshape(4, 4)
    model = stem_only(width=4, in_channels=1, image_size=(4, 4), patch_size=2)
    (map_BDHW,) = model(image_HW[None, None])
    assert map_BDHW.shape == (1, 4, 2, 2)
    assert map_BDHW[0, :, 0, 1].tolist() == [2, 3, 6, 7]
    assert map_BDHW[0, :, 1, 0].tolist() == [8, 9, 12, 13]


def test_images_that_patches_do_not_divide_are_padded_below_and_right() -> None:
    model = stem_only(width=4, in_channels=1, image_size=(3, 5), patch_size=2)
    (map_BDHW,) = model(torch.ones(1, 1, 3, 5))
    assert map_BDHW.shape == (1, 4, 2, 3)
    assert map_BDHW[0, :, 1, 2].tolist() == [1, 0, 0, 0]


def test_each_row_is_one_step() -> None:
    images_BCHW = torch.randn(2, 3, 4, 5)
    model = stem_only(width=15, in_channels=3, image_size=(4, 5), stem="row")
    (map_BDHW,) = model(images_BCHW)
    assert map_BDHW.shape == (2, 15, 4, 1)
    torch.testing.assert_close(map_BDHW[1, :, 2, 0], images_BCHW[1, :, 2].flatten())


def test_any_sequence_backbone_contends_on_images() -> None:
    model = ImageAsSequence(in_channels=3, image_size=(9, 9), encoder=Recurrent(width=10, cell="gru"), patch_size=3)
    (map_BDHW,) = model(torch.randn(2, 3, 9, 9))
    assert map_BDHW.shape == (2, *model.stage_channels, 3, 3)


def test_vit_attends_across_patches_and_knows_their_places() -> None:
    torch.manual_seed(0)
    model = ViT(in_channels=1, image_size=(8, 8), width=16).eval()
    images_BCHW = torch.randn(1, 1, 8, 8, requires_grad=True)
    model(images_BCHW)[0][0, :, 0, 0].square().sum().backward()
    assert images_BCHW.grad is not None and (images_BCHW.grad != 0).all()
    mean_BD = model(images_BCHW)[0].mean((2, 3))
    moved_BD = model(images_BCHW.roll(2, dims=3))[0].mean((2, 3))
    assert (mean_BD - moved_BD).abs().max() > 1e-3


def renet_layer_by_loops(layer: nn.Module, map_CHW: Tensor) -> Tensor:
    """One column, then one row, at a time."""
    side = layer.patch_size
    _, height, width = map_CHW.shape
    rows, columns = height // side, width // side
    swept = {}
    for column in range(columns):
        patches = [
            map_CHW[:, side * row : side * (row + 1), side * column : side * (column + 1)].flatten()
            for row in range(rows)
        ]
        states_HD = layer.vertical(torch.stack(patches))[0]
        swept |= {(row, column): states_HD[row] for row in range(rows)}
    lines = [layer.horizontal(torch.stack([swept[row, column] for column in range(columns)]))[0] for row in range(rows)]
    return torch.stack(lines).permute(2, 0, 1)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_renet_sweeps_columns_then_rows(cell: str) -> None:
    torch.manual_seed(0)
    model = ReNet(in_channels=2, image_size=(8, 12), width=6, patch_sizes=(2, 2), cell=cell).eval()
    images_BCHW = torch.randn(3, 2, 8, 12)
    maps = model(images_BCHW)
    first_DHW = renet_layer_by_loops(model.layers[0], images_BCHW[1])
    torch.testing.assert_close(maps[0][1], first_DHW)
    second_DHW = renet_layer_by_loops(model.layers[1], first_DHW)
    torch.testing.assert_close(maps[1][1], model.projection(second_DHW))


def test_renet_sees_the_whole_image_everywhere() -> None:
    torch.manual_seed(0)
    model = ReNet(in_channels=1, image_size=(8, 8), width=8, patch_sizes=(2,)).eval()
    images_BCHW = torch.randn(1, 1, 8, 8, requires_grad=True)
    model(images_BCHW)[0][0, :, 3, 0].square().sum().backward()
    assert images_BCHW.grad is not None and (images_BCHW.grad != 0).all()


def test_renet_gives_one_map_a_layer() -> None:
    model = ReNet(in_channels=3, image_size=(33, 20), width=6, patch_sizes=(2, 2, 1), projection=7)
    maps = model(torch.randn(2, 3, 33, 20))
    assert [tuple(map_BCHW.shape) for map_BCHW in maps] == [(2, 6, 17, 10), (2, 6, 9, 5), (2, 7, 9, 5)]
    assert (model.stage_channels, model.stage_strides) == ((6, 6, 7), (2, 4, 4))


def test_renet_parameters_worked_by_hand() -> None:
    model = ReNet(in_channels=1, image_size=(8, 8), width=6, patch_sizes=(2,), projection=5)
    vertical = 2 * 4 * 3 * (4 + 3 + 2)
    horizontal = 2 * 4 * 3 * (6 + 3 + 2)
    assert sum(p.numel() for p in model.parameters()) == vertical + horizontal + (6 + 1) * 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_in_the_network(kind: type[ImageBackbone], name: str) -> None:
    model = kind(in_channels=1, image_size=(8, 8), width=8, activation=name)
    assert any(type(part) is ACTIVATIONS[name] for part in model.modules())


def test_renets_least_image_is_the_one_it_names() -> None:
    with pytest.raises(ImageTooSmall, match=r"patch_sizes .2, 2, 2. need images of 5x5 pixels; got 9x4"):
        ReNet(in_channels=1, image_size=(9, 4), patch_sizes=(2, 2, 2))
    maps = ReNet(in_channels=1, image_size=(9, 5), patch_sizes=(2, 2, 2))(torch.randn(1, 1, 9, 5))
    assert [tuple(map_BCHW.shape[2:]) for map_BCHW in maps] == [(5, 3), (3, 2), (2, 1)]


@pytest.mark.parametrize(("side", "strides"), [(8, (2, 4)), (28, (2, 4)), (32, (2, 4)), (64, (4, 8)), (224, (8, 16))])
def test_renets_first_patches_grow_with_the_image(side: int, strides: tuple[int, int]) -> None:
    assert ReNet(in_channels=1, image_size=(side, side), patch_sizes=(None, 2), width=4).stage_strides == strides


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ViT(in_channels=1, image_size=(8, 12), patch_size=16), "at least 16x16 pixels; got 8x12"),
        (lambda: ReNet(in_channels=1, image_size=(2, 2)), "need images of 3x3 pixels; got 2x2"),
    ],
)
def test_too_small_an_image_is_refused_in_one_line(make: object, message: str) -> None:
    with pytest.raises(ImageTooSmall, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_bad_settings_are_refused_by_name() -> None:
    data = {"in_channels": 1, "image_size": (8, 8)}
    with pytest.raises(ValueError, match="stem must be patch or row; got 'pixel'"):
        stem_only(width=4, stem="pixel", **data)
    with pytest.raises(ValueError, match="patch_size must be null; got 2"):
        stem_only(width=4, stem="row", patch_size=2, **data)
    with pytest.raises(ValueError, match="patch_size must be at least 1 or null; got 0"):
        ViT(patch_size=0, **data)
    with pytest.raises(ValueError, match="width must be even for two directions; got 9, nearest 8 and 10"):
        ReNet(width=9, **data)
    for patch_sizes in ((), (2, None), (2, 0)):
        with pytest.raises(ValueError, match="patch_sizes"):
            ReNet(patch_sizes=patch_sizes, **data)
