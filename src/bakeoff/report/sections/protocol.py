"""How the verdict was reached: the words of ``templates/protocol.txt.j2``."""

from __future__ import annotations

import re

from bakeoff.report.numbers import Metric
from bakeoff.report.pages.rendering import text_environment
from bakeoff.report.reading import Bakeoff
from bakeoff.report.words import budget_words
from bakeoff.statistics.configuration import MIN_SEEDS_PAIRED


def protocol(bakeoff: Bakeoff, metric: Metric) -> list[str]:
    """A paragraph each: trials, budget, estimator, test, looks, pairs, margin, failures, rules fixed beforehand."""
    plan = bakeoff.plan
    runs = [int(row.get("num_seeds") or 0) for row in bakeoff.verdict.contenders]
    text = text_environment().get_template("protocol.txt.j2")
    told = text.render(
        plan=plan,
        verdict=bakeoff.verdict,
        metric=metric,
        budget=budget_words(plan),
        num_test=plan.spec.get("num_test") or (len(bakeoff.labels) if bakeoff.labels is not None else None),
        is_paired=max(runs, default=plan.num_runs) >= MIN_SEEDS_PAIRED,
        fewest_paired=MIN_SEEDS_PAIRED,
        margin_rule=bakeoff.margin_rule,
        digest=str(bakeoff.manifest.get("sha256") or ""),
    )
    paragraphs = (re.sub("[ \n]+", " ", paragraph).strip() for paragraph in re.split("\n *\n", told))
    return [paragraph for paragraph in paragraphs if paragraph]
