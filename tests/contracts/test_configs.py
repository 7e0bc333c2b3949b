"""Every file of ``conf/`` composes, is sound, and says only what the code takes."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import is_dataclass
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Callback
from torch import nn

from bakeoff.commands.listing import one_line
from bakeoff.config import conf_dir
from bakeoff.config.allowlist import THEIRS, resolve
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.keys import given_by
from bakeoff.config.schema import GIVEN_BY_PROGRAM, PIPELINES, SECTIONS
from bakeoff.config.signatures import signature
from bakeoff.config.tree import UNRESOLVED, get, resolve_tree, targets
from bakeoff.config.validation import validate
from bakeoff.errors import ConfigError
from bakeoff.models import contracts
from tests.contracts.constructors import constructors

CATALOG = Catalog()
FILES = sorted(conf_dir().rglob("*.yaml"))
OPTIONS = [(group, name) for group in CATALOG.groups() for name in CATALOG.options(group)]
PARTS = {
    (key, node["_target_"])
    for path in FILES
    for key, node in targets(CATALOG.content(path.parent.name, path.stem))
    if "${" not in node["_target_"]
}
TARGETS = sorted(PARTS | constructors(CATALOG))


@pytest.fixture(scope="module")
def composer():
    return Composer()


def pipeline_of(group):
    return "train" if signature(PIPELINES["train"]).get(group) else "compare"


def fitting_task(group, name):
    """The override that chooses a task for which a model or a data set is made."""
    if group not in ("model", "data"):
        return []
    content = CATALOG.content(group, name)
    kind = content["kind"] if group == "data" else content.get("data_kind")
    tasks = {task: CATALOG.content("task", task) for task in CATALOG.options("task")}
    if kind:
        fitting = [task for task, section in tasks.items() if kind == section["data_kind"]]
    else:
        fitting = [task for task, section in tasks.items() if content["contract"] in section["contract"]]
    assert fitting, f"no task takes {group}={name}"
    return [f"task={fitting[0]}"]


@pytest.mark.parametrize(("group", "name"), OPTIONS, ids=str)
def test_every_option_composes_and_is_sound(group, name, composer):
    text = CATALOG.path(group, name).read_text(encoding="utf-8")
    pipeline = "compare" if "bakeoff compare experiment=" in text else pipeline_of(group)
    composed = composer.compose(pipeline, [*fitting_task(group, name), f"{group}={name}"])
    assert composed.hydra.mode is None  # `bakeoff.config.machinery` does not ask
    cfg = composed.cfg
    errors = validate(cfg, pipeline, catalog=CATALOG)
    assert [error.line() for error in errors if error.code != "config.missing_value"] == []
    missing = [error.key for error in errors]
    assert all(get(resolve_tree(cfg)[0], key, UNRESOLVED) is UNRESOLVED for key in missing)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_pipeline_composes_and_lacks_only_what_its_command_names(pipeline, composer):
    errors = validate(composer.compose(pipeline).cfg, pipeline, catalog=CATALOG)
    required = {"evaluate": {"run"}, "predict": {"run", "input"}, "export": {"run"}, "report": {"run"}}
    assert {error.key for error in errors} == required.get(pipeline, set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(conf_dir())))
def test_every_file_opens_with_a_comment(path: Path):
    assert path.read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize(("group", "name"), [item for item in OPTIONS if item[0] != "hydra"], ids="=".join)
def test_every_option_names_its_run_command(group, name):
    comments = [line for line in CATALOG.path(group, name).read_text().splitlines() if line.startswith("#")]
    assert any("pipelines/" in line or "bakeoff " in line for line in comments)


@pytest.mark.parametrize(("group", "name"), [item for item in OPTIONS if item[0] != "hydra"], ids="=".join)
def test_every_option_says_what_it_is_in_a_sentence(group, name):
    said = one_line(CATALOG, group, name)
    assert len(said.split()) >= 3
    assert "=" not in said.split()[0]  # a command or a setting is none
    assert not said.endswith((",", " and", " or", " a"))  # nor the first line of one


@pytest.mark.parametrize("target", sorted({target for _, target in TARGETS}))
def test_every_target_resolves_to_a_class_whose_static_signature_is_right(target):
    found, static = resolve(target), signature(target)
    real = inspect.signature(found).parameters
    named = [name for name, item in real.items() if item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)]
    assert static is not None
    assert static.open or static.names() == named


@pytest.mark.parametrize(("section", "target"), [item for item in TARGETS if item[0] in set(GIVEN_BY_PROGRAM)])
def test_what_the_program_gives_is_taken(section, target):
    assert GIVEN_BY_PROGRAM[section] <= set(signature(target).names()) or signature(target).open


@pytest.mark.parametrize("name", CATALOG.options("model"))
def test_every_model_takes_what_its_contract_gives(name):
    content = CATALOG.content("model", name)
    taken = set(signature(content["net"]["_target_"]).names())
    tasks = [CATALOG.content("task", task) for task in CATALOG.options("task")]
    contract = content["contract"]
    assert all(set(given_by(task, contract)) <= taken for task in tasks if contract in task["contract"])


@pytest.mark.parametrize("name", CATALOG.options("model"))
def test_every_model_says_what_it_is(name):
    content = CATALOG.content("model", name)
    assert content["family"] in ("cnn", "rnn", "transformer", "baseline")
    fulfilled = getattr(contracts, content["contract"])
    assert issubclass(resolve(content["net"]["_target_"]), fulfilled)
    assert (fulfilled is contracts.FittedModel) == ("data_kind" in content)
    assert content["paper"]


def test_the_schema_and_the_primary_files_name_the_same_keys():
    for pipeline, schema in PIPELINES.items():
        keys = set(CATALOG.content("", pipeline)) - {"hydra"}
        assert keys <= set(signature(schema).names()), pipeline


def test_every_key_of_the_schema_is_documented():
    for schema in [*PIPELINES.values(), *SECTIONS.values()]:
        assert all(parameter.doc for parameter in signature(schema).parameters), schema


@pytest.mark.parametrize("package", THEIRS)
def test_what_a_third_party_package_admits_builds_a_model_and_does_nothing_else(package):
    """Layers, transforms and metrics are modules; beside them optimizers, callbacks, tensors and plain settings."""
    module = importlib.import_module(package)
    kinds = (nn.Module, torch.Tensor, torch.optim.Optimizer, Callback)
    admitted = [found for name in dir(module) if (found := admitted_by(f"{package}.{name}")) is not None]
    others = [found for found in admitted if not (inspect.isclass(found) and issubclass(found, kinds))]
    assert len(admitted) > len(others)
    assert [found.__name__ for found in others if found is not nn.Buffer and not is_dataclass(found)] == []


def admitted_by(target):
    """The object that a configuration may name so, or None."""
    try:
        return resolve(target)
    except ConfigError:
        return None


def test_defaults_lists_only_use_flat_group_names():
    for path in FILES:
        for entry in CATALOG.content(path.parent.name, path.stem).get("defaults", ()):
            assert "${" not in str(entry)
