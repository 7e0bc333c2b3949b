"""``bakeoff why DIR``: what each contender of a finished bakeoff, or a run, looks at, and whether that is so."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.console import page_console
from bakeoff.commands.report import run as build_report
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.files import write_json
from bakeoff.record.best_trial import best_trial
from bakeoff.record.layout import EXPLANATIONS, PLAN, SCORES
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import SCHEMA_VERSION, read
from bakeoff.report.pages.measured import write_looked_page
from bakeoff.report.pages.pictures import write_pictures
from bakeoff.report.sections.looked import print_looked
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.saved_run import SavedRun, load_run

EXAMPLES, SHOWN = 128, 4
PICTURES = "explanations"
_FEWEST = 2


def run(argv: Sequence[str]) -> None:
    """Writes ``explanations.json``, a page and pictures; of a bakeoff, into its report too.

    Raises:
        ConfigError: no such run or contender, numbers out of range, or a task that says nothing of it.
        CheckpointError: not a run to trust.
        EnvironmentFault: captum is missing.
    """
    description = "What of each input answers rest on, for the same test examples of all, and whether that holds."
    parser = Parser(prog="bakeoff why", description=description)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a bakeoff or of a run")
    parser.add_argument("--contender", action="append", default=[], help="of a bakeoff; may be given several times")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help=f"test examples to check on ({EXAMPLES})")
    parser.add_argument("--shown", type=int, default=SHOWN, help=f"of them, how many are shown ({SHOWN})")
    add_own_code(parser)
    words = parser.parse_args(argv)
    use_own_code(words)
    _require("--examples", words.examples, least=_FEWEST)
    _require("--shown", words.shown, least=0)
    _require_captum()
    console = page_console()
    found = _explained(words.folder, words.contender, words.examples, words.shown)
    write_json(words.folder / EXPLANATIONS, found)
    print_looked(found, console)
    pictures = write_pictures(words.folder / PICTURES, found)
    for left, why in found["left_out"].items():
        console.print(f"left out: {left} {why}")
    console.print(f"page {write_looked_page(words.folder)}")
    if pictures:
        console.print(f"pictures {words.folder / PICTURES} ({len(pictures)})")
    if (words.folder / PLAN).exists():
        build_report({"run": str(words.folder)})


def _require(name: str, value: int, *, least: int) -> None:
    if value < least:
        raise ConfigError("config.out_of_range", name, value, "is out of range", allowed=f"{least} or more")


def _require_captum() -> None:
    try:
        import captum.attr  # noqa: F401
    except ImportError as error:
        step = "pip install 'bakeoff[explain]'"
        raise EnvironmentFault("env.missing_package", "why", error.name, "is not installed", next_step=step) from error


def _explained(folder: Path, names: Sequence[str], num_examples: int, num_shown: int) -> dict[str, Any]:
    """What ``explanations.json`` holds."""
    from bakeoff.insight.examined import drawn_examples, examine, why_not

    contenders: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    examples: list[int] = []
    shown: list[int] = []
    for name, family, saved in _runs(folder, names):
        reason = why_not(saved)
        if reason is not None:
            left_out[name] = reason
            continue
        data = saved.data({})
        if not examples:
            examples = drawn_examples(data, num_examples)
            shown = _telling(folder, [data.examples("test")[place] for place in examples], examples)[:num_shown]
        about = {"name": name, "family": family, "model": saved.name, "trial": saved.result["trial_id"]}
        contenders.append(about | examine(saved, data, examples, shown).to_dict())
        task, data_name = saved.trial.task, data.spec.name
    if not contenders:
        name, reason = next(iter(left_out.items()))
        raise ConfigError("config.not_explainable", "why", folder, f"{name} {reason}")
    return {
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "task": task,
        "data": data_name,
        "num_examples": len(examples),
        "contenders": contenders,
        "left_out": left_out,
        "environment": environment(),
        "command": f"bakeoff why {folder} --examples {num_examples} --shown {num_shown}",
    }


def _runs(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, str, SavedRun]]:
    """Name, family and best trial of each contender and baseline; of a run's folder, the run."""
    if not (folder / PLAN).exists():
        if names:
            raise ConfigError("config.contradiction", "--contender", names[0], "only a bakeoff has contenders")
        saved = load_run(folder)
        yield saved.name, str(saved.trial.raw["model"]["family"]), saved
        return
    plan = RecordedPlan.from_dict(read(folder / PLAN))
    for name in names or [contender.name for contender in plan.contenders]:
        found = best_trial(folder, name, key="why", naming="--contender NAME")
        family = next(contender.family for contender in plan.contenders if contender.name == name)
        yield name, family, load_run(found.trial.folder)


def _telling(folder: Path, names: Sequence[str], places: Sequence[int]) -> list[int]:
    """The places, those first on which contenders' mean scores lie farthest apart."""
    if not (folder / SCORES).exists():
        return list(places)
    import pandas as pd

    scores = pd.read_parquet(folder / SCORES, columns=["contender", "example", "score"])
    means = scores[scores["example"].isin(names)].groupby(["example", "contender"])["score"].mean().unstack()
    apart = (means.max(axis=1) - means.min(axis=1)).reindex(names).fillna(0.0).to_numpy()
    return [places[index] for index in np.argsort(-apart, kind="stable")]
