"""Hydra's loader of configurations, which reads a file once a process instead of once a composition.

A command composes several times: to check its words, for Hydra's own run, for each job of a multirun. Most of a
composition's time went into parsing the same twenty files.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository, IConfigRepository
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource

_read: dict[tuple[Any, ...], ConfigResult | None] = {}


class Loader(ConfigLoaderImpl):
    """Composes as Hydra does, from files that are read again only when they have changed."""

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        self.config_search_path = config_search_path
        self.repository = _Files(config_search_path)

    def _load_single_config(self, default: ResultDefault, repo: IConfigRepository) -> ConfigResult:
        """One file of a composition; a copy, since those after it are merged into what lies at the top."""
        placed: ConfigResult = super()._load_single_config(default, repo)
        assert default.config_path is not None
        read = repo.load_config(default.config_path)
        if read is None or placed.config is not read.config:  # placing it in a package has copied it
            return placed
        own = copy.copy(placed)
        own.config = copy.deepcopy(placed.config)
        return own


class _Files(ConfigRepository):
    """The files of a search path, as they were read first."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        key = _version(source, config_path) if source else None
        if key is None:
            return super().load_config(config_path)
        if key not in _read:
            _read[key] = super().load_config(config_path)
        return copy.copy(_read[key])  # Hydra exchanges the content where there is a schema of the same name

    def __deepcopy__(self, memo: dict[int, Any]) -> _Files:
        """What Hydra takes for each composition, to exchange the sources in; they themselves do not change."""
        return copy.copy(self)


def _version(source: ConfigSource, config_path: str) -> tuple[Any, ...] | None:
    """What tells a file's content from that of any other, and of its own later; None where nothing does."""
    where = (source.scheme(), source.provider, source.path, config_path)
    if source.scheme() == "pkg":
        return where
    if source.scheme() != "file":
        return None
    found = Path(source.path, source._normalize_file_name(config_path)).stat()
    return (*where, found.st_ino, found.st_size, found.st_mtime_ns)
