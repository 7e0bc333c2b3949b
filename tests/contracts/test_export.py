"""Every model of every task becomes an ONNX file that says what it says, or stands in a list with the reason.

By default one or two contenders of each task are tried; `slow`, all models that fit it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from bakeoff.config.composition import Composer
from bakeoff.config.rules import fits
from bakeoff.data.contract import TaskData
from bakeoff.delivery.graph import TOLERANCE, NotExportable, write_graph
from bakeoff.errors import ConfigError
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.interface import named_outputs
from tests.contracts.test_tasks import CATALOG, quick_overrides

REGIONS = "regions are proposed image by image, as many as there are"
SETS_OF_BOXES = {"detr", "box_lstm"}


def models_of(task: str) -> list[str]:
    """Networks that fit a task."""
    section = {"task": CATALOG.content("task", task)}
    options = {name: CATALOG.content("model", name) for name in CATALOG.options("model")}
    return [
        name
        for name, option in options.items()
        if fits("model", option, section) and option["contract"] != "FittedModel"
    ]


EVERY = [(task, model) for task in CATALOG.options("task") for model in models_of(task)]
NOT_EXPORTABLE = {pair: REGIONS for pair in EVERY if pair[0] == "object_detection" and pair[1] not in SETS_OF_BOXES}
"""Why no file can be made of these."""


DEAR = {"detr", "gated_conv", "resnet", "tcn", "transformer", "vit"}
"""They take five seconds and more; `tests.delivery.test_graph` has a small Transformer."""


def some() -> list[tuple[str, str]]:
    """The first recurrent contender of each task, and the first other one if it was not another task's already."""
    found: dict[tuple[str, bool], tuple[str, str]] = {}
    for task in CATALOG.options("task"):
        for entry in CATALOG.content("task", task)["contenders"]:
            name = entry if isinstance(entry, str) else entry["model"]
            recurrent = CATALOG.content("model", name)["family"] == "rnn"
            taken = not recurrent and name in {model for _, model in found.values()} | DEAR
            if (task, name) not in NOT_EXPORTABLE and not taken:
                found.setdefault((task, recurrent), (task, name))
    return list(found.values())


@cache
def data_of(task: str) -> TaskData:
    return trial_of(task).open_data()


def trial_of(task: str, *words: str) -> TrialConfig:
    quick = [word for word in quick_overrides(task) if not word.startswith(("contenders=", "seeds="))]
    cfg = OmegaConf.to_container(Composer().compose("train", [*quick, *words]).cfg, resolve=True)
    return TrialConfig.of(cfg)


def network(task: str, model: str) -> nn.Module:
    spec = data_of(task).spec
    torch.manual_seed(0)
    try:
        return trial_of(task, f"model={model}").network(spec).eval()
    except ConfigError as error:
        pytest.skip(error.line())


def exported(task: str, model: str, path: Path) -> None:
    net = network(task, model)
    graph = write_graph(net, data_of(task).spec, path)
    assert graph.difference < TOLERANCE
    assert not net.training
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("task", CATALOG.options("task"))
def test_outputs_of_every_task_have_names_and_are_tensors(task: str) -> None:
    first = CATALOG.content("task", task)["contenders"][0]
    net, spec = network(task, first if isinstance(first, str) else first["model"]), data_of(task).spec
    with torch.no_grad():
        outputs = named_outputs(net(spec.example_inputs(2)))
    assert outputs
    assert all(isinstance(part, torch.Tensor) and len(part) == 2 for part in outputs.values())


@pytest.mark.parametrize(("task", "model"), some(), ids=str)
def test_contenders_say_the_same_in_onnxruntime(task: str, model: str, tmp_path: Path) -> None:
    exported(task, model, tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(("task", "model"), sorted({*EVERY} - {*some()} - {*NOT_EXPORTABLE}), ids=str)
def test_every_model_says_the_same_in_onnxruntime(task: str, model: str, tmp_path: Path) -> None:
    exported(task, model, tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(("task", "model"), sorted(NOT_EXPORTABLE), ids=str)
def test_what_is_listed_as_not_exportable_is_not(task: str, model: str, tmp_path: Path) -> None:
    with pytest.raises(NotExportable):
        write_graph(network(task, model), data_of(task).spec, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
