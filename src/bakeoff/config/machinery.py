"""What Hydra runs a command with: files are read once, and a command is composed once where it would be twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal import hydra as internal
from hydra.core.config_loader import ConfigLoader

from bakeoff.config.loading import Loader
from bakeoff.config.locate import conf_dir

_SET_MODE = ("hydra.mode", "hydra.searchpath")


class Machinery(internal.Hydra):
    """Hydra, with a loader that keeps what it has read."""

    def __init__(self, task_name: str, config_loader: ConfigLoader) -> None:
        super().__init__(task_name, Loader(config_loader.get_search_path()))

    def get_mode(self, config_name: str | None, overrides: Sequence[str]) -> Any:
        """The mode that a word or a file of the user's sets; bakeoff's own files set none, and are not asked."""
        trees = [Path(source.path) for source in self.config_loader.get_sources() if source.scheme() == "file"]
        if trees == [conf_dir()] and not any(name in word for name in _SET_MODE for word in overrides):
            return None
        return super().get_mode(config_name, list(overrides))


def install() -> None:
    """Has `hydra._internal.utils` take it."""
    internal.Hydra = Machinery  # type: ignore[misc]  # no argument of Hydra's takes it
