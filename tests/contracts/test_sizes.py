"""Every model with knobs lands within 5 % of each parameter budget, on small and larger images."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from torch import nn

from bakeoff.comparison.sizing import Arguments, SizedModel, solve_size
from bakeoff.config import build
from bakeoff.models.cost import build_on_meta, count_parameters

MODELS = sorted((Path(__file__).parents[2] / "conf" / "model").glob("*.yaml"))
CLASSES = 10


def sections() -> list[Any]:
    """A parameter for each image model that has knobs."""
    found = [(path.stem, OmegaConf.load(path)) for path in MODELS]
    sized = [(name, model) for name, model in found if model.get("knobs") and model.modality == "image"]
    return [pytest.param(model, id=name) for name, model in sized]


def solve(model: Any, *, target: int, side: int) -> SizedModel:
    def count(args: Arguments) -> int:
        def make() -> nn.Module:
            backbone = build(model.net, in_channels=1, image_size=(side, side), **args)
            return nn.ModuleList([backbone, nn.Linear(backbone.stage_channels[-1], CLASSES)])

        return count_parameters(build_on_meta(make))

    return solve_size(count, OmegaConf.to_container(model.knobs, resolve=True), target, name=model.name)


@pytest.mark.parametrize("model", sections())
@pytest.mark.parametrize("side", [8, 28])
@pytest.mark.parametrize("target", [30_000, 100_000, 300_000, 1_000_000, 5_000_000])
def test_lands_within_five_percent(model: Any, side: int, target: int) -> None:
    sized = solve(model, target=target, side=side)
    assert abs(sized.params / target - 1) <= 0.05
    assert set(sized.args) <= {knob.arg for knob in model.knobs}


def test_models_without_knobs_are_baselines_or_wrappers() -> None:
    unsized = [OmegaConf.load(path) for path in MODELS if not OmegaConf.load(path).get("knobs")]
    assert {model.family for model in unsized if not model.net._target_.startswith("bakeoff.models.wrappers")} <= {
        "baseline"
    }
