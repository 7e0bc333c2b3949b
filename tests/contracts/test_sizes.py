"""Every model with knobs lands within 5 % of each parameter budget.

Image models on small and larger images; sequence models as classifier, language model, and encoder with decoder.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from omegaconf import OmegaConf
from torch import nn

from bakeoff.comparison.planning.sizing import Arguments, solve_size
from bakeoff.config import build
from bakeoff.errors import ConfigError
from bakeoff.models.cost import build_on_meta, count_parameters
from tests.contracts.model_sections import SECTIONS

CLASSES = 10
VOCABULARY, EMBEDDING = 100, 64
FORMS = {
    "classifier": [{"causal": False}],
    "language_model": [{"causal": True}],
    "translator": [{"causal": False}, {"causal": True, "cross_attention": True}],
}

TARGETS = (30_000, 300_000, 5_000_000)


def sections(contract: str) -> list[Any]:
    """A parameter for each model of a contract that has knobs."""
    sized = [(name, model) for name, model in SECTIONS.items() if model.get("knobs") and model.contract == contract]
    return [pytest.param(model, id=name) for name, model in sized]


def check_every_target(model: Any, make: Callable[[Arguments], nn.Module]) -> None:
    """Solves for each target; what one of them has built is not built again for the next."""

    @functools.cache
    def counted(args: tuple[tuple[str, float], ...]) -> int:
        return count_parameters(build_on_meta(lambda: make(dict(args))))

    knobs = OmegaConf.to_container(model.knobs, resolve=True)
    for target in TARGETS:
        sized = solve_size(lambda args: counted(tuple(args.items())), knobs, target, name=model.name)
        assert abs(sized.params / target - 1) <= 0.05, target
        assert set(sized.args) <= {knob.arg for knob in model.knobs}


def image_network(model: Any, args: Arguments, *, side: int) -> nn.Module:
    backbone = build(model.net, in_channels=1, image_size=(side, side), **args)
    return nn.ModuleList([backbone, nn.Linear(backbone.stage_channels[-1], CLASSES)])


def sequence_network(model: Any, args: Arguments, *, forms: Sequence[dict[str, bool]]) -> nn.Module:
    """A task's stem and head, and a backbone in each form."""
    backbones = [build(model.net, **form, **args) for form in forms]
    width = backbones[0].width
    stem = [nn.Embedding(VOCABULARY, EMBEDDING), nn.Linear(EMBEDDING, width)]
    return nn.ModuleList([*stem, *backbones, nn.Linear(width, VOCABULARY)])


@pytest.mark.parametrize("model", sections("ImageBackbone"))
@pytest.mark.parametrize("side", [pytest.param(8, marks=pytest.mark.slow), 28])
def test_lands_within_five_percent(model: Any, side: int) -> None:
    check_every_target(model, lambda args: image_network(model, args, side=side))


def takes(model: Any, forms: Sequence[dict[str, bool]]) -> bool:
    """Whether the model can be built so; one that only encodes refuses to be a decoder."""
    try:
        build_on_meta(lambda: sequence_network(model, {}, forms=forms))
    except ConfigError:
        return False
    return True


def sequence_sections() -> list[Any]:
    """A parameter for each sequence model with knobs in each task's form that it takes."""
    return [
        pytest.param(model, forms, id=f"{model.name}-{task}")
        for (model,) in (section.values for section in sections("SequenceBackbone"))
        for task, forms in FORMS.items()
        if takes(model, forms)
    ]


@pytest.mark.parametrize(("model", "forms"), sequence_sections())
def test_sequence_models_land_within_five_percent(model: Any, forms: list[dict[str, bool]]) -> None:
    check_every_target(model, lambda args: sequence_network(model, args, forms=forms))


def test_models_without_knobs_are_baselines_or_wrappers() -> None:
    unsized = [model for model in SECTIONS.values() if not model.get("knobs")]
    assert {model.family for model in unsized if not model.net._target_.startswith("bakeoff.models.wrappers")} <= {
        "baseline"
    }
