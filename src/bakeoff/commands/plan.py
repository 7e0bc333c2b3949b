"""``bakeoff plan``: how many seeds and test examples a difference takes, from a bakeoff, its scores, or two guesses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from bakeoff.commands.arguments import Parser
from bakeoff.commands.listing import plain_table, show
from bakeoff.commands.score_tables import read_scores
from bakeoff.commands.verdict import clustered_by, only, range_of, refuse_tuned
from bakeoff.errors import ConfigError, DataError
from bakeoff.files import read_json
from bakeoff.statistics import Verdict, verdict_from_scores
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.components import Components, upper_components
from bakeoff.statistics.guards import right_or_wrong
from bakeoff.statistics.planning import SEED_SD, SEEDS, PlanRow, guessed_components, plan_rows

SCORES, VERDICT = "scores.parquet", "verdict.json"


@dataclass(frozen=True)
class Pilot:
    """What a plan starts from.

    Attributes:
        components: of the two contenders in question.
        num_contenders: contenders of the bakeoff that is planned.
        num_examples: test examples (or clusters) at hand; None if there is no test set yet.
        difference: to be found; None if none was named or is known.
        seconds_per_trial: training time of one trial; None if unknown.
        points: scores are right-or-wrong.
        units: what is counted.
        basis: where the figures come from, a sentence.
    """

    components: Components
    num_contenders: int
    num_examples: int | None
    difference: float | None
    seconds_per_trial: float | None
    points: bool
    units: str
    basis: str


def run(argv: Sequence[str]) -> None:
    """Prints what bakeoffs of several sizes can show, or JSON.

    Raises:
        DataError: no such bakeoff or table, or one that no plan can be drawn from.
        ConfigError: an impossible option.
    """
    words = _parser().parse_args(argv)
    if (words.source is None) == (words.guess is None):
        problem = "a plan starts from a bakeoff or its scores, or from two guesses of accuracy"
        raise ConfigError("config.bad_flag", "bakeoff plan", None, problem, next_step="bakeoff plan --guess 0.90,0.92")
    if words.difference is not None and not words.difference > 0:
        problem = "the difference to be found is a size, units of the score"
        raise ConfigError("config.difference", "--difference", words.difference, problem, allowed="above 0")
    if min(words.seeds) < 2:
        raise ConfigError("config.seeds", "--seeds", words.seeds, "a plan needs seeds to vary", allowed="2 or more")
    pilot = _of_guesses(words) if words.guess is not None else _of_scores(words)
    rows = plan_rows(
        pilot.components,
        num_contenders=pilot.num_contenders,
        difference=pilot.difference,
        num_examples=pilot.num_examples,
        seeds=words.seeds,
        seconds_per_trial=pilot.seconds_per_trial,
        alpha=words.alpha,
    )
    if words.json:
        print(json.dumps(_record(pilot, rows), indent=1))
    else:
        _print(pilot, rows)


def _parser() -> Parser:
    about = "How many seeds and test examples a difference takes."
    parser = Parser(prog="bakeoff plan", description=about)
    about = "a finished bakeoff's folder, or a table of scores as for bakeoff verdict"
    parser.add_argument("source", type=Path, nargs="?", metavar="DIR or SCORES", help=about)
    parser.add_argument("--guess", type=_accuracies, metavar="0.90,0.92", help="instead: two guesses of accuracy")
    about = "true difference to be found, units of the score (the margin, or that of the guesses)"
    parser.add_argument("--difference", type=float, help=about)
    parser.add_argument("--seeds", type=_counts, default=list(SEEDS), metavar="5,10,20,40", help="seeds to consider")
    parser.add_argument("--examples", type=int, metavar="N", help="test examples at hand (those of the scores)")
    parser.add_argument("--num-contenders", type=int, metavar="K", help="contenders in all (those of the scores)")
    parser.add_argument("--contenders", type=_names, metavar="A,B", help="the two to be told apart (the best two)")
    parser.add_argument("--seconds-per-trial", type=float, metavar="S", help="training time of one trial, for the cost")
    parser.add_argument("--seed-sd", type=float, default=SEED_SD, help="of the guesses: how much a seed moves accuracy")
    parser.add_argument("--disagreement", type=float, help="of the guesses: share of examples on which the two differ")
    parser.add_argument("--alpha", type=float, default=0.05, help="error rate of the verdict (0.05)")
    parser.add_argument("--cluster", metavar="COLUMN", help="the column that names what examples share")
    parser.add_argument("--score-range", type=range_of, metavar="LOW,HIGH", help="lowest and highest possible score")
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")
    return parser


def _accuracies(text: str) -> tuple[float, float]:
    a, b = range_of(text)
    if not (0 < a < 1 and 0 < b < 1):
        raise ValueError("accuracies lie between 0 and 1")
    return a, b


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.strip("[]").split(",")]


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.strip("[]").split(",")]


def _of_guesses(words: Any) -> Pilot:
    a, b = words.guess
    return Pilot(
        components=guessed_components(a, b, seed_sd=words.seed_sd, disagreement=words.disagreement),
        num_contenders=_at_least_two(words.num_contenders or 2),
        num_examples=words.examples,
        difference=words.difference or abs(a - b) or None,
        seconds_per_trial=words.seconds_per_trial,
        points=True,
        units="test examples",
        basis="from guesses, so a rough plan: a pilot of 5 seeds and 360 test examples makes a better one",
    )


def _of_scores(words: Any) -> Pilot:
    folder = words.source.is_dir()
    record = _record_of(words.source) if folder else {}
    scores = clustered_by(read_scores(words.source / SCORES if folder else words.source)[0], words.cluster)
    refuse_tuned(scores)
    entered = [row["name"] for row in record.get("contenders", ())]
    verdict = verdict_from_scores(
        only(scores, entered) if entered else scores,
        direction=record.get("direction", "maximize"),
        score_range=words.score_range,
        cluster_name=words.cluster or "cluster",
    )
    pair = _pair(verdict, words.contenders)
    return Pilot(
        components=upper_components(pair.estimate),
        num_contenders=_at_least_two(words.num_contenders or len(verdict.contenders)),
        num_examples=words.examples or verdict.num_units,
        difference=words.difference or record.get("margin"),
        seconds_per_trial=words.seconds_per_trial or _seconds(record, entered),
        points=right_or_wrong([scores["score"].to_numpy(dtype=np.float64)]),
        units="test examples" if verdict.unit == "example" else f"{verdict.unit}s",
        basis=(
            f"from {pair.estimate.num_seeds} seeds and {verdict.num_units:,} {verdict.unit}s of {pair.a} and {pair.b}, "
            "with upper 80 % limits of what varies"
        ),
    )


def _record_of(folder: Path) -> dict[str, Any]:
    """What a finished bakeoff says of itself.

    Raises:
        DataError: it is not finished, or was tuned.
    """
    path = folder / VERDICT
    if not path.is_file():
        problem = f"there is no finished bakeoff in {folder.resolve()}"
        raise DataError("data.not_found", "source", folder, problem)
    record = read_json(path)
    if record.get("kind") == "family":
        problem = "a tuned bakeoff has trials of many settings, from which no plan of seeds follows"
        raise DataError("data.tuning_trials", "source", folder, problem, next_step="plan from one with tune.trials=0")
    return record


def _pair(verdict: Verdict, names: Sequence[str] | None) -> Any:
    """The two to be told apart: those named, or the best two."""
    if names is None:
        return verdict.pairs[0]
    found = [pair for pair in verdict.pairs if {pair.a, pair.b} == set(names)]
    if not found:
        allowed = [row.name for row in verdict.contenders]
        raise ConfigError("config.contenders", "--contenders", ",".join(names), "name two of them", allowed=allowed)
    return found[0]


def _seconds(record: dict[str, Any], entered: Sequence[str]) -> float | None:
    """Mean training time of the contenders."""
    found = [row.get("train_seconds") for row in record.get("leaderboard", ()) if row["name"] in entered]
    return float(np.mean(found)) if found and None not in found else None


def _at_least_two(count: int) -> int:
    if count < 2:
        raise ConfigError("config.contenders", "--num-contenders", count, "a comparison needs at least two")
    return count


def _record(pilot: Pilot, rows: Sequence[PlanRow]) -> dict[str, Any]:
    return {
        "schema": 1,
        "basis": pilot.basis,
        "units": pilot.units,
        "num_contenders": pilot.num_contenders,
        "num_examples": pilot.num_examples,
        "difference": pilot.difference,
        "rows": [row.to_dict() for row in rows],
    }


def _print(pilot: Pilot, rows: Sequence[PlanRow]) -> None:
    amounts = Amounts(points=pilot.points)
    columns = ["seeds"]
    if pilot.difference is not None:
        columns.append(f"{pilot.units} for {amounts.size(pilot.difference)}")
    if pilot.num_examples is not None:
        columns.append(f"{pilot.num_examples:,} {pilot.units} show")
    if pilot.seconds_per_trial is not None:
        columns.append("minutes of training")
    table = plain_table(*columns)
    for row in rows:
        cells = [f"{row.seeds}"]
        if pilot.difference is not None:
            cells.append("no number" if row.examples is None else f"{row.examples:,}")
        if row.shows is not None:
            cells.append(amounts.size(row.shows))
        if row.minutes is not None:
            cells.append(f"{row.minutes:,.1f}")
        table.add_row(*cells)
    show(table)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(f"{pilot.num_contenders} contenders, found with a chance of 80 %; {pilot.basis}")
