"""The contest as a page of Markdown: rulings, tasks by families, and what follows for who has to choose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bakeoff.report.contest import FAMILIES, Contest, Entry, said
from bakeoff.report.numbers import duration, significant
from bakeoff.report.pages.rendering import text_environment, write_page
from bakeoff.report.words import FAMILY_NAMES


def write_contest(contest: Contest, path: Path, *, claims: Sequence[str] = ()) -> Path:
    """Writes the page; the same folders give the same bytes.

    Args:
        contest: what the folders say.
        path: of the page.
        claims: names of all claims, of which those without a ruling are listed.
    """
    return write_page(path, contest_markdown(contest, claims=claims))


def contest_markdown(contest: Contest, *, claims: Sequence[str] = ()) -> str:
    """Rulings, the sizes that they hold for, the table of tasks and families, and what a practitioner may take."""
    ruled = {entry.ruling.claim for entry in contest.ruled if entry.ruling}
    days = sorted({entry.plan.created[:10] for entry in contest.entries})
    environments = [entry.plan.environment for entry in contest.entries]
    versions = {
        name: sorted({str(about[name]) for about in environments if about.get(name)})
        for name in ("bakeoff", "python", "torch", "pytorch-lightning", "cpu")
    }
    page = text_environment().get_template("contest.md.j2")
    text = page.render(
        contest=contest,
        counts=contest.counts,
        days=days,
        editions=sorted({entry.plan.edition for entry in contest.entries}),
        left=[name for name in claims if name not in ruled],
        versions={name: found for name, found in versions.items() if found},
        said=said,
        cells={entry.plan.task: [_cell(entry, family) for family in FAMILIES] for entry in contest.tasks},
        unbeaten={FAMILY_NAMES[family]: tasks for family, tasks in contest.unbeaten.items()},
        alone={FAMILY_NAMES[family]: tasks for family, tasks in contest.alone.items()},
        slowness={FAMILY_NAMES[family]: significant(ratio, digits=2) for family, ratio in contest.slowness.items()},
        audited=sum(entry.audited is True for entry in contest.ruled),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _cell(entry: Entry, family: str) -> str:
    """The family's best contender: score, interval, seconds of training, and whether another was shown to be better."""
    row = entry.best_of(family)
    if row is None:
        return "—"
    found, metric = row.quality(entry.verdict.metric), entry.metric
    score = f"{metric.value(found.mean)} ({metric.interval(found.low, found.high)})"
    behind = ", behind" if row.name in entry.beaten else ""
    return f"{row.name}: {score}, {duration(row.train_seconds)}{behind}"
