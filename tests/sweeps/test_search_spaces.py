"""What a study searches: YAML and command line, and a sound space for every model."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.jobs import plain
from bakeoff.config.validation import root_fields
from bakeoff.errors import ConfigError
from bakeoff.sweep.space import addressed, override_text, plain_value, search_space

CATALOG = Catalog()
SEARCHED = [name for name in CATALOG.options("model") if "search" in CATALOG.content("model", name)]
SIZED = [name for name in SEARCHED if CATALOG.content("model", name).get("knobs")]


@pytest.fixture(scope="module")
def composer():
    return Composer()


def parsed(*words):
    return OverridesParser.create().parse_overrides(list(words))


def made(space, *words, model=None):
    config = {"sweep": {"name": "x", "space": space}, "model": model or {"name": "m"}}
    return search_space(config, parsed(*words))


def test_yaml_ranges_become_distributions():
    space = {"a": {"low": 1.0e-4, "high": 1.0e-2, "scale": "log"}, "b": {"low": 0.0, "high": 1, "scale": "linear"}}
    space |= {"c": {"low": 1, "high": 8}, "d": {"choices": [0.1, "x", None, True, [1, 2]]}}
    assert made(space) == {
        "a": FloatDistribution(1e-4, 1e-2, log=True),
        "b": FloatDistribution(0.0, 1.0),
        "c": IntDistribution(1, 8),
        "d": CategoricalDistribution(["0.1", "x", "null", "true", "[1,2]"]),
    }


def test_the_command_line_adds_replaces_and_fixes():
    space = {"a": {"low": 0.0, "high": 1.0}, "b": {"low": 0.0, "high": 1.0}}
    found = made(space, "a=tag(log, interval(0.1, 10))", "b=0.5", "c=1,2", "d=range(1, 4)", "e=x")
    assert found == {
        "a": FloatDistribution(0.1, 10.0, log=True),
        "c": CategoricalDistribution(["1", "2"]),
        "d": CategoricalDistribution(["1", "2", "3"]),
    }


def test_widths_are_multiples_of_the_models_own_on_its_grid():
    knobs = [{"arg": "width", "minimum": 12, "step": 4}]
    space = made(
        {"width": {"factors": [0.1, 0.5, 1.0, 1.01]}}, model={"name": "m", "net": {"width": 64}, "knobs": knobs}
    )
    assert space == {"model.net.width": CategoricalDistribution(["12", "32", "64"])}


@pytest.mark.parametrize(
    ("space", "words", "code"),
    [
        ({}, [], "config.empty_search"),
        ({"a": 3}, [], "config.bad_value"),
        ({"a": {"low": 2, "high": 1}}, [], "config.bad_value"),
        ({"a": {"low": "x", "high": 1}}, [], "config.bad_value"),
        ({}, ["a=interval(1e-2,1e-4)"], "config.bad_value"),
        ({"a": {"low": 0, "high": 1, "scale": "log"}}, [], "config.bad_value"),
        ({"width": {"factors": [1]}}, [], "config.empty_search"),
        ({}, ["model=lenet,vit"], "config.sweep_kind"),
    ],
)
def test_what_is_no_space_is_refused(space, words, code):
    with pytest.raises(ConfigError) as error:
        made(space, *words)
    assert error.value.code == code


@pytest.mark.parametrize("value", [None, True, 3, 3e-5, "relu", "it's a, b", "1e3", [1, [2, "a"]], {"a": [1]}])
def test_a_value_survives_the_way_through_an_override(value):
    (override,) = parsed(f"key={override_text(value)}")
    assert override.value() == value or str(override.value()) == value


def test_texts_are_read_back_as_values():
    assert [plain_value(text) for text in ("0.5", "null", "[1,2]", "relu")] == [0.5, None, [1, 2], "relu"]
    assert plain_value(0.25) == 0.25


@pytest.mark.parametrize("name", CATALOG.options("model"))
def test_every_model_can_be_searched_or_has_no_settings(name):
    assert len(CATALOG.content("model", name).get("search", {})) in (0, 3)
    assert name in SEARCHED or CATALOG.content("model", name)["family"] == "baseline"


@pytest.mark.parametrize("model", SEARCHED)
def test_every_searched_key_is_one_that_the_configuration_has(model, composer):
    cfg = composer.compose("train", [f"model={model}"]).cfg
    groups, root = composer.option_groups(), root_fields("train", CATALOG)
    for sweep in ("model", "lr", "lr_width") if model in SIZED else ("model", "lr"):
        cfg.sweep = CATALOG.content("sweep", sweep)
        space = search_space(plain(cfg), [])
        assert list(addressed(space, cfg, root=root, groups=groups).values()) == list(space), sweep


def test_a_key_that_nothing_reads_is_refused(composer):
    cfg = composer.compose("train").cfg
    with pytest.raises(ConfigError, match=r"sweep\.space\.optimizer\.rate.*optimizer\.lr"):
        addressed({"optimizer.rate": FloatDistribution(0, 1)}, cfg, root=root_fields("train", CATALOG), groups=[])
    assert addressed({"optimizer.amsgrad": IntDistribution(0, 1)}, cfg, root=[], groups=[]) == {
        "optimizer.amsgrad": "++optimizer.amsgrad"
    }
