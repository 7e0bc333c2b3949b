"""A trial's folder with its result, as ``result.json`` and the files beside it hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bakeoff.record.layout import CONFIG, RESULT, SPEC
from bakeoff.record.reading import known, parsed_object, read, read_if_there, require

MISSING = "missing"
"""The status of a trial without a result."""
REQUIRED = ("trial_id", "contender", "seed", "status")
REQUIRED_OF_FINISHED = ("validation", "test_predictions_sha256")


@dataclass(frozen=True)
class RecordedTrial:
    """What is recorded of a trial; figures that it did not come to measure are None."""

    folder: Path
    trial_id: str = ""
    contender: str = ""
    role: str = ""
    bakeoff_id: str | None = None
    model: str = ""
    family: str = ""
    seed: int | None = None
    status: str = MISSING
    why: str | None = None
    """What ended it, where it did not finish."""
    started: float | None = None
    wall_seconds: float | None = None
    validation: Mapping[str, float] = field(default_factory=dict)
    """What the selected weights reach in validation, by metric."""
    test: Mapping[str, float] = field(default_factory=dict)
    """Test metrics of a run of its own; of a bakeoff's trials the scorer writes them down."""
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    test_predictions_sha256: str | None = None
    model_sha256: Mapping[str, str] = field(default_factory=dict)
    """Of the files of its model, by name; of earlier trials nothing."""
    data_fingerprint: str | None = None
    params: int | None = None
    train_flops: float | None = None
    train_seconds: float | None = None
    examples_seen: float | None = None
    examples_per_second: float | None = None
    peak_memory_mb: float | None = None
    energy_j: float | None = None
    """Joules of the process that finished it."""
    co2e_g: float | None = None
    energy_by: str | None = None
    epochs: int | None = None
    gradients: str | None = None
    """``vanishing`` or ``exploding`` where they were in training."""
    accumulate: int = 1
    """Parts in which it went through each batch."""
    out_of_memory: int = 0
    killed: int = 0
    """How often its process was killed from outside."""
    """How often memory ran out."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The JSON itself."""

    @classmethod
    def read(cls, folder: Path) -> RecordedTrial:
        """The trial of a folder that holds a result, for a verdict to rest on.

        Raises:
            DataError: the result can't be read, or lacks something.
        """
        path = folder / RESULT
        raw = read(path)
        require(raw, REQUIRED, path)
        require(raw, REQUIRED_OF_FINISHED if raw["status"] == "finished" else (), path)
        return cls.from_dict(folder, raw)

    @classmethod
    def found(cls, folder: Path) -> RecordedTrial | None:
        """The trial of a folder for what is there; None without a result that can be read."""
        raw = parsed_object(folder / RESULT)
        return None if raw is None else cls.from_dict(folder, raw)

    @classmethod
    def from_dict(cls, folder: Path, raw: Mapping[str, Any]) -> RecordedTrial:
        """Read the JSON of ``result.json``."""
        mappings = {key: raw.get(key) or {} for key in ("validation", "test", "latency_ms")}
        return cls(**{**known(cls, raw), **mappings, "folder": folder, "raw": raw})

    @property
    def name(self) -> str:
        """The name of its folder, which is its id in a bakeoff."""
        return self.folder.name

    @property
    def failed(self) -> bool:
        """Whether it is scored as the trivial predictor."""
        return self.status != "finished"

    @property
    def ended(self) -> float | None:
        """When it ended, in Unix seconds; None where its end was never timed."""
        return self.started + (self.wall_seconds or 0.0) if self.started else None

    @cached_property
    def config(self) -> dict[str, Any] | None:
        """The configuration that it ran with; None where it did not come to write it."""
        return read_if_there(self.folder / CONFIG)

    @cached_property
    def spec(self) -> dict[str, Any] | None:
        """What its data was; None where it did not come to write it."""
        return read_if_there(self.folder / SPEC)
