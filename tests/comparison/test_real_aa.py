"""The same tiny model under two names, on real digits, from the plan to the verdict: how often is a winner named?

Run by itself, writes docs/results/aa_digits.md:  python -m tests.comparison.test_real_aa
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.training.trial.environment import environment
from tests.comparison.bakeoff_config import small_bakeoff

BAKEOFFS = 40
MOST_WINNERS = 5
TINY = "model: mlp, hidden: [16], batch_norm: false"


def verdicts(folder: Path, count: int) -> list[str]:
    """The words of ``count`` bakeoffs, each on a test split and seeds of its own."""
    found = []
    for number in range(count):
        seeds = (1000 * number, 1000 * number + 500)
        entries = [f"{{{TINY}, name: {name}, seed_offset: {seed}}}" for name, seed in zip("ab", seeds, strict=True)]
        overrides = [f"contenders=[{','.join(entries)}]", "budget=none", "seeds=5", "trainer.max_epochs=5"]
        plan = make_plan(small_bakeoff(*overrides, f"data.split.seed={number}", "baselines=[]"))
        own = folder / str(number)
        open_folder(own, plan)
        found.append(run_bakeoff(plan, own, LocalExecutor(), say=lambda line: None).verdict.verdict)
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_at_most_five_of_forty_name_a_winner(tmp_path):
    words = Counter(verdicts(tmp_path, BAKEOFFS))
    assert words["WINS"] + words["WINS_SMALL"] <= MOST_WINNERS, words


def main() -> None:
    """Measures and writes the page."""
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        words = Counter(verdicts(Path(folder), BAKEOFFS))
    about = environment()
    winners = words["WINS"] + words["WINS_SMALL"]
    lines = [
        "# The same model under two names, on real digits",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} by `python -m tests.comparison.test_real_aa`, "
        f"{time.time() - start:.0f} s; python {about['python']}, torch {about['torch']}, {about['cores']} cores.",
        "",
        f"A tiny network (64-16-10) entered twice with seeds of its own, 5 seeds, {BAKEOFFS} bakeoffs, each on a test "
        "split of its own.",
        "",
        "| verdict | bakeoffs |",
        "| --- | --- |",
        *(f"| {word} | {count} |" for word, count in sorted(words.items())),
        "",
        f"Winners named: {winners} of {BAKEOFFS} (at most {MOST_WINNERS} allowed).",
        "",
    ]
    Path("docs/results/aa_digits.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
