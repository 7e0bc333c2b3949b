"""``bakeoff list GROUP``: what there is to choose from."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bakeoff.commands.arguments import Parser, add_config_dir, group_name, trees
from bakeoff.config.catalog import Catalog
from bakeoff.config.signatures import signature
from bakeoff.config.tree import get
from bakeoff.errors import ConfigError, nearest

_TARGETS = ("net._target_", "module.source._target_", "module._target_", "_target_")


def run(argv: Sequence[str]) -> None:
    """Prints a table of a group's options, or of the groups.

    Raises:
        ConfigError: there is no such group.
    """
    parser = Parser(prog="bakeoff list", description="What there is to choose from.")
    parser.add_argument("group", nargs="?", help="models, tasks, data, optimizers, ...; nothing lists the groups")
    add_config_dir(parser)
    arguments = parser.parse_args(argv)
    catalog = trees(arguments.config_dir)
    if arguments.group is None:
        show(_groups(catalog))
        return
    group = group_name(arguments.group, catalog)
    if group is None:
        allowed = nearest(arguments.group, catalog.groups(), count=len(catalog.groups()))
        raise ConfigError("config.unknown_group", "list", arguments.group, "there is no such group", allowed=allowed)
    show(_models(catalog) if group == "model" else _options(catalog, group))


def show(table: Table) -> None:
    """Prints a table as wide as the terminal, or 120 columns where the output goes elsewhere."""
    console = Console() if sys.stdout.isatty() else Console(width=120)
    console.print(table)


def plain_table(*columns: str) -> Table:
    """A table without frames, so that it can be piped and pasted."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0, overflow="fold")
    return table


def one_line(catalog: Catalog, group: str, name: str) -> str:
    """What an option is: its file's opening comment, or what its class says where that is advice only."""
    comment = catalog.summary(group, name)
    if comment and not any(sign in comment for sign in ("=", "pip install")):
        return comment
    content = catalog.content(group, name)
    declared = (signature(str(get(content, key, ""))) for key in _TARGETS)
    return next((found.summary for found in declared if found and found.summary), comment)


def _groups(catalog: Catalog) -> Table:
    table = plain_table("group", "options")
    for group in catalog.groups():
        if catalog.options(group):
            table.add_row(group, escape(", ".join(catalog.options(group))))
    return table


def _options(catalog: Catalog, group: str) -> Table:
    table = plain_table(group, "what it is")
    for name in catalog.options(group):
        table.add_row(name, escape(one_line(catalog, group, name)))
    return table


def _models(catalog: Catalog) -> Table:
    table = plain_table("model", "family", "for", "what it is", "paper")
    names = catalog.options("model")
    for name in sorted(names, key=lambda name: (str(catalog.content("model", name).get("family")), name)):
        content = catalog.content("model", name)
        serves = content.get("data_kind") or content.get("contract")
        cells = [content.get("family"), serves, one_line(catalog, "model", name), content.get("paper")]
        table.add_row(name, *(escape(str(cell or "")) for cell in cells))
    return table
