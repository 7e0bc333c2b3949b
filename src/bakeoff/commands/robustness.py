"""``bakeoff robustness DIR``: what contenders of a finished bakeoff, or a run, are worth on spoilt test inputs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.console import page_console
from bakeoff.commands.report import run as build_report
from bakeoff.errors import ConfigError
from bakeoff.files import write_json
from bakeoff.insight.withstood import scores_of, summarised
from bakeoff.record.bakeoff import RecordedBakeoff, require_bakeoff
from bakeoff.record.layout import PLAN, ROBUSTNESS, VERDICT
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.report.pages.measured import write_robustness_page
from bakeoff.report.sections.robustness import print_robustness
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.saved_run import SavedRun, load_run

TRIALS = 5


def run(argv: Sequence[str]) -> None:
    """Writes ``robustness.json`` and a page; of a bakeoff, into its report too. The verdict stays as it is.

    Raises:
        ConfigError: no finished bakeoff or run, or data of which no corruption is known.
        CheckpointError: not a run to trust.
    """
    description = "The metric on spoilt test inputs: noise, blur, typos, missing steps, gain, as the data has them."
    parser = Parser(prog="bakeoff robustness", description=description)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a bakeoff or of a run")
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"of each contender, at the most ({TRIALS})")
    add_own_code(parser)
    words = parser.parse_args(argv)
    use_own_code(words)
    if words.trials < 1:
        raise ConfigError("config.out_of_range", "--trials", words.trials, "is out of range", allowed="1 or more")
    console = page_console()
    found = _withstood(words.folder, words.trials, console)
    write_json(words.folder / ROBUSTNESS, found)
    print_robustness(found, console)
    console.print(f"page {write_robustness_page(words.folder)}")
    if (words.folder / PLAN).exists():
        build_report({"run": str(words.folder)})


def _withstood(folder: Path, most: int, console: Console) -> dict[str, Any]:
    """What ``robustness.json`` holds."""
    is_bakeoff = (folder / PLAN).exists()
    bounds: dict[str, Any] = {}
    if is_bakeoff:
        require_bakeoff(folder, VERDICT, key="robustness", next_step="finish it: give its compare command again")
        bounds = RecordedBakeoff.read(folder).plan.bounds
    contenders: list[dict[str, Any]] = []
    about: dict[str, Any] = {}
    for name, family, runs in _contenders(folder, most):
        trials = []
        for saved in runs:
            console.print(f"{name}, seed {saved.trial.raw['seed']}")
            data = saved.data({})
            if not data.corruptions:
                problem = f"no corruption of {type(data).__name__} is known"
                raise ConfigError("config.not_corruptible", "robustness", folder, problem)
            metric = saved.trial.metric
            trials.append({condition: (scores, value) for condition, scores, value in scores_of(saved, data, metric)})
            words = {way: {"words": own.words, "amounts": own.amounts} for way, own in data.corruptions.items()}
            about = {"task": saved.trial.task, "data": data.spec.name, "corruptions": words}
            about["metric"] = saved.trial.facts.to_dict()
        contenders.append({"name": name, "family": family, "conditions": summarised(trials, **bounds)})
    return {
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **about,
        "contenders": contenders,
        "environment": environment(),
        "command": f"bakeoff robustness {folder} --trials {most}",
    }


def _contenders(folder: Path, most: int) -> Iterator[tuple[str, str, list[SavedRun]]]:
    """Name, family and the first finished trials of each contender and baseline; of a run's folder, the run."""
    if not (folder / PLAN).exists():
        saved = load_run(folder)
        yield saved.name, str(saved.trial.raw["model"]["family"]), [saved]
        return
    bakeoff = RecordedBakeoff.read(folder)
    for contender in bakeoff.plan.contenders:
        finished = [trial for trial in bakeoff.recorded_of(contender.name) if not trial.failed]
        if finished:
            yield contender.name, contender.family, [load_run(trial.folder) for trial in finished[:most]]
