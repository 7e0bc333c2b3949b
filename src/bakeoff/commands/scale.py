"""``scale``: what contenders cost against sequence length and width, as JSON, a page and a table."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.commands.console import page_console
from bakeoff.commands.report import run as build_report
from bakeoff.comparison.measuring.campaign import make_points, measure_points, summarised
from bakeoff.comparison.planning.budgets import fit_budget
from bakeoff.comparison.planning.contenders import enter
from bakeoff.config import allow
from bakeoff.data.spec import Spec
from bakeoff.errors import ConfigError
from bakeoff.files import write_json
from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.contenders import Contender
from bakeoff.record.layout import PLAN, SCALE, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import SCHEMA_VERSION, sha256_of
from bakeoff.report.pages.measured import write_scaling_page
from bakeoff.report.sections.scaling import print_scaling
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.saved_run import check_targets

DEFAULT_ROOT = Path("outputs/scale")


@dataclass(frozen=True)
class Subject:
    """What is measured.

    ``unsized`` are the same contenders with the arguments of their YAML.
    """

    config: Mapping[str, Any]
    spec: Spec
    contenders: list[Contender]
    unsized: list[Contender]


def run(config: Mapping[str, Any]) -> Path:
    """Measures, and writes ``scale.json`` and ``scale.html``; with ``scale.bakeoff``, into its folder and report.

    Raises:
        ConfigError: data that are no sequences, a size below 1, no such bakeoff, or nothing could be measured.
    """
    console = page_console()
    allow(config["allow_code"])
    settings = config["scale"]
    check_sizes("scale.lengths", settings["lengths"])
    check_sizes("scale.widths", settings["widths"] or [])
    bakeoff = Path(settings["bakeoff"]) if settings["bakeoff"] else None
    subject = _subject(config) if bakeoff is None else _planned(bakeoff)
    folder = _folder(config, subject, bakeoff)
    points = make_points(
        subject.contenders,
        subject.unsized,
        lengths=settings["lengths"],
        widths=settings["widths"] or [],
        length=settings["length"],
    )
    measure_points(
        points,
        subject.spec,
        batch_size=settings["batch_size"],
        repeats=settings["repeats"],
        max_seconds=settings["max_seconds"],
        allow_code=config["allow_code"] or [],
        say=console.print,
    )
    found = _record(config, subject, summarised(points, subject.contenders))
    write_json(folder / SCALE, found)
    page = write_scaling_page(folder)
    print_scaling(found, console)
    console.print(f"\npage {page}")
    if bakeoff is not None and (bakeoff / VERDICT).exists():
        build_report({"run": str(bakeoff)})
    return folder


def check_sizes(key: str, sizes: Sequence[int]) -> None:
    """Refuses sizes below 1.

    Raises:
        ConfigError: the first one.
    """
    for size in sizes:
        if size < 1:
            raise ConfigError("config.out_of_range", key, sizes, "is out of range", allowed="1 or more")


def _subject(config: Mapping[str, Any]) -> Subject:
    """The contenders that the command names, at its budget."""
    data = TrialConfig.of(config).open_data()
    unsized = _networks(enter(config, config["contenders"], "contender"), config["contenders"])
    contenders = copy.deepcopy(unsized)
    fit_budget(contenders, config["budget"], data.spec)
    return Subject(config, data.spec, contenders, unsized)


def _planned(bakeoff: Path) -> Subject:
    """The contenders of a bakeoff, at the sizes that its plan gives.

    Raises:
        ConfigError: there is no plan.
    """
    require_bakeoff(bakeoff, PLAN, key="scale.bakeoff", next_step="bakeoff compare")
    plan = RecordedPlan.read(bakeoff / PLAN)
    config = plan.trial_config
    check_targets(bakeoff, config)
    entries = [{"model": planned.model, "name": planned.name, **planned.overrides} for planned in plan.entered]
    unsized = _networks(enter(config, entries, "contender"), entries)
    contenders = copy.deepcopy(unsized)
    for contender, planned in zip(contenders, plan.entered, strict=True):
        contender.config["model"]["net"] |= planned.size_args
        contender.params = planned.params
    return Subject(config, TrialConfig.of(config).recorded_spec(plan.spec), contenders, unsized)


def _networks(contenders: list[Contender], entries: Any) -> list[Contender]:
    """Refuses a model without steps of training.

    Raises:
        ConfigError: a baseline that is fitted in one go.
    """
    for contender in contenders:
        if TrialConfig.of(contender.config).is_fitted:
            problem = f"{contender.name} is fitted in one go: it has no training step to measure"
            raise ConfigError("config.contender", "contenders", entries, problem)
    return contenders


def _folder(config: Mapping[str, Any], subject: Subject, bakeoff: Path | None) -> Path:
    identity = sha256_of([[c.name, c.config] for c in subject.contenders] + [config["scale"]])[:10]
    own = "-".join([subject.config["task"]["name"], subject.config["data"]["name"], identity])
    folder = Path(config["output_dir"] or bakeoff or DEFAULT_ROOT / own)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _record(config: Mapping[str, Any], subject: Subject, contenders: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "task": subject.config["task"]["name"],
        "data": subject.config["data"]["name"],
        **{name: config["scale"][name] for name in ("length", "batch_size", "repeats", "max_seconds")},
        "threads": subject.config["trainer"]["threads"],
        "contenders": contenders,
        "environment": environment(),
        "command": config.get("command"),
    }
