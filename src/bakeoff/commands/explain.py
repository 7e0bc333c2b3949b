"""``bakeoff explain WORD``: what a key, a group or an option means, where it comes from, how to change it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.markup import escape

from bakeoff.commands.arguments import Parser, add_config_dir, group_name
from bakeoff.commands.listing import one_line, plain_table, show
from bakeoff.config.annotations import describe
from bakeoff.config.catalog import Catalog, notes
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer, Layer
from bakeoff.config.keys import KeyState, arguments, find_key, known_keys
from bakeoff.config.schema import PIPELINES, SECTIONS
from bakeoff.config.signatures import Parameter, signature
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.tree import flatten, get
from bakeoff.config.validation import root_fields
from bakeoff.errors import BakeoffError, ConfigError


@dataclass(frozen=True)
class Page:
    """A composed pipeline, to look keys up in."""

    composer: Composer
    pipeline: str
    overrides: list[str]
    cfg: Any
    """The composed configuration, a DictConfig."""

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The configuration as plain values, references unresolved."""
        content: Any = OmegaConf.to_container(self.cfg, resolve=False)
        return {str(key): value for key, value in content.items()}

    @cached_property
    def layers(self) -> list[Layer]:
        """The files that it is composed from; later ones win."""
        return self.composer.layers(self.pipeline, self.overrides)


def run(argv: Sequence[str]) -> None:
    """Prints what a word means.

    Raises:
        ConfigError: it is no key, group or option; the nearest are named.
    """
    parser = Parser(prog="bakeoff explain", description="What a key, a group or a model means.")
    parser.add_argument("word", help="a key (optimizer.lr), a group (model) or an option (resnet)")
    parser.add_argument("overrides", nargs="*", help="choices under which to explain it (optimizer=sgd)")
    parser.add_argument("--pipeline", choices=list(PIPELINES), help="where to look first")
    add_config_dir(parser)
    words = parser.parse_args(argv)
    composer = Composer(config_dir=words.config_dir)
    group = group_name(words.word, composer.catalog) if "." not in words.word else None
    if group is not None:
        _explain_group(composer, group, words.overrides)
        return
    pages = []
    for page in _pages(composer, words.overrides, words.pipeline):
        pages.append(page)
        if find_key(page.cfg, words.word, root_fields(page.pipeline, composer.catalog)) is not KeyState.UNKNOWN:
            _explain_key(page, words.word)
            return
    homes = [group for group in composer.catalog.groups() if words.word in composer.catalog.options(group)]
    if homes:
        _explain_option(composer.catalog, "model" if "model" in homes else homes[0], words.word)
        return
    raise _unknown(words.word, pages, composer.catalog)


def _unknown(word: str, pages: Sequence[Page], catalog: Catalog) -> ConfigError:
    keys = {key for page in pages for key in known_keys(page.plain)} | set(catalog.groups())
    keys |= set() if "." in word else {option for group in catalog.groups() for option in catalog.options(group)}
    problem = "is no key, group or option"
    return ConfigError("config.unknown_key", word, None, problem, allowed=nearest_keys(word, keys))


def _pages(composer: Composer, overrides: list[str], pipeline: str | None) -> Iterator[Page]:
    """The pipelines that take these overrides, one after another; without overrides, then train with each task.

    Raises:
        BakeoffError: none of them does.
    """
    error, found = None, False
    looked_at = [(name, overrides) for name in ([pipeline] if pipeline else PIPELINES)]
    if not overrides:
        looked_at += [(pipeline or "train", [f"task={task}"]) for task in composer.catalog.options("task")]
    for name, words in looked_at:
        try:
            checked = Checker(composer, pipeline=name, validating=False).check(words) if words else []
            page = Page(composer, name, checked, composer.compose(name, checked).cfg)
        except BakeoffError as problem:
            error = error or problem
            continue
        found = True
        yield page
    if error and not found:
        raise error


def _explain_key(page: Page, key: str) -> None:
    value, found = get(page.plain, key), _parameter(page, key)
    parameter, owner = found or (None, "")
    note, where = _origin(page, key)
    if isinstance(value, dict) and value:
        print(f"{key}: a section of the {page.pipeline} pipeline")
        _print_docs(note, parameter)
        _print_fields(page, key, value)
        return
    missing = find_key(page.cfg, key, root_fields(page.pipeline, page.composer.catalog)) is KeyState.NEW
    print(key if missing else f"{key} = {_text(value)}")
    _print_docs(note, parameter)
    facts = {"type": describe(parameter.annotation) if parameter and parameter.annotation else _kind(value)}
    if parameter and parameter.default is not None:
        facts["default"] = f"{parameter.default} (of {owner})"
    facts["value from"] = where or "the default: no file mentions it"
    example = parameter.default if missing and parameter and parameter.default else _text(value)
    choices = [word.lstrip("+") for word in page.overrides if word.lstrip("+").partition("=")[0] != key]
    command = " ".join(["bakeoff", page.pipeline, *choices])
    facts["change it"] = f"{command} {key}={'VALUE' if example == '???' else example}"
    for name, text in facts.items():
        print(f"  {name:<11}{text}")


def _print_docs(note: str, parameter: Parameter | None) -> None:
    for text in dict.fromkeys(doc.rstrip(".") for doc in (note, parameter.doc if parameter else "")):
        if text:
            print(textwrap.fill(text, width=100, initial_indent="  ", subsequent_indent="  "))


def _print_fields(page: Page, key: str, section: dict[str, Any]) -> None:
    table = plain_table("key", "value", "what it is")
    names = [name for name in section if not name.startswith("_")]
    names += [name for name in (arguments(key, section) if "_target_" in section else ()) if name not in names]
    for name in names:
        found, (note, _) = _parameter(page, f"{key}.{name}"), _origin(page, f"{key}.{name}")
        parameter = found[0] if found else None
        default = parameter.default if parameter and parameter.default else "???"
        value = _text(section[name]) if name in section else default
        doc = note or (parameter.doc if parameter else "")
        table.add_row(f"{key}.{name}", escape(value), escape(textwrap.shorten(doc, 160)))
    show(table)


def _parameter(page: Page, key: str) -> tuple[Parameter, str] | None:
    """The argument behind a key and what takes it; through ``${data.path}`` also the constructor that reads it."""
    section, _, name = key.rpartition(".")
    homes = [
        get(page.plain, f"{section}._target_"),
        SECTIONS.get(section),
        None if section else PIPELINES[page.pipeline],
    ]
    for home in filter(None, homes):
        declared = signature(str(home))
        parameter = declared.get(name) if declared else None
        if parameter is not None:
            return parameter, str(home)
    readers = (reader for reader in flatten(page.plain) if get(page.plain, reader) == f"${{{key}}}")
    return next(filter(None, (_parameter(page, reader) for reader in readers)), None)


def _origin(page: Page, key: str) -> tuple[str, str]:
    """The comment beside a key's value and the place of that value, such as ``conf/optimizer/adamw.yaml:4``."""
    if any(word.lstrip("+").partition("=")[0] == key for word in page.overrides):
        return "", "the command line"
    for layer in reversed(page.layers):
        inside = key if not layer.section else key.removeprefix(f"{layer.section}.")
        if layer.section and inside == key:
            continue
        note = notes(layer.path).get(inside)
        if note:
            return note.comment, f"{_shown(layer.path, page.composer)}:{note.line}"
    return "", ""


def _shown(path: Path, composer: Composer) -> str:
    root = composer.folders[0]
    return f"conf/{path.relative_to(root)}" if path.is_relative_to(root) else str(path)


def _explain_group(composer: Composer, group: str, overrides: list[str]) -> None:
    print(f"{group}: choose with {group}=NAME")
    for pipeline in PIPELINES:
        schema = signature(PIPELINES[pipeline])
        parameter = schema.get(group) if schema else None
        if parameter and parameter.doc:
            print(f"  {parameter.doc}")
            break
    table = plain_table(group, "what it is")
    for name in composer.catalog.options(group):
        table.add_row(name, escape(one_line(composer.catalog, group, name)))
    show(table)
    for page in _pages(composer, overrides, None):
        if get(page.plain, group):
            print(f"Now chosen in {page.pipeline}: {_chosen(page, group)}. Its keys:")
            _print_fields(page, group, page.plain[group])
            return


def _chosen(page: Page, group: str) -> str:
    files = [layer.path.stem for layer in page.layers if layer.path.parent.name == group]
    return files[-1] if files else "nothing"


def _explain_option(catalog: Catalog, group: str, name: str) -> None:
    content, path = catalog.content(group, name), catalog.path(group, name)
    print(f"{name}: {one_line(catalog, group, name)}")
    for key in ("family", "contract", "data_kind", "paper"):
        if key in content:
            print(f"  {key:<11}{content[key]}")
    print(f"  {'choose it':<11}{group}={name}")
    print(f"  {'file':<11}{path}")
    table = plain_table("key", "value", "type", "what it is")
    for row in option_rows(catalog, group, name):
        table.add_row(escape(row.key), escape(row.value), escape(row.kind), escape(textwrap.shorten(row.doc, 160)))
    show(table)


@dataclass(frozen=True)
class OptionRow:
    """A setting of an option: its key as one types it, its value, its type and what it means."""

    key: str
    value: str
    kind: str
    doc: str


def option_rows(catalog: Catalog, group: str, name: str) -> list[OptionRow]:
    """The settings of an option, its own before those that it inherits, and then what its constructor takes besides."""
    content, path = catalog.content(group, name), catalog.path(group, name)
    prefix = f"{group}.net" if "net" in content else ("" if group == "experiment" else group)
    section = content.get("net", content)
    beside = catalog.comments(group, name)
    declared = signature(str(section.get("_target_", "")))
    given = _settings(section)
    own = {key.removeprefix("net.") for key in (notes(path) if path else ())}
    names = sorted(given, key=lambda key: key not in own)
    names += [key for key in (arguments(prefix, section) if declared else ()) if key not in section]
    rows = []
    for key in names:
        parameter = declared.get(key) if declared else None
        doc = beside.get(f"net.{key}" if "net" in content else key) or (parameter.doc if parameter else "")
        value = _text(given[key]) if key in given else str(parameter.default if parameter else "")
        kind = describe(parameter.annotation) if parameter and parameter.annotation else _kind(given.get(key))
        rows.append(OptionRow(f"{prefix}.{key}".lstrip("."), value, kind, doc))
    return rows


def _settings(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values to set, by dotted key; what an object is made of says so at its own."""
    found: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, dict) and value:
            found |= {} if "_target_" in value else _settings(value, f"{prefix}{key}.")
        elif not key.startswith("_"):
            found[f"{prefix}{key}"] = value
    return found


def _text(value: Any) -> str:
    """A value as one would type it."""
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{...}"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _kind(value: Any) -> str:
    kinds = {bool: "bool", int: "int", float: "float", str: "text", list: "list", dict: "section"}
    return kinds.get(type(value), "any")
