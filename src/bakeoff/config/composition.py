"""From a primary configuration and overrides to a composed configuration, with errors of ours instead of Hydra's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import setup_globals
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bakeoff.config.catalog import Catalog
from bakeoff.config.loading import Loader
from bakeoff.config.locate import conf_dir
from bakeoff.errors import ConfigError, nearest

_COMPOSITION_ERRORS = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, OSError)

_active: list[Path] = []


@dataclass(frozen=True)
class Layer:
    """A file that went into a configuration, and the section it filled (empty for the root)."""

    path: Path
    section: str


@dataclass(frozen=True)
class Composed:
    """A composed configuration.

    Attributes:
        cfg: what the pipeline gets.
        hydra: Hydra's own section.
    """

    cfg: DictConfig
    hydra: DictConfig


class Composer:
    """Composes configurations from bakeoff's tree and, optionally, a user's own.

    Args:
        folder: the main tree; None is bakeoff's.
        config_dir: a tree of the user's (``--config-dir``).

    Raises:
        ConfigError: ``config_dir`` is no folder, or holds a file that would never be read.
    """

    def __init__(self, *, folder: Path | None = None, config_dir: Path | None = None) -> None:
        self.folders = [folder or conf_dir()]
        if config_dir is not None:
            if not config_dir.is_dir():
                problem = f"there is no folder {config_dir.resolve()}"
                raise ConfigError("config.no_config_dir", "--config-dir", config_dir, problem)
            self.folders.append(config_dir.resolve())
            _refuse_hidden(*self.folders)
        self.catalog = Catalog(self.folders)
        setup_globals()
        search_path = create_config_search_path(f"file://{self.folders[0].resolve()}")
        for extra in self.folders[1:]:
            search_path.prepend("command-line", f"file://{extra}", SearchPathQuery(provider="schema"))
        self.loader = Loader(search_path)

    def compose(self, config_name: str | None, overrides: Sequence[str] = ()) -> Composed:
        """The configuration of a primary file with overrides.

        Raises:
            ConfigError: it can't be composed; the error names the key or file.
        """
        try:
            cfg = self.loader.load_configuration(
                config_name, list(overrides), RunMode.RUN, from_shell=False, validate_sweep_overrides=False
            )
        except _COMPOSITION_ERRORS as error:
            raise self._explained(error, config_name) from error
        hydra = cfg.hydra
        OmegaConf.set_struct(cfg, False)
        del cfg["hydra"]
        return Composed(cfg, hydra)

    def layers(self, config_name: str, overrides: Sequence[str] = ()) -> list[Layer]:
        """The files that a configuration is composed from; later ones win."""
        defaults = self.loader.compute_defaults_list(config_name, list(overrides), RunMode.RUN).defaults
        found = (self._layer(str(default.config_path), str(default.package or "")) for default in defaults)
        return [layer for layer in found if layer]

    def option_groups(self) -> list[str]:
        """The groups that take ``group=option``, Hydra's own included."""
        hydra = ("launcher", "sweeper", "job_logging", "hydra_logging", "output", "help", "env")
        return [*self.catalog.groups(), "hydra", *(f"hydra/{name}" for name in hydra)]

    def options(self, group: str) -> list[str]:
        """The options of a group, those of Hydra's plugins included."""
        own = self.catalog.options(group)
        return sorted({*own, *self.loader.get_group_options(group)}) if group.startswith("hydra/") or not own else own

    def _layer(self, config_path: str, package: str) -> Layer | None:
        group, _, name = config_path.rpartition("/")
        path = self.catalog.path(group, name.removesuffix(".yaml"))
        return Layer(path, package.replace("_global_", "")) if path else None

    def _explained(self, error: Exception, config_name: str | None) -> ConfigError:
        """Hydra's complaint as an error of ours."""
        causes = [error]
        while isinstance(causes[-1].__cause__, Exception):
            causes.append(causes[-1].__cause__)
        for cause in causes:
            if isinstance(cause, yaml.MarkedYAMLError):
                return _bad_yaml(cause)
        text = next((str(cause) for cause in reversed(causes) if str(cause)), type(error).__name__)
        lines = [line.strip() for cause in causes for line in str(cause).splitlines() if line.strip()]
        if isinstance(error, MissingConfigException) and error.missing_cfg_file:
            return self._missing_file(str(error.missing_cfg_file), config_name)
        if lines and lines[0].startswith("You must specify"):
            group = lines[0].split("'")[1]
            return missing_choice(group, self.options(group))
        told = [
            line for line in lines or [text] if "+" not in line and "full_key" not in line and "object_type" not in line
        ]
        return ConfigError("config.invalid", config_name or "config", None, "; ".join(dict.fromkeys(told)) or text)

    def _missing_file(self, missing: str, config_name: str | None) -> ConfigError:
        group, _, name = missing.rpartition("/")
        names = sorted({path.stem for root in self.folders for path in (root / group).glob("*.yaml")})
        if not group and name == config_name:
            return ConfigError(
                "config.no_config", "--config-name", name, "there is no such file", allowed=nearest(name, names)
            )
        problem = f"there is no such {group or 'configuration'}; a defaults list names it"
        return ConfigError(
            "config.unknown_option", group, name, problem, allowed=nearest(name, names, count=len(names))
        )


def _refuse_hidden(main: Path, own: Path) -> None:
    """Refuses a file of the user's that Hydra would pass over for one of the same name in the main tree."""
    for path in sorted((*own.glob("*.yaml"), *own.glob("*/*.yaml"))):
        name = path.relative_to(own)
        if (main / name).is_file() and (main / name).read_bytes() != path.read_bytes():
            problem = f"bakeoff's own {name} would be read in its place"
            step = f"give it a name of its own, such as {name.with_stem(f'my_{name.stem}')}"
            raise ConfigError("config.hidden_file", "--config-dir", path, problem, next_step=step)


def apply_overrides(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Sets values in a composed configuration, as Hydra would after composing it.

    Raises:
        ConfigError: a value does not fit where it should go.
    """
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        try:
            Loader._apply_overrides_to_config([override], cfg)
        except _COMPOSITION_ERRORS as error:
            key, value = override.key_or_group, str(override.input_line).partition("=")[2]
            cause = error.__cause__ or error
            raise ConfigError("config.invalid", key, value, str(cause).split("\n")[0]) from error


def _bad_yaml(error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark
    where = f"{mark.name}:{mark.line + 1}" if mark else "a file"
    return ConfigError("config.bad_yaml", where, None, f"is not valid YAML: {error.problem or error}")


def missing_choice(group: str, options: Sequence[str]) -> ConfigError:
    """The error for a group of which one option must be chosen."""
    return ConfigError(
        "config.missing_value",
        group,
        "???",
        "must be chosen",
        allowed=options,
        next_step=f"{group}={(options or ['NAME'])[0]}",
    )


def use_trees(folders: Sequence[Path]) -> None:
    """Makes these the trees of `compose_section` in this process."""
    _active[:] = folders


def own_tree() -> Path | None:
    """The ``--config-dir`` of the running command; None without one."""
    return _active[1] if len(_active) > 1 else None


def compose_section(group: str, option: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One option of a group, resolved, as plain values: ``compose_section("model", "vit")``.

    It comes from the trees of the running command, so a model from ``--config-dir`` is found too. ``changes`` of the
    section's own keys are made before interpolations are resolved.

    Raises:
        ConfigError: there is no such option; the valid ones are listed, nearest first.
    """
    composer = _active_composer()
    options = composer.options(group)
    if option not in options:
        raise unknown_option(group, option, options)
    cfg = composer.compose(None, [f"+{group}={option}"]).cfg
    try:
        for key, value in (changes or {}).items():
            OmegaConf.update(cfg, f"{group}.{key}", value, merge=True)
    except OmegaConfBaseException as error:
        raise ConfigError("config.invalid", group, option, str(error).split("\n")[0]) from error
    try:
        section = OmegaConf.to_container(cfg[group], resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError("config.bad_interpolation", group, option, str(error).split("\n")[0]) from error
    assert isinstance(section, dict)
    return {str(key): value for key, value in section.items()}


def sections() -> Catalog:
    """What can be chosen from in the trees of the running command."""
    return _active_composer().catalog


def _active_composer() -> Composer:
    return Composer(folder=_active[0] if _active else None, config_dir=own_tree())


def unknown_option(group: str, option: str, options: Sequence[str]) -> ConfigError:
    """The error for an option that a group does not have."""
    listed = nearest(option, options, count=len(options))
    step = f"bakeoff list {group}" if not group.startswith("hydra") else None
    return ConfigError(
        "config.unknown_option", group, option, f"there is no such {group}", allowed=listed, next_step=step
    )
