"""A bakeoff's folder, read: nothing is computed here, and what is not there is noted instead of raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.errors import ConfigError, DataError
from bakeoff.record import layout
from bakeoff.record.answers import labels_file, read_answers, read_labels
from bakeoff.record.contenders import Contender
from bakeoff.record.evidence import Audit
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import SCHEMA_VERSION, parsed, parsed_json, parsed_lines, parsed_object
from bakeoff.record.trials import MISSING, RecordedTrial
from bakeoff.record.verdict import LeaderboardRow, RecordedVerdict
from bakeoff.report.analysis.search import Validation, best_trials, read_validation
from bakeoff.report.measured import read_exhibits, read_measured, read_overview
from bakeoff.report.numbers import Metric
from bakeoff.tables import column

_MOST_NAMED = 5


@dataclass(frozen=True)
class Bakeoff:
    """A finished bakeoff, as its folder tells it.

    Attributes:
        labels: Targets of the test examples, ``(n,)`` where each has one class, or ``None`` if the folder lacks them.
        of_classes: Whether targets are classes of examples, as far as that is known; masks and texts are not.
        examples: Ids of the test examples in the same order; empty if the folder lacks them.
        trials: Every planned trial, contender by contender, in the order of the seeds.
        validation: What each trial was selected by; empty if the folder lacks it.
        audit: The audit of this folder, or ``None`` if there was none.
        manifest: The rules that were hashed before the first run; empty if the folder lacks them.
        openings: Each time that the test labels were opened.
        scaling: What `scale` measured of the contenders, or ``None``.
        gradients: What `gradients` found of them, or ``None``.
        explanations: What `why` found that they look at, or ``None``.
        robustness: What `robustness` found that they withstand, or ``None``.
        data_sizes: What `curve` found that they are worth when they learn from less, or ``None``.
        overview: What their answers to the whole test show, all together.
        exhibits: What contenders answered to a few test examples; empty where scores say it all.
        missing: What a reader should know is not there, one sentence each.
    """

    folder: Path
    plan: RecordedPlan
    verdict: RecordedVerdict
    trials: tuple[RecordedTrial, ...] = ()
    labels: np.ndarray | None = None
    examples: tuple[str, ...] = ()
    validation: Validation = field(default_factory=dict)
    audit: Audit | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    openings: tuple[Mapping[str, Any], ...] = ()
    missing: list[str] = field(default_factory=list)
    margin_rule: str = ""
    """What the margin was made of; empty where that is not written down."""
    scaling: Mapping[str, Any] | None = None
    gradients: Mapping[str, Any] | None = None
    explanations: Mapping[str, Any] | None = None
    robustness: Mapping[str, Any] | None = None
    data_sizes: Mapping[str, Any] | None = None
    exhibits: Mapping[str, Any] = field(default_factory=dict)
    overview: Sequence[Any] = ()
    of_classes: bool = True
    derived: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was computed of it and is asked for again, by name."""

    @property
    def metric(self) -> Metric:
        """The metric that decides."""
        return Metric.named(self.plan.metric, self.plan.facts, direction=self.plan.direction)

    def metric_named(self, name: str) -> Metric:
        """Another metric of the task."""
        return Metric.named(name, self.plan.facts)

    @property
    def contenders(self) -> list[LeaderboardRow]:
        """Leaderboard rows that can win, best first; a family's quality is that of its best of m, as in the verdict."""
        return [row for row in self.verdict.board(self.plan.metric) if not row.is_baseline]

    @property
    def baselines(self) -> list[LeaderboardRow]:
        """Leaderboard rows that are there to compare against."""
        return [row for row in self.verdict.leaderboard if row.is_baseline]

    def searched(self, name: str) -> Contender | None:
        """A contender as planned, with those points of its search that were run; None for one that was not tuned."""
        planned = next((entry for entry in self.plan.contenders if entry.name == name), None)
        if planned is None or not planned.points:
            return None
        runs = self.verdict.runs_of(name)
        return replace(planned, points=planned.points[:runs], trials=planned.trials[:runs])

    def trials_of(self, name: str) -> list[RecordedTrial]:
        """Trials of one contender, in the order of the seeds."""
        return [trial for trial in self.trials if trial.contender == name]

    def typical_trials(self, name: str) -> list[RecordedTrial]:
        """Trials that show what a contender does: all, or of a search the best quarter by validation."""
        trials, searched = self.trials_of(name), self.searched(name)
        if searched is None:
            return trials
        count = max(len(searched.trials) // 4, 1)
        chosen = set(best_trials(searched, self.validation, count=count, metric=self.metric))
        return [trial for trial in trials if trial.folder.name in chosen]


def read_bakeoff(folder: Path) -> Bakeoff:
    """Read the folder of a finished bakeoff.

    Raises:
        DataError: The folder holds no plan or verdict, or one of a schema that this version does not know.
    """
    plan = RecordedPlan.from_dict(_required(folder, layout.PLAN))
    verdict = RecordedVerdict.from_dict(_required(folder, layout.VERDICT))
    missing: list[str] = []
    trials = tuple(
        _trial(folder, contender, index) for contender in plan.contenders for index in range(len(contender.trials))
    )
    labels, of_classes = _labels(folder, missing)
    examples = tuple(
        str(name) for name in _optional(folder / layout.TEST_EXAMPLES, missing, "the ids of the test examples")
    )
    validation = read_validation(folder)
    if plan.num_tuning and not validation:
        missing.append(f"{layout.VALIDATION} can't be read, so it is not known which trials were selected.")
    missing.extend(_unfinished(trials, plan, verdict))
    return Bakeoff(
        folder,
        plan,
        verdict,
        trials,
        labels,
        examples,
        validation,
        audit=Audit.found(folder),
        manifest=parsed_object(folder / layout.MANIFEST) or {},
        openings=parsed_lines(folder / layout.OPENINGS),
        missing=missing,
        of_classes=of_classes,
        margin_rule=str((parsed_object(folder / layout.MARGIN) or {}).get("rule") or ""),
        scaling=read_measured(folder / layout.SCALE),
        gradients=read_measured(folder / layout.GRADIENTS),
        explanations=read_measured(folder / layout.EXPLANATIONS),
        robustness=read_measured(folder / layout.ROBUSTNESS),
        data_sizes=read_measured(folder / layout.DATA_SIZES),
        exhibits=read_exhibits(folder),
        overview=read_overview(folder),
    )


def read_either(folder: Path) -> Bakeoff:
    """A bakeoff's folder, or that of a run: a bakeoff of one trial, which has no verdict to read.

    Raises:
        ConfigError: neither is there.
        DataError: as `read_bakeoff`.
    """
    if (folder / layout.PLAN).exists():
        return read_bakeoff(folder)
    trial = RecordedTrial.found(folder)
    if trial is None or trial.config is None:
        problem = (
            f"no finished bakeoff or run there (looked for {layout.PLAN} and {layout.RESULT} in {folder.resolve()})"
        )
        step = "name the output_dir of compare or train"
        raise ConfigError("config.no_bakeoff", "folder", folder, problem, next_step=step)
    config, seeds = trial.config, [] if trial.seed is None else [trial.seed]
    task = {key: config["task"][key] for key in ("name", "metric", "direction")}
    data = {"name": config["data"]["name"], "spec": trial.spec or {}}
    own = {"name": trial.contender, "family": trial.family, "config": config, "trials": [trial.name]}
    plan = RecordedPlan.from_dict({"task": task, "data": data, "seeds": seeds, "contenders": [own]})
    return Bakeoff(folder, plan, RecordedVerdict(), (trial,))


def metric_lines(trial: RecordedTrial, *, kind: str) -> Iterator[dict[str, Any]]:
    """Entries of one kind (``train`` or ``val``) of a trial's metric log; a line cut off by a crash is passed over."""
    path = trial.folder / layout.METRICS
    if not path.is_file():
        return
    needle = f'"{kind}"'.encode()
    for line in path.read_bytes().splitlines():
        if needle in line:
            entry = parsed_json(line)
            if isinstance(entry, dict) and entry.get("kind") == kind:
                yield entry


def read_probabilities(trial: RecordedTrial) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Test-set class probabilities of a trial, shape ``(n, classes)``, and the classes that a threshold decided.

    ``None`` if it has no probabilities that can be read; no classes, shape ``(n,)``, where the most probable are said.
    """
    try:
        answers = read_answers(trial.folder)
        probabilities = column(answers, "probabilities")
    except (OSError, ValueError, KeyError):
        return None
    decided = column(answers, "decisions") if "decisions" in answers.column_names else None
    return (probabilities, decided) if probabilities.ndim == 2 else None


def _required(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        next_step = "run the same `bakeoff compare` command again; finished trials are kept"
        raise DataError("report.unfinished", "folder", folder.resolve(), f"no {name} there", next_step=next_step)
    raw = parsed_object(path)
    if raw is None:
        raise DataError("report.unreadable", "file", path, "is not a JSON object")
    if raw.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        version = raw["schema_version"]
        raise DataError("report.schema", "file", path, f"has schema version {version}", allowed=str(SCHEMA_VERSION))
    return raw


def _optional(path: Path, missing: list[str], what: str) -> list[Any]:
    value = parsed(path)
    if not isinstance(value, list):
        missing.append(f"{path.name} is not there, so {what} are unknown.")
        return []
    return value


def _labels(folder: Path, missing: list[str]) -> tuple[np.ndarray | None, bool]:
    """The labels, and whether they are classes of examples, as far as that is known."""
    try:
        labels = column(read_labels(folder), "label")
    except KeyError:  # of another task than classification
        return None, False
    except (OSError, ValueError):
        missing.append(
            f"{labels_file(folder).name} can't be read, so there are no confusions, mistakes or per-class figures."
        )
        return None, True
    return (labels.astype(np.int64) if labels.dtype.kind in "iub" else labels), True


def _trial(folder: Path, contender: Contender, index: int) -> RecordedTrial:
    place = layout.trial_folder(folder, contender.trials[index])
    found = RecordedTrial.found(place) or RecordedTrial(place)
    return replace(found, contender=contender.name)


def _unfinished(trials: tuple[RecordedTrial, ...], plan: RecordedPlan, verdict: RecordedVerdict) -> list[str]:
    """Trials without a result, except those that a race or an early decision made needless."""
    last = verdict.looks[-1].get("seeds") if verdict.looks else None
    needless = set()
    for contender in plan.contenders:
        runs = verdict.runs_of(contender.name) or last
        needless |= set(contender.trials[runs:] if verdict.looks and runs else ())
    without: dict[str, list[str]] = {}
    for trial in trials:
        if trial.status == MISSING and trial.folder.name not in needless:
            without.setdefault(trial.contender, []).append(trial.folder.name)
    return [sentence for name, ids in without.items() for sentence in _without_result(name, ids)]


def _without_result(contender: str, trials: list[str]) -> list[str]:
    """A sentence for each trial, or one for all of a contender's where they are more than a few."""
    if len(trials) > _MOST_NAMED:
        return [f"{len(trials)} trials of {contender} have no result and therefore no curve and no predictions."]
    what = "has no result and therefore no curve and no predictions."
    return [f"Trial {trial} of {contender} {what}" for trial in trials]
