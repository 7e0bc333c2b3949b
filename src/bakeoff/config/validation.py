"""Finds everything that is wrong with a composed configuration in one pass, before anything heavy is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bakeoff.config import contenders, rules
from bakeoff.config.allowlist import CONTRACTS, ROLES, allow, check_own, is_allowed, refusal, unknown
from bakeoff.config.catalog import Catalog, notes
from bakeoff.config.keys import arguments, given_to_models, section_fields
from bakeoff.config.schema import GIVEN_LATER, PIPELINES, SECTIONS
from bakeoff.config.signatures import Signature, ancestors, signature
from bakeoff.config.sources import find_definition, find_source
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.tree import UNRESOLVED, get, resolve_tree, targets
from bakeoff.config.typed import type_errors
from bakeoff.errors import ConfigError

FLAGS = ("_target_", "_partial_", "_recursive_", "_convert_")

_KEY = re.compile(r"\w+(\.\w+)*")


def validate(cfg: DictConfig, pipeline: str, *, catalog: Catalog | None = None) -> list[ConfigError]:
    """All errors of a composed configuration, each naming its key; empty when there are none.

    Args:
        cfg: the composed configuration, without Hydra's own section.
        pipeline: as in `bakeoff.config.schema.PIPELINES`.
        catalog: the configuration trees in use; None is bakeoff's own.
    """
    catalog = catalog or Catalog()
    plain, errors = resolve_tree(cfg)
    errors = [_said(error, plain, pipeline, catalog) for error in errors]
    errors += _user_code(plain)
    errors += _root(plain, pipeline, catalog)
    if "model" in plain:  # the others hold changes to a saved run's sections, checked against that run
        sections = {name: schema for name, schema in SECTIONS.items() if isinstance(plain.get(name), dict)}
        for name, schema in sections.items():
            errors += _section(plain[name], name, schema, cfg)
    given = given_to_models(catalog.folders)
    for key, node in targets(plain):
        wrong = _other_role(node["_target_"], key, contract=get(plain, "model.contract"))
        found = wrong or _target(node, key, given if key == "model.net" else frozenset())
        errors += [_as_given(error, cfg) for error in found]
    told = rules.check(plain, catalog)
    if any(
        error.code == "config.data_misfit" for error in told
    ):  # what a task says of its own data, others do not read
        errors = [
            error for error in errors if not (error.code == "config.unknown_key" and error.key.startswith("data."))
        ]
    errors += told + contenders.check(plain, catalog)
    return list({error.key: error for error in reversed(errors)}.values())[::-1]  # the first about each key


def _said(error: ConfigError, plain: dict[str, Any], pipeline: str, catalog: Catalog) -> ConfigError:
    """A missing value's error, with what its comment says should be given."""
    section, _, inside = error.key.partition(".")
    path = catalog.path(section, str(get(plain, f"{section}.name"))) if inside else catalog.path("", pipeline)
    note = notes(path).get(inside or section) if path else None
    if error.code != "config.missing_value" or not note or not note.comment:
        return error
    problem = f"{error.problem}: {note.comment}"
    return ConfigError(error.code, error.key, error.value, problem, next_step=error.next_step)


def _as_given(error: ConfigError, cfg: DictConfig) -> ConfigError:
    """The error with the key that a user sets, where the blamed one only refers to it: ``module.width: ${width}``."""
    parent, _, name = error.key.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    if not isinstance(node, DictConfig) or not OmegaConf.is_interpolation(node, name):
        return error
    raw: Any = OmegaConf.to_container(node, resolve=False)
    given = str(raw[name]).removeprefix("${").removesuffix("}")
    if not _KEY.fullmatch(given):
        return error
    step = error.next_step.replace(error.key, given) if error.next_step else None
    return ConfigError(error.code, given, error.value, error.problem, allowed=error.allowed, next_step=step)


def root_fields(pipeline: str, catalog: Catalog) -> list[str]:
    """The keys that may stand at the top: the schema's, and what the pipeline's own primary file has."""
    declared = signature(PIPELINES[pipeline]) if pipeline in PIPELINES else None
    return [*(declared.names() if declared else []), *(catalog.content("", pipeline))]


def _user_code(plain: dict[str, Any]) -> list[ConfigError]:
    named = plain.get("allow_code")
    packages = named if isinstance(named, list) else []
    try:
        check_own(packages)
        allow(packages)
    except ConfigError as error:
        return [error]
    return []


def _root(plain: dict[str, Any], pipeline: str, catalog: Catalog) -> list[ConfigError]:
    declared = signature(PIPELINES[pipeline]) if pipeline in PIPELINES else None
    if declared is None:
        return []
    known = root_fields(pipeline, catalog)
    errors = [_no_such_field(name, pipeline, known, catalog) for name in plain if name not in known]
    for parameter in declared.parameters:
        if parameter.required and parameter.name not in plain:
            problem, step = f"{pipeline} can't do without it", f"leave out ~{parameter.name}"
            errors.append(ConfigError("config.missing_value", parameter.name, None, problem, next_step=step))
    return errors + type_errors(plain, "", declared)


def _no_such_field(name: str, pipeline: str, known: list[str], catalog: Catalog) -> ConfigError:
    """Of an experiment file for another pipeline, most often; that pipeline is named then."""
    owner = next((other for other in PIPELINES if name in root_fields(other, catalog)), None)
    if owner is None:
        return _unknown(name, known, f"the {pipeline} pipeline has no such key")
    problem = f"{pipeline} has no such key, but {owner} has"
    return ConfigError("config.unknown_key", name, None, problem, next_step=f"the same settings with bakeoff {owner}")


def _section(section: dict[str, Any], key: str, schema: str, cfg: DictConfig) -> list[ConfigError]:
    declared = signature(schema)
    if declared is None:
        return []
    own = signature(str(section["_target_"])) if "_target_" in section else None
    known = {*declared.names(), *(own.names() if own else ()), *FLAGS, *read_by_interpolation(cfg, key)}
    keys = [f"{key}.{name}" for name in known if not name.startswith("_")]
    problem = "nothing reads this key" if key == "data" else f"a {key} section has no such key"
    errors = [_unknown(f"{key}.{name}", keys, problem) for name in section if name not in known]
    return errors + type_errors(section, key, declared)


def read_by_interpolation(cfg: DictConfig, section: str) -> set[str]:
    """The keys of a section that some value of the configuration refers to, as in ``${data.path}``."""
    found: set[str] = set()
    for text in _strings(OmegaConf.to_container(cfg, resolve=False)):
        for reference in text.split("${")[1:] if "${" in text else ():
            parts = reference.split("}")[0].split(",")[0].strip().split(".")
            if len(parts) > 1 and parts[0] == section:
                found.add(parts[1])
    return found


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _strings(value)


def _target(node: dict[str, Any], key: str, given: frozenset[str]) -> list[ConfigError]:
    target = node["_target_"]
    if target is UNRESOLVED:
        return []
    if not isinstance(target, str) or not is_allowed(target):
        return [refusal(key, target)]
    declared = signature(target)
    if declared is None:
        # A package whose source can be read has no such name; one that can't be read is left to the constructor.
        return [unknown(key, target)] if find_source(target.split(".")[0]) else []
    return [*_argument_names(node, key, declared, given), *type_errors(node, key, declared)]


def _other_role(target: Any, key: str, *, contract: Any) -> list[ConfigError]:
    """The error of a class that is none of those that its section is for: it would be built before anybody asks it."""
    wanted = (f"{CONTRACTS}.{contract}",) if key == "model.net" and isinstance(contract, str) else ROLES.get(key)
    known = ancestors(target) if isinstance(target, str) and is_allowed(target) else None
    if wanted is None or known is None:
        return []
    kinds = [name.rpartition(".")[2] for name in wanted]
    elsewhere = key == "model.net" and find_definition(CONTRACTS, kinds[0]) is None  # a contract of a user's own task
    by_name = (name for name in known if elsewhere or name[0] == "?")
    if known.intersection(wanted) or any(name.removeprefix("?").rpartition(".")[2] in kinds for name in by_name):
        return []
    problem, step = f"is no {' or '.join(kinds)}", f"bakeoff explain {key.partition('.')[0]}"
    return [ConfigError("config.wrong_target", f"{key}._target_", target, problem, next_step=step)]


def _argument_names(node: dict[str, Any], key: str, declared: Signature, given: frozenset[str]) -> list[ConfigError]:
    name, taken = declared.target.rpartition(".")[2], [item for item in arguments(key, node) if item not in given]
    known = {*taken, *section_fields(key), *FLAGS}
    errors = []
    if not declared.open and key not in SECTIONS:  # a section's own keys are checked with its schema
        problem, keys = f"{name} takes no such argument", [f"{key}.{item}" for item in taken]
        errors += [_unknown(f"{key}.{item}", keys, problem) for item in node if item not in known]
    if node.get("_partial_") or key in GIVEN_LATER:
        return errors
    for parameter in declared.parameters:
        if parameter.required and parameter.name not in node and parameter.name in taken:
            full = f"{key}.{parameter.name}"
            problem = f"{name} needs it" + (f": {parameter.doc}" if parameter.doc else "")
            errors.append(ConfigError("config.missing_value", full, None, problem, next_step=f"{full}=VALUE"))
    return errors


def _unknown(key: str, keys: list[str], problem: str) -> ConfigError:
    return ConfigError("config.unknown_key", key, None, problem, allowed=nearest_keys(key, keys) or None)
