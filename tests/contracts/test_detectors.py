"""What every detector promises, checked on each one found in conf/model: a new one is covered by its YAML alone."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

from bakeoff.comparison.planning.sizing import solve_size
from bakeoff.config import build
from bakeoff.data.batches.batch import Batch, Ragged
from bakeoff.models.contracts import Detector
from bakeoff.models.cost import build_on_meta, count_parameters
from bakeoff.tasks.object_detection.network import DetectionNetwork
from tests.contracts.model_sections import FILES, SECTIONS
from tests.tasks.detection_examples import detection_task, labels

DETECTORS = sorted(name for name, model in SECTIONS.items() if model.contract == "Detector")
SIZES = [(1, 32, 32), (3, 40, 64)]
CLASSES = 3

every_detector = pytest.mark.parametrize("name", DETECTORS)
every_size = pytest.mark.parametrize("size", SIZES, ids=str)


def make(name: str, size: tuple[int, int, int]) -> DetectionNetwork:
    torch.manual_seed(0)
    detector = build(SECTIONS[name].net, in_channels=size[0], image_size=size[1:])
    assert isinstance(detector, Detector)
    return DetectionNetwork(detector, CLASSES)


def images(size: tuple[int, int, int], *, batch: int) -> Tensor:
    return torch.randn(batch, *size, generator=torch.Generator().manual_seed(1))


@every_detector
def test_no_weights_are_asked_of_the_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torchvision's detectors ask for those of their backbones, even without weights of their own."""

    def refused(*args: object, **settings: object) -> None:
        raise AssertionError("weights were asked for")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    make(name, SIZES[0])


@every_detector
@every_size
def test_finds_boxes_in_the_image_best_first_the_same_alone(name: str, size: tuple[int, int, int]) -> None:
    net = make(name, size).eval()
    with torch.no_grad():
        found, alone = net(images(size, batch=3)).found(), net(images(size, batch=3)[:1]).found()
    assert isinstance(found, Ragged)
    assert int(found["counts"].sum()) == len(found["boxes"]) == len(found["classes"]) == len(found["scores"])
    assert found["counts"].max() <= 100
    limits = torch.tensor([size[2], size[1]] * 2)
    assert ((found["boxes"] >= 0) & (found["boxes"] <= limits)).all()
    assert ((found["classes"] >= 0) & (found["classes"] < CLASSES)).all()
    for scores in found["scores"].split(found["counts"].tolist()):
        assert (scores.diff() <= 0).all() and ((scores > 0) & (scores <= 1)).all()
    first = found.part(slice(0, 1))
    assert torch.equal(first["counts"], alone["counts"])
    torch.testing.assert_close(first["scores"], alone["scores"], atol=1e-4, rtol=1e-4)


@every_detector
@every_size
def test_every_parameter_receives_a_gradient(name: str, size: tuple[int, int, int]) -> None:
    """Within a few steps: a layer whose weights are nearly zero passes little on before its first step."""
    net, task = make(name, size), detection_task(size, CLASSES)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    largest = dict.fromkeys(dict(net.named_parameters()), 0.0)
    for _ in range(3):
        optimizer.zero_grad()
        batch = Batch(images(size, batch=4), labels(size, counts=[2, 0, 1, 3]), 4)
        task.loss(net(batch.inputs), batch, training=True).backward()
        for parameter_name, parameter in net.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name
            largest[parameter_name] = max(largest[parameter_name], parameter.grad.abs().max().item())
        optimizer.step()
    assert [parameter_name for parameter_name, gradient in largest.items() if gradient == 0] == []


@every_detector
def test_learns_from_images_without_any_box(name: str) -> None:
    size = SIZES[0]
    net, task = make(name, size), detection_task(size, CLASSES)
    batch = Batch(images(size, batch=2), labels(size, counts=[0, 0]), 2)
    assert task.loss(net(batch.inputs), batch, training=True).isfinite()


@every_detector
def test_the_cost_of_a_step_is_counted(name: str) -> None:
    net, task = make(name, SIZES[0]), detection_task(SIZES[0], CLASSES)
    assert task.train_flops_per_example(net) > 2 * sum(p.numel() for p in net.parameters())


@every_detector
@pytest.mark.parametrize("target", [100_000, 1_000_000])
def test_lands_within_five_percent(name: str, target: int) -> None:
    def count(args: dict[str, float]) -> int:
        def make_it() -> DetectionNetwork:
            return DetectionNetwork(build(SECTIONS[name].net, in_channels=3, image_size=(64, 64), **args), CLASSES)

        return count_parameters(build_on_meta(make_it))

    sized = solve_size(count, OmegaConf.to_container(SECTIONS[name].knobs, resolve=True), target, name=name)
    assert abs(sized.params / target - 1) <= 0.05


@every_detector
def test_names_its_paper_and_how_to_run_it(name: str) -> None:
    net: Any = make(name, SIZES[1]).detector
    assert re.search(r"\b(19|20)\d\d\b", type(net).__doc__ or "")
    first_line = next(path for path in FILES if path.stem == name).read_text().splitlines()[0]
    assert re.match(rf"# python pipelines/train\.py .*\bmodel={name}\b", first_line)
