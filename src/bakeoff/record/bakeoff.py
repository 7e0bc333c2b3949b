"""A bakeoff as its folder holds it: what was planned, what was recorded, and how often the test set was opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from bakeoff.errors import ConfigError, DataError
from bakeoff.files import read_json
from bakeoff.record.contenders import Contender, Point

PLAN, MANIFEST, OPENINGS, VERDICT = "plan.json", "manifest.json", "openings.jsonl", "verdict.json"


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that ``plan.json`` names.

    Attributes:
        trial_id: name of its folder.
        contender: whose trial it is.
        role: ``contender`` or ``baseline``.
        point: its number, its seed and, where it was tuned, its searched values.
    """

    trial_id: str
    contender: str
    role: str
    point: Point

    @property
    def seed(self) -> int:
        """What it was to be started with."""
        return self.point.seed


@dataclass(frozen=True)
class RecordedTrial:
    """A trial's folder with a result: ``result.json``, and the other files where the trial came to write them."""

    folder: Path
    result: dict[str, Any]
    config: dict[str, Any] | None
    spec: dict[str, Any] | None

    @classmethod
    def read(cls, folder: Path) -> RecordedTrial:
        """The trial of a folder that holds a result."""
        config, spec = (_optional(folder / name) for name in ("config.json", "spec.json"))
        return cls(folder, _read(folder / "result.json"), config, spec)

    @property
    def name(self) -> str:
        """Its trial id, which is the name of its folder."""
        return self.folder.name

    @property
    def failed(self) -> bool:
        """Whether it is scored as the trivial predictor."""
        return self.result["status"] != "finished"


@dataclass(frozen=True)
class RecordedBakeoff:
    """Everything that a bakeoff's folder says of itself; ``manifest`` and ``verdict`` are None where there is none.

    ``stage`` is the number of trials of each contender that a bakeoff which still runs has come to; None at its end.
    """

    path: Path
    plan: dict[str, Any]
    manifest: dict[str, Any] | None
    openings: tuple[dict[str, Any], ...]
    verdict: dict[str, Any] | None
    trials: dict[str, RecordedTrial]
    """Every trial with a result, planned or not, by id."""
    stage: int | None = None

    @classmethod
    def read(cls, path: Path, *, stage: int | None = None) -> RecordedBakeoff:
        """The bakeoff of a folder.

        Args:
            path: the folder.
            stage: the look that a running bakeoff has come to.

        Raises:
            ConfigError: there is no plan.
            DataError: a file that cannot be read.
        """
        if not (path / PLAN).exists():
            problem = f"no bakeoff there (looked for {PLAN} in {path.resolve()})"
            raise ConfigError("config.no_bakeoff", "folder", path, problem, next_step="name the output_dir of compare")
        trials = {file.parent.name: RecordedTrial.read(file.parent) for file in path.glob("trials/*/result.json")}
        return cls(
            path=path,
            plan=_read(path / PLAN),
            manifest=_optional(path / MANIFEST),
            openings=_lines(path / OPENINGS),
            verdict=_optional(path / VERDICT),
            trials=dict(sorted(trials.items())),
            stage=stage,
        )

    @property
    def contenders(self) -> list[dict[str, Any]]:
        """The plan's entries, baselines included."""
        return self.plan["contenders"]

    @property
    def tuned(self) -> bool:
        """Whether every contender was searched for its best settings (rule 9)."""
        return bool((self.plan.get("tune") or {}).get("trials"))

    @property
    def looks(self) -> list[int]:
        """How many trials a contender was declared to have when the test is opened; one number without looks."""
        if self.plan.get("looks"):
            return sorted(map(int, self.plan["looks"]))
        declared = (self.manifest or {}).get("rules", self.plan)["seeds"]
        return [int(self.plan["tune"]["trials"]) if self.tuned else len(declared)]

    @cached_property
    def planned(self) -> list[PlannedTrial]:
        """Every trial that the plan names, contender by contender, in the order of its trials."""
        return [trial for entry in self.contenders for trial in self._planned_of(entry)]

    def recorded_of(self, contender: str) -> list[RecordedTrial]:
        """The planned trials of a contender that have a result, in the plan's order."""
        names = [trial.trial_id for trial in self.planned if trial.contender == contender]
        return [self.trials[name] for name in names if name in self.trials]

    def _planned_of(self, entry: Mapping[str, Any]) -> list[PlannedTrial]:
        contender = contender_of(entry)
        seeds = [seed + contender.seed_offset for seed in self.plan["seeds"]]
        points = contender.points or [Point(number, seed) for number, seed in enumerate(seeds)]
        return [
            PlannedTrial(name, entry["name"], entry["role"], point)
            for name, point in zip(entry["trials"], points, strict=False)
        ]


def contender_of(entry: Mapping[str, Any]) -> Contender:
    """The contender that an entry of ``plan.json`` describes."""
    names = {item.name for item in fields(Contender)} - {"points"}
    points = [Point(**point) for point in entry.get("points") or []]
    return Contender(**{name: value for name, value in entry.items() if name in names}, points=points)


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except ValueError as error:
        problem = f"it is no JSON ({error})"
        raise DataError(
            "data.damaged_file", "folder", path, problem, next_step="restore it, or compare again"
        ) from error


def _optional(path: Path) -> Any:
    return _read(path) if path.exists() else None


def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    """The records of a file of JSON lines; a last line that a kill cut off is left out."""
    if not path.exists():
        return ()
    found = []
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            if number < len(lines):
                problem = f"line {number} is no JSON"
                raise DataError("data.damaged_file", "folder", path, problem) from error
    return tuple(found)
