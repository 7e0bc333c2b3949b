"""``bakeoff verdict scores.parquet``: the verdict on per-example scores from any tool."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from bakeoff.commands.arguments import Parser
from bakeoff.commands.listing import plain_table, show
from bakeoff.commands.score_tables import read_scores, unused
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.errors import ConfigError, DataError, nearest
from bakeoff.report.pages.terminal import print_verdict
from bakeoff.statistics.configuration import verdict_from_scores
from bakeoff.statistics.family import family_verdict
from bakeoff.statistics.looks import EVERY, LAST_LOOK, Declared, declare_looks
from bakeoff.statistics.options import EDITION
from bakeoff.statistics.verdicts import Verdict


def run(argv: Sequence[str]) -> None:
    """Prints the verdict in words, or as JSON.

    Raises:
        DataError: no such table, or one that no verdict can be drawn from.
        ConfigError: an impossible option.
    """
    words = _parser().parse_args(argv)
    how = TableFormat(sep=words.sep, encoding=words.encoding)
    scores, notes = read_scores(words.scores, how)
    notes += unused(scores.columns, cluster=words.cluster)
    if words.contenders is not None:
        scores = only(scores, words.contenders)
    scores = clustered_by(scores, words.cluster)
    options = {
        "alpha": words.alpha,
        "margin": words.margin,
        "metric": words.metric,
        "direction": words.direction,
        "score_range": words.score_range,
        "cluster_name": words.cluster or "cluster",
        "edition": words.edition,
    }
    if words.validation is not None:
        validation, found = read_scores(words.validation, how, key="--validation")
        verdict = _family(scores, validation, words, options)
        notes += found
    else:
        if words.best_of is not None:
            problem = "the best of some trials is chosen by validation scores"
            step = "--validation validation.parquet"
            raise ConfigError("config.contradiction", "--best-of", words.best_of, problem, next_step=step)
        refuse_tuned(scores)
        verdict = verdict_from_scores(
            scores, paired=words.paired, looks=_declared(words), futility=words.futility, **options
        )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if words.json:
        print(json.dumps(verdict.to_dict(), indent=1))
    else:
        _print(verdict)


def only(scores: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of some contenders.

    Raises:
        DataError: a name that the table does not hold, or no column of names.
    """
    if "contender" not in scores.columns:
        raise DataError("data.missing_column", "contender", None, "the scores table lacks this column")
    present = scores["contender"].astype(str)
    known = sorted(set(present))
    for name in names:
        if name not in known:
            allowed = nearest(name, known, count=len(known))
            raise DataError(
                "data.unknown_contender", "--contenders", name, "has no scores in the table", allowed=allowed
            )
    return scores[present.isin(names)]


def clustered_by(scores: pd.DataFrame, column: str | None) -> pd.DataFrame:
    """The table with the column that names what examples have in common as its ``cluster``.

    Raises:
        DataError: no such column.
    """
    if column is None or column == "cluster":
        return scores
    if column not in scores.columns:
        allowed = nearest(column, [str(name) for name in scores.columns]) or None
        raise DataError(
            "data.missing_column", "--cluster", column, "the scores table lacks this column", allowed=allowed
        )
    return scores.drop(columns="cluster", errors="ignore").rename(columns={column: "cluster"})


def _parser() -> Parser:
    parser = Parser(prog="bakeoff verdict", description="The verdict on per-example scores from any tool.")
    about = "a table (.csv, .tsv, .jsonl, .json, .parquet): contender, seed, example, score; one row each"
    parser.add_argument("scores", type=Path, metavar="SCORES", help=about)
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")
    parser.add_argument("--margin", type=float, help="smallest difference that matters, units of the score")
    parser.add_argument("--alpha", type=float, default=0.05, help="error rate of the verdict, over all pairs (0.05)")
    parser.add_argument("--metric", default="score", metavar="NAME", help="what the score is called")
    parser.add_argument("--direction", default="maximize", help="maximize, or minimize where lower is better")
    parser.add_argument("--paired", action="store_true", help="seeds of equal label share their split (10 or more)")
    about = "seeds (tuning trials) at which the verdict was to be read, or every number of seeds from 5 on"
    parser.add_argument("--looks", type=_looks, metavar="5,10", help=about)
    parser.add_argument("--last-look", type=int, default=LAST_LOOK, metavar="S", help="the last of --looks every (20)")
    parser.add_argument("--futility", action="store_true", help="say when further looks are not worth their seeds")
    about = "the column that names what examples share, such as speaker (default: cluster, where there is one)"
    parser.add_argument("--cluster", metavar="COLUMN", help=about)
    about = "lowest and highest possible score of an example (default: 0,1 where all are 0 or 1)"
    parser.add_argument("--score-range", type=range_of, metavar="LOW,HIGH", help=about)
    parser.add_argument("--edition", type=int, default=EDITION, help=f"of the protocol ({EDITION}); 1 judges as before")
    parser.add_argument("--sep", metavar="NAME", help="between columns: comma, semicolon, tab, bar (default: found)")
    parser.add_argument("--encoding", default="utf-8", metavar="NAME", help="of the table (utf-8)")
    parser.add_argument("--contenders", type=_names, metavar="A,B", help="compare only these")
    about = "tuning trials: their validation scores (contender, trial, score); the table then has trial, not seed"
    parser.add_argument("--validation", type=Path, metavar="FILE", help=about)
    parser.add_argument("--best-of", type=int, metavar="M", help="tuning trials of one search (5, or a quarter)")
    return parser


def _looks(text: str) -> str | tuple[int, ...]:
    return text if text == EVERY else tuple(int(part) for part in text.strip("[]").split(","))


def range_of(text: str) -> tuple[float, float]:
    """Two numbers with a comma between them."""
    low, high = text.strip("[]").split(",")
    return float(low), float(high)


def _declared(words: Any) -> Declared | None:
    return declare_looks(EVERY, last=words.last_look) if words.looks == EVERY else words.looks


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.strip("[]").split(",")]


def _family(scores: pd.DataFrame, validation: pd.DataFrame, words: Any, options: dict[str, Any]) -> Verdict:
    if words.paired:
        problem = "tuning trials have settings of their own, and are not paired"
        raise ConfigError("config.contradiction", "--validation", words.validation, problem)
    options |= {"m": words.best_of, "looks": _declared(words), "futility": words.futility}
    return family_verdict(scores, validation, **options)


def refuse_tuned(scores: pd.DataFrame) -> None:
    """Tuning trials are no seeds of one configuration: each has settings and a seed of its own."""
    if not {"contender", "seed", "trial"} <= set(scores.columns):
        return
    seeds = [set(rows) for _, rows in scores.groupby("contender", observed=True)["seed"]]
    if len(seeds) > 1 and not set.intersection(*seeds):
        problem = "the contenders share no seed, as tuning trials do: their verdict needs validation scores"
        raise DataError("data.tuning_trials", "trial", None, problem, next_step="--validation validation.parquet")


def _print(verdict: Verdict) -> None:
    runs = "trials" if verdict.kind == "family" else "seeds"
    board = plain_table("contender", verdict.metric, "interval", f"sd over {runs}", runs)
    for row in verdict.contenders:
        interval = f"{row.low:.4g} to {row.high:.4g}"
        board.add_row(escape(row.name), f"{row.mean:.4g}", interval, f"{row.seed_sd:.2g}", str(row.num_seeds))
    show(board)
    pairs = plain_table("better", "than", "by", "interval", "at", "p")
    for pair in verdict.pairs:
        numbers = [f"{pair.difference:.4g}", f"{pair.low:.4g} to {pair.high:.4g}", f"{1 - pair.level:.3%}"]
        pairs.add_row(escape(pair.a), escape(pair.b), *numbers, f"{pair.p:.2g}")
    show(pairs)
    console = Console(highlight=False, soft_wrap=True)
    for line in (f"edition {verdict.edition}: {verdict.rule}", verdict.retraining):
        if line:
            console.print(Text(line, style="dim"))
    print_verdict(verdict.to_dict(), console)
