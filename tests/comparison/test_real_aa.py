"""The same model under two names, on real digits, from the plan to the verdict: how often is a winner named?

Twice: a tiny network of moderate accuracy, and a small CNN at 99 %, where few test images are answered wrongly. The
second is judged a third time with one of the two made deterministic: every seed gives the answers of its first.

Run by itself, writes docs/results/aa_digits.md:  python -m tests.comparison.test_real_aa
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.statistics import EDITION, Verdict, verdict_from_scores
from bakeoff.training.trial.environment import environment
from tests.comparison.bakeoff_config import small_bakeoff

BAKEOFFS = 40
MOST_WINNERS = 5


@dataclass(frozen=True)
class Twins:
    """A network that is entered twice."""

    what: str
    entry: str
    settings: tuple[str, ...]


TINY = Twins("a tiny network (64-16-10)", "model: mlp, hidden: [16], batch_norm: false", ("trainer.max_epochs=5",))
ACCURATE = Twins(
    "ResNet of two blocks (27,617 parameters)",
    "model: resnet, blocks: [1, 1], width: 0.3",
    ("trainer.max_epochs=15", "optimizer.lr=5e-3", "augment=light"),
)


def bakeoffs(twins: Twins, folder: Path, count: int) -> Iterator[tuple[Verdict, pd.DataFrame]]:
    """The verdict and the scores of ``count`` bakeoffs, each on a test split and seeds of its own."""
    for number in range(count):
        seeds = (1000 * number, 1000 * number + 500)
        pair = [f"{{{twins.entry}, name: {name}, seed_offset: {seed}}}" for name, seed in zip("ab", seeds, strict=True)]
        overrides = [f"contenders=[{','.join(pair)}]", "budget=none", "seeds=5", *twins.settings]
        plan = make_plan(small_bakeoff(*overrides, f"data.split.seed={number}", "baselines=[]"))
        own = folder / str(number)
        open_folder(own, plan)
        yield (
            run_bakeoff(plan, own, LocalExecutor(), say=lambda line: None).verdict,
            pd.read_parquet(own / "scores.parquet"),
        )


def made_deterministic(scores: pd.DataFrame, name: str) -> pd.DataFrame:
    """The scores with those of a contender's first seed for all of its seeds."""
    own = scores[scores["contender"] == name]
    seeds = sorted(own["seed"].unique())
    first = own[own["seed"] == seeds[0]]
    return pd.concat([scores[scores["contender"] != name], *(first.assign(seed=seed) for seed in seeds)])


def judged(scores: pd.DataFrame, verdict: Verdict, *, edition: int = EDITION) -> str:
    """The verdict's word on other scores, by the margin that was fixed for these."""
    found = verdict_from_scores(scores, margin=verdict.margin, metric="accuracy", score_range=(0, 1), edition=edition)
    return found.verdict


def num_winners(words: Counter[str]) -> int:
    """How often a winner was named."""
    return words["WINS"] + words["WINS_SMALL"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_at_most_five_of_forty_name_a_winner(tmp_path: Path) -> None:
    words = Counter(verdict.verdict for verdict, _ in bakeoffs(TINY, tmp_path, BAKEOFFS))
    assert num_winners(words) <= MOST_WINNERS, words


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_at_most_five_of_forty_name_a_winner_where_few_answers_are_wrong(tmp_path: Path) -> None:
    trained, fixed, means = Counter[str](), Counter[str](), []
    for verdict, scores in bakeoffs(ACCURATE, tmp_path, BAKEOFFS):
        means.append(scores["score"].mean())
        trained[verdict.verdict] += 1
        fixed[judged(made_deterministic(scores, "b"), verdict)] += 1
    assert sum(means) / BAKEOFFS > 0.98
    assert num_winners(trained) <= MOST_WINNERS, trained
    assert num_winners(fixed) <= MOST_WINNERS, fixed


def main() -> None:
    """Measures and writes the page."""
    start = time.time()
    columns: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        columns["tiny"] = Counter(verdict.verdict for verdict, _ in bakeoffs(TINY, Path(folder) / "t", BAKEOFFS))
        columns |= {name: Counter() for name in ("accurate", "one deterministic", "the same by edition 1")}
        means = []
        for verdict, scores in bakeoffs(ACCURATE, Path(folder) / "a", BAKEOFFS):
            fixed = made_deterministic(scores, "b")
            means.append(scores["score"].mean())
            columns["accurate"][verdict.verdict] += 1
            columns["one deterministic"][judged(fixed, verdict)] += 1
            columns["the same by edition 1"][judged(fixed, verdict, edition=1)] += 1
    about = environment()
    words = sorted(set().union(*columns.values()))
    lines = [
        "# The same model under two names, on real digits",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} by `python -m tests.comparison.test_real_aa`, "
        f"{time.time() - start:.0f} s; python {about['python']}, torch {about['torch']}, {about['cores']} cores.",
        "",
        f"A network entered twice with seeds of its own, 5 seeds, {BAKEOFFS} bakeoffs, each on its own test split.",
        f"Tiny: {TINY.what}. Accurate: {ACCURATE.what}, mean test accuracy {sum(means) / BAKEOFFS:.2%}, of "
        f"single bakeoffs {min(means):.2%} to {max(means):.2%}. One deterministic: these judged again with the "
        "answers of the second contender's first seed for all of its seeds.",
        "",
        "| verdict | " + " | ".join(columns) + " |",
        "| --- |" + " ---: |" * len(columns),
        *(f"| {word} | " + " | ".join(str(found[word]) for found in columns.values()) + " |" for word in words),
        "",
        "Winners named: "
        + ", ".join(f"{name} {num_winners(found)}" for name, found in columns.items())
        + f" of {BAKEOFFS} (at most {MOST_WINNERS} allowed by the protocol's second edition).",
        "",
    ]
    Path("docs/results/aa_digits.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
