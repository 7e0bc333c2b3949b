"""The whole page: one HTML file without scripts, external files or network, rebuilt at any time from the folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.record.layout import REPORT
from bakeoff.report.analysis.confusions import errors_by_name, has_one_class_each
from bakeoff.report.analysis.slices import slices_of
from bakeoff.report.checks import found_in
from bakeoff.report.numbers import Metric
from bakeoff.report.pages.rendering import page_environment, write_page
from bakeoff.report.palette import MARK_PATHS, Look, looks
from bakeoff.report.reading import Bakeoff, read_bakeoff
from bakeoff.report.sections.audit import audit_context
from bakeoff.report.sections.classes import classes_context
from bakeoff.report.sections.configurations import settings
from bakeoff.report.sections.confusion import confusion_context
from bakeoff.report.sections.cost import cost_context
from bakeoff.report.sections.data_sizes import data_sizes_context
from bakeoff.report.sections.evidence import evidence_context
from bakeoff.report.sections.exhibits import exhibits_context, overview_context
from bakeoff.report.sections.gradients import gradient_warnings, gradients_context
from bakeoff.report.sections.leaderboard import leaderboard_context
from bakeoff.report.sections.learning import learning_context
from bakeoff.report.sections.looked import looked_context
from bakeoff.report.sections.mistakes import Examples, mistakes_context
from bakeoff.report.sections.protocol import protocol
from bakeoff.report.sections.race import race_context
from bakeoff.report.sections.robustness import robustness_context
from bakeoff.report.sections.scaling import scaling_context
from bakeoff.report.sections.stamps import stamps
from bakeoff.report.sections.tuning import tuning_context
from bakeoff.report.sections.verdict import verdict_context
from bakeoff.report.words import budget_words, closest_rival, glossary, headline, lesson, question
from bakeoff.version import __version__

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
    ("slices", "Where each is good"),
    ("overview", "Over the whole test"),
    ("exhibits", "What they answered"),
    ("looked", "What each contender looks at"),
    ("robustness", "What each contender withstands"),
    ("data_sizes", "How much data each contender needs"),
    ("equal", "What was held equal"),
    ("configurations", "Configurations side by side"),
    ("failures", "Failures and warnings"),
    ("audit", "Audit and guards"),
    ("environment", "Environment"),
    ("protocol", "How the verdict is reached"),
    ("reproduce", "How to reproduce this"),
    ("glossary", "Glossary"),
)


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
    return write_page(Path(folder) / REPORT, render(read_bakeoff(Path(folder)), examples=examples))


def render(bakeoff: Bakeoff, *, examples: Examples | None = None) -> str:
    """The page's HTML."""
    metric, shown = bakeoff.metric, looks(_named_families(bakeoff))
    parts = [*_quality(bakeoff, metric, shown), *_errors(bakeoff, shown, examples=examples)]
    parts += [tuning_context(bakeoff, metric, shown), race_context(bakeoff), audit_context(bakeoff)]
    parts += [scaling_context(bakeoff.scaling, shown), gradients_context(bakeoff.gradients, shown)]
    parts += [exhibits_context(bakeoff, shown), overview_context(bakeoff, shown)]
    parts += [looked_context(bakeoff.explanations, shown, bakeoff.missing)]
    parts += [robustness_context(bakeoff.robustness, shown), data_sizes_context(bakeoff.data_sizes, shown)]
    parts += [{"slices": slices_of(bakeoff)}]
    figures = {name: figure for part in parts for name, figure in part.pop("figures", {}).items()}
    context = {key: value for part in parts for key, value in part.items()}
    context["glossary"] = glossary(context["metrics"])
    template = page_environment().get_template("report.html.j2")
    return template.render(**context, **_words(bakeoff, metric), figures=figures, metric=metric, looks=shown)


def _quality(bakeoff: Bakeoff, metric: Metric, shown: Mapping[str, Look]) -> list[dict[str, Any]]:
    """What the sections on scores, pairs, costs and learning need."""
    return [
        verdict_context(bakeoff, metric, shown),
        evidence_context(bakeoff, metric),
        leaderboard_context(bakeoff, metric),
        cost_context(bakeoff, metric, shown),
        learning_context(bakeoff, metric, shown),
    ]


def _errors(bakeoff: Bakeoff, shown: Mapping[str, Look], *, examples: Examples | None) -> list[dict[str, Any]]:
    """What the sections on confusions, mistakes and classes need."""
    errors = errors_by_name(bakeoff)
    contending = {row.name: errors[row.name] for row in bakeoff.contenders if row.name in errors}
    return [
        confusion_context(errors, bakeoff.plan.class_names, first=bakeoff.verdict.leader),
        mistakes_context(bakeoff, contending, examples=examples),
        classes_context(bakeoff, errors, shown),
    ]


def sections(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    """Anchor and title of each section; tuning, race, scaling and gradients only where there was one."""
    present = {
        "tuning": bakeoff.plan.num_tuning,
        "race": bakeoff.plan.looks,
        "scaling": bakeoff.scaling,
        "gradients": bakeoff.gradients,
        "looked": bakeoff.explanations,
        "robustness": bakeoff.robustness,
        "data_sizes": bakeoff.data_sizes,
        "exhibits": any(bakeoff.exhibits.values()),
        "overview": bakeoff.overview,
        "slices": slices_of(bakeoff),
        **dict.fromkeys(("confusion", "mistakes", "classes"), has_one_class_each(bakeoff)),
    }
    return [(name, title) for name, title in SECTIONS if present.get(name, True)]


def _words(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    plan = bakeoff.plan
    return {
        "plan": plan,
        "verdict": bakeoff.verdict,
        "missing": bakeoff.missing,
        "checks": found_in(bakeoff),
        "gradient_warnings": gradient_warnings(bakeoff),
        "sections": sections(bakeoff),
        "stamps": stamps(bakeoff),
        "question": question(plan),
        "headline": headline(bakeoff),
        "lesson": lesson(plan, bakeoff.verdict, metric),
        "rival": closest_rival(bakeoff),
        "budget_words": budget_words(plan),
        "settings": settings(plan.contenders),
        "protocol": protocol(bakeoff, metric),
        "mark_paths": MARK_PATHS,
        "version": __version__,
    }


def _named_families(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    """Planned order, then whatever the leaderboard holds beyond the plan; a baseline's family is ``baseline``."""
    planned = {row.name: "baseline" if row.is_baseline else row.family for row in bakeoff.plan.contenders}
    ranked = {row.name: "baseline" if row.is_baseline else row.family for row in bakeoff.verdict.leaderboard}
    return list((planned | ranked).items())
