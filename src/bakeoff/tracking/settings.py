"""Where runs are tracked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """The ``tracking`` section of a configuration.

    Args:
        enabled: False keeps the local log only.
        uri: an MLflow tracking URI; None is ``mlflow.db`` in the output folder.
        experiment: the experiment's name; None is ``<task>/<data>``.
        every_s: seconds between batches sent to the store.
    """

    enabled: bool = True
    uri: str | None = None
    experiment: str | None = None
    every_s: float = 5.0

    def __post_init__(self) -> None:
        if self.every_s <= 0:
            raise ValueError(f"every_s must be above 0 seconds; got {self.every_s}")

    def store(self, root: Path) -> str:
        """The URI to use, for output under ``root``."""
        return self.uri or f"sqlite:///{(root / 'mlflow.db').resolve()}"
