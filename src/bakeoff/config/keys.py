"""Which keys a composed configuration has, and which more it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from bakeoff.config.catalog import Catalog
from bakeoff.config.locate import conf_dir
from bakeoff.config.schema import GIVEN_BY_PROGRAM, SECTIONS
from bakeoff.config.signatures import signature
from bakeoff.config.tree import flatten, targets


class KeyState(Enum):
    """What setting a dotted key would mean."""

    VALUE = "there is such a value"
    SECTION = "there is such a section, with keys of its own"
    NEW = "no file mentions it, but what reads the section takes it"
    UNKNOWN = "nothing reads it"


def find_key(cfg: DictConfig, key: str, root: Sequence[str]) -> KeyState:
    """What a dotted key stands for in a composed configuration; ``root`` are the keys that may stand at its top."""
    node: Any = cfg
    parts = key.split(".")
    for index, part in enumerate(parts):
        raw = _child(node, part)
        if raw is None:
            return _unmentioned(node, parts[:index], parts[index:], root)
        value = raw._value()
        if isinstance(value, str) and "${" in value:
            return KeyState.VALUE  # it refers elsewhere; composing shows whether the rest of the key fits
        node = raw
    return KeyState.SECTION if isinstance(node, DictConfig) and len(node) else KeyState.VALUE


def known_keys(plain: dict[str, Any]) -> list[str]:
    """Every key that a configuration has, and those that its constructors would take."""
    keys = {key for key in flatten(plain) if not key.rpartition(".")[2].startswith("_")}
    for prefix, node in targets(plain):
        keys |= {f"{prefix}.{name}" for name in arguments(prefix, node)}
    return sorted(keys)


def arguments(section: str, node: dict[str, Any]) -> list[str]:
    """The arguments of a section's ``_target_`` that a configuration may set; the program's own are left out."""
    declared = signature(str(node["_target_"]))
    given = given_to_models() if section == "model.net" else GIVEN_BY_PROGRAM.get(section, frozenset())
    return [name for name in (declared.names() if declared else ()) if name not in given]


def given_to_models(trees: Sequence[Path] = ()) -> frozenset[str]:
    """What tasks pass to the constructors of their models: those of these trees, besides bakeoff's own."""
    catalog = Catalog([conf_dir(), *trees])
    tasks = (catalog.content("task", task) for task in catalog.options("task"))
    return frozenset(
        name for task in tasks for contract in task.get("contract") or () for name in given_by(task, contract)
    )


def given_by(task: Mapping[str, Any], contract: str) -> Sequence[str]:
    """What the ``task`` section passes to the constructors of models of a contract."""
    gives = task.get("gives") or ()
    found: Sequence[str] = gives.get(contract, ()) if isinstance(gives, Mapping) else gives
    return found


def section_fields(section: str) -> list[str]:
    """The keys of a section that its schema declares, whatever its ``_target_`` takes."""
    declared = signature(SECTIONS[section]) if section in SECTIONS else None
    return declared.names() if declared else []


def _child(node: Any, part: str) -> Any:
    if isinstance(node, ListConfig) and part.isdigit() and int(part) < len(node):
        return node._get_node(int(part))
    if isinstance(node, DictConfig) and not node._is_none() and part in list(node.keys()):
        return node._get_node(part)
    return None


def _unmentioned(node: Any, above: Sequence[str], below: Sequence[str], root: Sequence[str]) -> KeyState:
    if not isinstance(node, DictConfig) or node._is_none():
        return KeyState.UNKNOWN
    section, name, last = ".".join(above), below[0], len(below) == 1
    if not section:
        return KeyState.NEW if last and name in root else KeyState.UNKNOWN
    content: Any = OmegaConf.to_container(node, resolve=False)
    if not isinstance(content, dict) or not content:
        return KeyState.NEW  # an empty mapping takes any key; what they are for is decided elsewhere
    if last and name in section_fields(section):
        return KeyState.NEW
    if not last or "_target_" not in content:
        return KeyState.UNKNOWN
    declared = signature(str(content["_target_"]))
    taken = name in arguments(section, content) or declared is None or declared.open
    return KeyState.NEW if taken else KeyState.UNKNOWN
