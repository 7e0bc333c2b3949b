"""The plan, the leaderboard and the verdict on the terminal; the verdict's word and sentence are the last lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.record.plan import RecordedPlan
from bakeoff.record.ruling import Ruling
from bakeoff.record.verdict import LeaderboardRow, RecordedVerdict
from bakeoff.report import numbers
from bakeoff.report.analysis.latency import untimed_words
from bakeoff.report.numbers import Metric
from bakeoff.report.words import FAMILY_NAMES, all_of, baseline_words, budget_words, data_words, lesson, question

_STYLES = {"cnn": "blue", "rnn": "dark_orange3", "transformer": "green", "baseline": "bright_black"}


def print_plan(plan: Mapping[str, Any], console: Console) -> None:
    """Print what a bakeoff is about to do: the question, the contenders at their sizes, the number of trials.

    Args:
        plan: The JSON of ``plan.json``. An ``expected_seconds``, where present, is printed as the time to expect.
        console: Where to print.
    """
    found = RecordedPlan.from_dict(plan)
    console.print(Text(question(found), style="bold"))
    table = _table("contender", "family", "parameters", "off target", "FLOPs an example")
    for entry in found.contenders:
        name = Text(entry.name, style=_STYLES.get(entry.family, ""))
        family = "baseline" if entry.is_baseline else FAMILY_NAMES.get(entry.family, entry.family)
        off_target = numbers.UNKNOWN if entry.is_baseline else numbers.signed_share(entry.relative_error)
        cost = numbers.flops(entry.train_flops_per_example)
        table.add_row(name, Text(family), numbers.count(entry.params), off_target, cost)
    console.print(table)
    console.print(Text(data_words(found)))
    num_trials = sum(len(entry.trials) or found.num_runs for entry in found.contenders)
    line = f"{numbers.count(num_trials)} trials: {_runs(found)}; {budget_words(found)}"
    expected = plan.get("expected_seconds")
    console.print(Text(f"{line}; about {numbers.duration(expected)}" if expected else line))


def print_leaderboard(verdict: Mapping[str, Any], console: Console, *, plan: Mapping[str, Any]) -> None:
    """Print the leaderboard, baselines below a line, and what it teaches; costs are means over seeds.

    Args:
        verdict: The JSON of ``verdict.json``.
        console: Where to print.
        plan: The JSON of ``plan.json``, which names the metric.
    """
    found, planned = RecordedVerdict.from_dict(verdict), RecordedPlan.from_dict(plan)
    primary = Metric.named(planned.metric, planned.facts, direction=planned.direction)
    quality = f"test/{primary.name}" + (f", best of {found.best_of}" if found.kind == "family" else "")
    table = _table("contender", "family", quality, "interval", "parameters", "training", "latency")
    board = found.board(primary.name)
    contenders = [row for row in board if not row.is_baseline]
    baselines = [row for row in board if row.is_baseline]
    for group in (contenders, baselines):
        for row in group:
            table.add_row(*_cells(row, primary), end_section=row is contenders[-1] if contenders else False)
    console.print(table)
    for sentence in untimed_words(planned, board):
        console.print(Text(sentence, style="dim"), soft_wrap=True)
    if numbers.is_number(found.trivial):
        console.print(Text(f"{found.trivial_words}: {primary.value(found.trivial)}", style="dim"))
    if over := baseline_words(found, primary):
        console.print(Text(over, style="dim"), soft_wrap=True)
    if learnt := lesson(planned, found, primary):
        console.print(Text(learnt), soft_wrap=True)


def print_verdict(verdict: Mapping[str, Any], console: Console) -> None:
    """Print warnings, advice and claim, and as the last lines the verdict's word and its sentence, unwrapped.

    Args:
        verdict: The JSON of ``verdict.json``.
        console: Where to print.
    """
    found = RecordedVerdict.from_dict(verdict)
    for line in found.warnings:
        console.print(Text(f"warning: {line}", style="yellow"), soft_wrap=True)
    for line in found.advice:
        console.print(Text(f"advice: {line}", style="dim"), soft_wrap=True)
    if found.claim:
        console.print(Text(found.claim, style="dim"), soft_wrap=True)
    word = found.verdict + (" (provisional)" if found.provisional else "")
    console.print(Text(word, style="bold green" if found.winner else "bold"), soft_wrap=True)
    console.print(Text(found.sentence), soft_wrap=True)


def print_ruling(claim: Mapping[str, Any], ruling: Ruling, console: Console) -> None:
    """Print what was claimed and, as the last lines, what the verdict makes of it.

    Args:
        claim: The ``claim`` section of the configuration.
        ruling: On it.
        console: Where to print.
    """
    console.print(Text(f"claim: {claim['statement']} ({claim['source']})", style="dim"), soft_wrap=True)
    console.print(Text(f"here: {claim['here']}", style="dim"), soft_wrap=True)
    for pair in ruling.pairs:
        if pair.needs:
            console.print(Text(f"advice: {pair.needs}", style="dim"), soft_wrap=True)
    console.print(Text(ruling.ruling, style="bold"), soft_wrap=True)
    console.print(Text(ruling.sentence), soft_wrap=True)


def _runs(plan: RecordedPlan) -> str:
    """How many trials each gets, and of what kind."""
    looks = f", looks at {all_of([str(runs) for runs in plan.looks])}" if plan.looks else ""
    what = "random points for each contender" if plan.num_tuning else "seeds each"
    return f"{'up to ' if plan.looks else ''}{plan.num_runs} {what}{looks}"


def _cells(row: LeaderboardRow, metric: Metric) -> list[Text | str]:
    estimate = row.test.get(metric.name)
    mean = metric.value(estimate.mean) if estimate else numbers.UNKNOWN
    bounds = (estimate.low, estimate.high) if estimate else (None, None)
    interval = metric.interval(*bounds)
    family = "baseline" if row.is_baseline else FAMILY_NAMES.get(row.family, row.family)
    costs = [numbers.count(row.params), numbers.duration(row.train_seconds)]
    latency = numbers.milliseconds(row.latency_ms.get("1"))
    return [Text(row.name, style=_STYLES.get(row.family, "")), Text(family), mean, interval, *costs, latency]


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in columns:
        is_text = column in ("contender", "family")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    return table
