"""``data_sizes.json`` as a section of the report, a page of its own and a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.metrics import MetricFacts
from bakeoff.report.figures.data_sizes import data_sizes_figure
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.palette import Look

Cells = Sequence[tuple[str, str]]
"""Of each size the mean and its interval, as texts."""


def data_sizes_context(found: Mapping[str, Any] | None, looks: Mapping[str, Look]) -> dict[str, Any]:
    """What the section needs; ``data_sizes`` is None where nothing was measured."""
    if found is None:
        return {"data_sizes": None}
    return {
        "data_sizes": found,
        "data_sizes_metric": _metric(found),
        "data_sizes_rows": _rows(found),
        "data_sizes_figure": _figure(found, looks),
        "data_sizes_crossings": crossing_sentences(found),
    }


def crossing_sentences(found: Mapping[str, Any]) -> list[str]:
    """Where two contenders change places, and whether either lead was shown; or that none do."""
    sentences = [_sentence(crossing) for crossing in found["crossings"]]
    return sentences or ["No two contenders change places between these sizes."]


def print_data_sizes(found: Mapping[str, Any], console: Console) -> None:
    """A row a contender, a column a size, and the verdict of each."""
    metric = _metric(found)
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    table.add_column(f"test {metric.label}{metric.unit}", no_wrap=True)
    for size in found["sizes"]:
        table.add_column(f"{size['num_train']:,} examples", no_wrap=True)
    for name, cells in _rows(found).items():
        table.add_row(Text(name), *(Text(f"{mean} [{interval}]") for mean, interval in cells))
    table.add_row("verdict", *(Text(size["verdict"]) for size in found["sizes"]))
    console.print(table)
    for sentence in crossing_sentences(found):
        console.print(Text(sentence))


def _metric(found: Mapping[str, Any]) -> Metric:
    return Metric(MetricFacts.from_dict(found["metric"]))


def _rows(found: Mapping[str, Any]) -> dict[str, Cells]:
    metric = _metric(found)
    return {
        entry["name"]: [
            (metric.value(own["mean"], unit=False), metric.interval(own["low"], own["high"])) for own in entry["points"]
        ]
        for entry in found["contenders"]
    }


def _sentence(crossing: Mapping[str, Any]) -> str:
    before, after, (low, high) = crossing["before"], crossing["after"], crossing["between"]
    lead = f"{before} is ahead of {after} at {low:,} examples and behind it at {high:,}"
    shown = {(True, True): "both leads were shown", (False, False): "neither lead was shown"}
    words = shown.get(tuple(crossing["shown"])) or f"only that of {before if crossing['shown'][0] else after} was shown"
    return f"{lead} (on a line between them they meet at about {crossing['at']:,}); {words}."


def _figure(found: Mapping[str, Any], looks: Mapping[str, Look]) -> Markup:
    metric, keys = _metric(found), ("num_train", "mean", "low", "high")
    lines = {}
    for entry in found["contenders"]:
        known = [own for own in entry["points"] if all(is_number(own[key]) for key in keys)]
        if known:
            counts_n = [float(own["num_train"]) for own in known]
            values = [[metric.scaled(metric.facts.nearest(own[key])) for own in known] for key in keys[1:]]
            lines[entry["name"]] = np.array([counts_n, *values])
    told = "; ".join(f"{name} ends at {line[1, -1]:.4g}" for name, line in lines.items())
    title = f"test {metric.label}{metric.unit}"
    return data_sizes_figure(
        lines,
        looks={name: looks.get(name, Look("other-0", "v", ())) for name in lines},
        baselines={entry["name"] for entry in found["contenders"] if entry["role"] == "baseline"},
        title=title,
        label=f"{title} against the number of training examples. {told}.",
    )
