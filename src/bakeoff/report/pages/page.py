"""The whole page: one HTML file without scripts, external files or network, rebuilt at any time from the folder."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

import bakeoff as package
from bakeoff.files import atomic_writer
from bakeoff.report import numbers
from bakeoff.report.figures.canvas import printable
from bakeoff.report.numbers import Metric
from bakeoff.report.palette import looks
from bakeoff.report.reading import Bakeoff, read_bakeoff
from bakeoff.report.sections.gradients import gradient_warnings, gradients_context
from bakeoff.report.sections.illustrations import illustrations_context
from bakeoff.report.sections.mistakes import Examples, mistakes_context
from bakeoff.report.sections.protocol import protocol
from bakeoff.report.sections.quality import costs_context, learning_context, pairs_context, scores_context
from bakeoff.report.sections.scaling import scaling_context
from bakeoff.report.sections.stamps import stamps
from bakeoff.report.sections.tables import settings
from bakeoff.report.sections.tuning import audit_context, race_context, tuning_context
from bakeoff.report.words import FAMILY_NAMES, GLOSSARY, budget_words, closest_rival, headline, question, reading

SECTIONS = (
    ("verdict", "The verdict"),
    ("evidence", "How sure is that?"),
    ("tuning", "Quality against tuning"),
    ("race", "The race"),
    ("leaderboard", "Leaderboard"),
    ("cost", "What quality costs"),
    ("scaling", "Time and memory against length and width"),
    ("learning", "Learning curves"),
    ("gradients", "How far back the loss reaches"),
    ("confusion", "What is taken for what"),
    ("mistakes", "The most confident mistakes"),
    ("classes", "Class by class"),
    ("illustrations", "In their own words"),
    ("equal", "What was held equal"),
    ("configurations", "Configurations side by side"),
    ("failures", "Failures and warnings"),
    ("audit", "Audit and guards"),
    ("environment", "Environment"),
    ("protocol", "How the verdict is reached"),
    ("reproduce", "How to reproduce this"),
    ("glossary", "Glossary"),
)
_FACTS = {"memory_gb": "memory (GB)", "cpu": "CPU", "gpus": "GPUs", "python": "Python"}
MARK_PATHS = {
    "o": "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z",
    "s": "M-4.6,-4.6h9.2v9.2h-9.2z",
    "^": "M0,-5.4L5.4,4.6H-5.4z",
    "v": "M0,5.4L5.4,-4.6H-5.4z",
    "D": "M0,-6L6,0L0,6L-6,0z",
    "P": "M-1.9,-5.4h3.8v3.5h3.5v3.8h-3.5v3.5h-3.8v-3.5h-3.5v-3.8h3.5z",
    "X": "M-5,-2.8L-2.8,-5L0,-2.2L2.8,-5L5,-2.8L2.2,0L5,2.8L2.8,5L0,2.2L-2.8,5L-5,2.8L-2.2,0z",
}


def write_report(folder: Path, *, examples: Examples | None = None) -> Path:
    """Write ``report.html`` into the folder of a finished bakeoff; the same folder gives the same bytes.

    Args:
        folder: Holds ``plan.json`` and ``verdict.json``; every other file may be missing, and the page then says so.
        examples: Returns test examples by their places in the test set, for the mistakes.

    Returns:
        The path of the page.

    Raises:
        DataError: There is no plan or verdict, or one of another schema.
    """
    page = render(read_bakeoff(Path(folder)), examples=examples)
    path = Path(folder) / "report.html"
    with atomic_writer(path) as file:
        file.write(page.encode("utf-8", errors="replace"))
    return path


def render(bakeoff: Bakeoff, *, examples: Examples | None = None) -> str:
    """The page's HTML."""
    metric = bakeoff.metric
    shown = looks(_named_families(bakeoff))
    parts = [
        scores_context(bakeoff, metric, shown),
        pairs_context(bakeoff, metric),
        mistakes_context(bakeoff, shown, examples=examples),
    ]
    figures = {name: figure for part in parts for name, figure in part.pop("figures").items()}
    context = {key: value for part in parts for key, value in part.items()}
    context |= costs_context(bakeoff, metric, shown) | learning_context(bakeoff, metric, shown)
    context |= illustrations_context(bakeoff.illustrations)
    context |= scaling_context(bakeoff.scaling, shown) | gradients_context(bakeoff.gradients, shown)
    context |= tuning_context(bakeoff, metric, shown) | race_context(bakeoff) | audit_context(bakeoff)
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(**context, **_words(bakeoff, metric), figures=figures, metric=metric, looks=shown)
    )


def sections(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    """Anchor and title of each section; tuning, race, scaling and gradients only where there was one."""
    present = {
        "tuning": bakeoff.plan.num_tuning,
        "race": bakeoff.plan.looks,
        "scaling": bakeoff.scaling,
        "gradients": bakeoff.gradients,
        "illustrations": bakeoff.illustrations,
        **dict.fromkeys(("confusion", "mistakes", "classes"), bakeoff.plan.class_names),
    }
    return [(name, title) for name, title in SECTIONS if present.get(name, True)]


def _words(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    plan = bakeoff.plan
    return {
        "plan": plan,
        "verdict": bakeoff.verdict,
        "missing": bakeoff.missing,
        "gradient_warnings": gradient_warnings(bakeoff),
        "sections": sections(bakeoff),
        "stamps": stamps(bakeoff),
        "question": question(plan),
        "headline": headline(bakeoff),
        "rival": closest_rival(bakeoff),
        "budget_words": budget_words(plan),
        "settings": settings(plan.contenders),
        "protocol": protocol(bakeoff, metric),
        "glossary": GLOSSARY,
        "mark_paths": MARK_PATHS,
        "version": package.__version__,
    }


def _named_families(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    """Planned order, then whatever the leaderboard holds beyond the plan; a baseline's family is ``baseline``."""
    planned = {row.name: "baseline" if row.is_baseline else row.family for row in bakeoff.plan.contenders}
    ranked = {row.name: "baseline" if row.is_baseline else row.family for row in bakeoff.verdict.leaderboard}
    return list((planned | ranked).items())


def page_environment() -> Environment:
    """What renders the templates, for pages of their own too."""
    loader = FileSystemLoader(Path(__file__).parents[1] / "templates")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    printed = ("count", "flops", "duration", "milliseconds", "megabytes", "probability", "share", "signed_share")
    for name in (*printed, "significant"):
        environment.filters[name] = getattr(numbers, name)
    environment.filters |= {
        "slug": _slug,
        "cut": _cut,
        "family": _family,
        "fact": _fact,
        "plain": _plain,
        "moment": _moment,
        "setting": _setting,
        "reading": reading,
        "p_value": _p_value,
        "recorded": _recorded,
        "percent_cell": _percent_cell,
        "confidence": _confidence,
    }
    return environment


def _slug(text: str) -> str:
    """A heading as part of an anchor."""
    return re.sub(r"\W+", "-", text.lower())


def _cut(text: str) -> str:
    """A class name short enough to stand above a narrow column."""
    return printable(text, limit=9)


def _family(name: str) -> str:
    """A family as people write it."""
    return FAMILY_NAMES.get(name, name)


def _fact(key: str) -> str:
    """The name of a recorded fact, its unit in brackets."""
    return _FACTS.get(key, key.replace("_", " "))


def _plain(value: object) -> str:
    """A recorded fact: lists with commas, nothing as ``none``."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _moment(when: object) -> str:
    """A point in time, recorded as a text or in seconds since 1970; to the second, in UTC."""
    if isinstance(when, int | float):
        return datetime.fromtimestamp(when, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return _plain(when)


def _setting(value: object) -> str:
    """A value that was tried: numbers to three digits, everything else as it is."""
    if isinstance(value, float):
        return numbers.significant(value)
    return numbers.UNKNOWN if value is None else str(value)


def _p_value(value: float | None) -> str:
    """``p 0.012``, ``p < 0.001``."""
    text = numbers.probability(value)
    return f"p {text}" if text != numbers.UNKNOWN else "p unknown"


def _recorded(value: object) -> str:
    """A figure of the audit in full, so that two that differ look different; cut where it is a long text."""
    return printable(value if isinstance(value, str) else json.dumps(value), limit=60)


def _percent_cell(share: float) -> str:
    """A cell of a confusion matrix, in percent without the sign; empty for never."""
    percent = 100 * share
    if percent == 0:
        return ""
    return f"{percent:.0f}" if percent >= 9.95 else f"{percent:.1f}"


def _confidence(value: float) -> str:
    """A probability in whole percent that never claims certainty."""
    return "> 99\u202f%" if value > 0.995 else f"{100 * value:.0f}\u202f%"
