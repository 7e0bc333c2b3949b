"""Where runs are tracked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """The ``tracking`` section of a configuration.

    Args:
        enabled: False keeps the local log only.
        uri: an MLflow tracking URI; None is ``mlflow.db`` in the output folder.
        experiment: the experiment's name; None is ``<task>/<data>``.
        every_s: seconds between batches sent to the store.
        system_every_s: seconds between samples of processor, memory and GPU; None takes none.
    """

    enabled: bool = True
    uri: str | None = None
    experiment: str | None = None
    every_s: float = 5.0
    system_every_s: float | None = 10.0

    def __post_init__(self) -> None:
        if self.every_s <= 0:
            raise ValueError(f"every_s must be above 0 seconds; got {self.every_s}")
        if self.system_every_s is not None and self.system_every_s <= 0:
            raise ValueError(f"system_every_s must be above 0 seconds, or null; got {self.system_every_s}")

    def store(self, root: Path) -> str:
        """The URI to use, for output under ``root``; a database is named by its absolute path."""
        if self.uri is None:
            return f"{_SQLITE}{(root / 'mlflow.db').resolve()}"
        if self.uri.startswith(_SQLITE):
            return f"{_SQLITE}{Path(self.uri.removeprefix(_SQLITE)).resolve()}"
        return self.uri
