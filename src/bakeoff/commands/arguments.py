"""Reading a command's own words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from bakeoff.config.allowlist import allow, check_own
from bakeoff.config.catalog import Catalog
from bakeoff.config.locate import conf_dir
from bakeoff.errors import ConfigError


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of ours, in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuses the words.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("config.bad_flag", self.prog, None, message, next_step=f"{self.prog} --help")


def add_config_dir(parser: argparse.ArgumentParser) -> None:
    """Adds ``--config-dir``, a tree of the user's own files."""
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help="look for your own YAML files in DIR too")


def add_own_code(parser: argparse.ArgumentParser) -> None:
    """Adds ``--config-dir`` and ``--allow-code``: what a command needs that opens runs of the user's own classes."""
    add_config_dir(parser)
    help_text = "your own package whose classes the configuration names; may be given several times"
    parser.add_argument("--allow-code", action="append", default=[], metavar="PACKAGE", help=help_text)


def use_own_code(words: argparse.Namespace) -> None:
    """Makes the user's files and packages known to this process, as `add_own_code` has read them.

    Raises:
        ConfigError: no such folder, or a package that is none of the user's.
    """
    from bakeoff.config.composition import use_trees  # Hydra, which commands without runs can do without

    use_trees(trees(words.config_dir).folders)
    check_own(words.allow_code)
    allow(words.allow_code)


def trees(config_dir: Path | None) -> Catalog:
    """The catalog of bakeoff's files and the user's.

    Raises:
        ConfigError: ``config_dir`` is no folder.
    """
    if config_dir is not None and not config_dir.is_dir():
        problem = f"there is no folder {config_dir.resolve()}"
        raise ConfigError("config.no_config_dir", "--config-dir", config_dir, problem)
    return Catalog([conf_dir(), *([config_dir] if config_dir else [])])


def group_name(word: str, catalog: Catalog) -> str | None:
    """The group that a word means, in the singular or plural; None when there is no such group."""
    groups = catalog.groups()
    candidates = (word, word.removesuffix("s"), word.removesuffix("ies") + "y")
    return next((candidate for candidate in candidates if candidate in groups), None)
