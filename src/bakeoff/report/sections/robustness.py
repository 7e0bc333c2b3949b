"""``robustness.json`` as a section of the report, a page of its own and a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.metrics import MetricFacts
from bakeoff.report.figures.lines import lines_figure
from bakeoff.report.numbers import Metric
from bakeoff.report.palette import Look


@dataclass(frozen=True)
class Spoilt:
    """One way in which inputs were spoilt.

    Attributes:
        name: of the corruption.
        words: what its amounts are.
        amounts: at each severity.
        rows: of each contender the texts of unspoilt inputs and of each severity, with intervals where there are any.
        ahead: a sentence where another contender leads at the strongest severity than on unspoilt inputs.
        figure: means against severity.
    """

    name: str
    words: str
    amounts: Sequence[float]
    rows: Mapping[str, Sequence[tuple[str, str]]]
    ahead: str
    figure: Markup | None = None


def robustness_context(found: Mapping[str, Any] | None, looks: Mapping[str, Look]) -> dict[str, Any]:
    """What the section needs; ``robustness`` is None where nothing was measured."""
    if found is None:
        return {"robustness": None}
    return {"robustness": found, "robustness_metric": _metric(found), "robustness_ways": spoilt_ways(found, looks)}


def spoilt_ways(found: Mapping[str, Any], looks: Mapping[str, Look] | None = None) -> list[Spoilt]:
    """One of each corruption; figures where looks are given."""
    metric = _metric(found)
    ways = []
    for name, about in found["corruptions"].items():
        conditions = {entry["name"]: _conditions(entry, name) for entry in found["contenders"]}
        rows = {
            contender: [
                (metric.value(own["mean"], unit=False), metric.interval(own["low"], own["high"])) for own in line
            ]
            for contender, line in conditions.items()
        }
        figure = None if looks is None else _figure(name, conditions, metric, looks)
        ways.append(Spoilt(name, about["words"], about["amounts"], rows, _ahead(name, conditions, metric), figure))
    return ways


def print_robustness(found: Mapping[str, Any], console: Console) -> None:
    """A table a corruption."""
    metric = _metric(found)
    for way in spoilt_ways(found):
        table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
        table.add_column(f"{metric.label}{metric.unit} under {way.name}", no_wrap=True)
        for column in ("as it is", *(f"{amount:g}" for amount in way.amounts)):
            table.add_column(column, justify="right", no_wrap=True)
        for contender, cells in way.rows.items():
            table.add_row(Text(contender), *(mean for mean, _ in cells))
        console.print(table)
        console.print(f"{way.words}. {way.ahead}\n".replace(" \n", "\n"))


def _metric(found: Mapping[str, Any]) -> Metric:
    return Metric(MetricFacts.from_dict(found["metric"]))


def _conditions(entry: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Unspoilt, then each severity."""
    own = [condition for condition in entry["conditions"] if condition["corruption"] in ("", name)]
    return sorted(own, key=lambda condition: condition["severity"])


def _ahead(name: str, conditions: Mapping[str, Sequence[Mapping[str, Any]]], metric: Metric) -> str:
    sign = metric.facts.sign

    def first(place: int) -> str:
        return max(conditions, key=lambda contender: sign * conditions[contender][place]["mean"])

    before, after = first(0), first(-1)
    values = [metric.value(conditions[contender][-1]["mean"]) for contender in (after, before)]
    if values[0] == values[1]:
        return ""
    return (
        f"{before} leads on inputs as they are, {after} under the strongest {name} ({values[0]} against {values[1]})."
    )


def _figure(
    name: str, conditions: Mapping[str, Sequence[Mapping[str, Any]]], metric: Metric, looks: Mapping[str, Look]
) -> Markup:
    lines = {
        contender: np.array([[own["severity"], metric.scaled(own["mean"])] for own in line], dtype=float).T
        for contender, line in conditions.items()
    }
    return lines_figure(
        lines,
        marks={},
        looks={contender: looks.get(contender, Look("other-0", "v", ())) for contender in lines},
        axes=(f"severity of {name}", f"{metric.label}{metric.unit}"),
        limits=None,
        level=None,
        name=f"robustness-{name}",
        label=f"{metric.label} against the severity of {name}, of {', '.join(lines)}.",
    )
