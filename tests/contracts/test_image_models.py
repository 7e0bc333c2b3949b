"""What every image model promises, checked on each one found in conf/model: a new one is covered by its YAML alone.

B batch, C channels, H height, W width.
"""

import inspect
import itertools
import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor

from bakeoff.config import build
from bakeoff.config.allowlist import resolve
from bakeoff.errors import ConfigError
from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.cost import build_on_meta, count_parameters
from tests.contracts.model_sections import FILES, SECTIONS

IMAGE_MODELS = sorted(name for name, model in SECTIONS.items() if model.contract == "ImageBackbone")
SIZES = [(1, 8, 8), (1, 28, 28), (3, 33, 20), (3, 64, 64)]

every_model = pytest.mark.parametrize("name", IMAGE_MODELS)


def models_that_take(argument: str) -> Any:
    taken = {name: inspect.signature(resolve(SECTIONS[name].net["_target_"])).parameters for name in IMAGE_MODELS}
    return pytest.mark.parametrize("name", [name for name in IMAGE_MODELS if argument in taken[name]])


def make(name: str, size: tuple[int, int, int], *, meta: bool = False, **overrides: object) -> ImageBackbone:
    torch.manual_seed(0)
    channels, height, width = size

    def build_it() -> ImageBackbone:
        return build(SECTIONS[name].net, in_channels=channels, image_size=(height, width), **overrides)

    return build_on_meta(build_it) if meta else build_it()


def images(size: tuple[int, int, int], *, batch: int) -> Tensor:
    return torch.randn(batch, *size, generator=torch.Generator().manual_seed(1))


def summary(model: ImageBackbone, images_BCHW: Tensor) -> Tensor:
    """A number that depends on each channel of the last map in its own way, as a task's loss does."""
    features_BC = model(images_BCHW)[-1].mean((2, 3))
    return (features_BC * torch.linspace(-1, 1, features_BC.shape[1]).exp()).square().mean()


def check_maps(model: ImageBackbone, maps: list[Tensor], size: tuple[int, int, int], *, batch: int) -> None:
    assert len(maps) == len(model.stage_channels) == len(model.stage_strides)
    assert list(model.stage_strides) == sorted(model.stage_strides)
    for map_BCHW, channels, stride in zip(maps, model.stage_channels, model.stage_strides, strict=True):
        assert map_BCHW.shape[:2] == (batch, channels)
        assert 1 <= map_BCHW.shape[2] <= math.ceil(size[1] / stride)
        assert 1 <= map_BCHW.shape[3] <= math.ceil(size[2] / stride)


@every_model
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gives_the_maps_that_it_declares_the_same_each_time(name: str, size: tuple[int, int, int]) -> None:
    model = make(name, size).eval()
    with torch.no_grad():
        first, again = model(images(size, batch=2)), model(images(size, batch=2))
        alone = model(images(size, batch=2)[:1])
    check_maps(model, first, size, batch=2)
    check_maps(model, alone, size, batch=1)
    for map_BCHW, repeated, single in zip(first, again, alone, strict=True):
        assert map_BCHW.isfinite().all()
        assert torch.equal(map_BCHW, repeated)
        rounding = 1e-5 * map_BCHW.abs().max().item()
        torch.testing.assert_close(map_BCHW[:1], single, atol=rounding, rtol=1e-4)


@every_model
def test_reads_images_of_the_papers_size(name: str) -> None:
    size = (3, 224, 224)
    model = make(name, size).eval()
    with torch.no_grad():
        check_maps(model, model(images(size, batch=1)), size, batch=1)


@every_model
@pytest.mark.parametrize("size", [(1, 8, 8), (3, 33, 20)], ids=str)
def test_every_parameter_receives_a_gradient(name: str, size: tuple[int, int, int]) -> None:
    """Within three steps: branches that start at zero pass a gradient on only after their first step."""
    model = make(name, size)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01) if list(model.parameters()) else None
    largest = dict.fromkeys(dict(model.named_parameters()), 0.0)
    for _ in range(3 if optimizer else 0):
        optimizer.zero_grad()
        summary(model, images(size, batch=8)).backward()
        for parameter_name, parameter in model.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.isfinite().all(), parameter_name
            largest[parameter_name] = max(largest[parameter_name], parameter.grad.abs().max().item())
        optimizer.step()
    assert [parameter_name for parameter_name, gradient in largest.items() if gradient == 0] == []


@models_that_take("activation")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_takes_every_activation(name: str, activation: str) -> None:
    size = (1, 8, 8)
    model = make(name, size, activation=activation)
    summary(model, images(size, batch=4)).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert any(isinstance(module, ACTIVATIONS[activation]) for module in model.modules())


@models_that_take("activation")
def test_refuses_an_unknown_activation_and_names_the_known(name: str) -> None:
    with pytest.raises(ConfigError, match="relu, leaky_relu, prelu"):
        make(name, (1, 8, 8), activation="rleu")


@models_that_take("width")
def test_a_larger_width_never_has_fewer_parameters(name: str) -> None:
    base = SECTIONS[name].net.width
    step = next(knob.step for knob in SECTIONS[name].knobs if knob.arg == "width")
    counts = [
        count_parameters(make(name, (1, 28, 28), meta=True, width=base + multiple * step))
        for multiple in range(0, 40, 4)
    ]
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(counts))
    assert counts[0] < counts[-1]


@every_model
@pytest.mark.parametrize("size", [(1, 1, 1), (1, 2, 3)], ids=str)
def test_works_on_tiny_images_or_refuses_them_in_one_clear_line(name: str, size: tuple[int, int, int]) -> None:
    try:
        model = make(name, size).eval()
    except ConfigError as error:
        assert "\n" not in error.line()
        assert f"{size[1]}x{size[2]}" in error.line()
    else:
        check_maps(model, model(images(size, batch=2)), size, batch=2)


@every_model
def test_names_its_paper_and_how_to_run_it(name: str) -> None:
    year = r"\b(18|19|20)\d\d\b"
    model = make(name, (3, 64, 64), meta=True)
    assert re.search(year, type(model).__doc__ or "")
    assert re.search(year, SECTIONS[name].paper)
    first_line = next(path for path in FILES if path.stem == name).read_text().splitlines()[0]
    assert re.match(rf"# python pipelines/train\.py .*\bmodel={name}\b", first_line)
    assert SECTIONS[name].family in ("cnn", "rnn", "transformer", "baseline")
