"""Measures "What must hold" and writes the tables to docs/results/statistics.md (about 15 minutes on one core).

OMP_NUM_THREADS=1 python tests/statistics/measure.py
"""

from __future__ import annotations

import datetime
import itertools
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import acceptance_cells as cells
import numpy as np
import pandas as pd
import scipy
from acceptance_cells import LOOKS_2, LOOKS_3, Cell, equal
from measure_hard import (
    advice_and_plans,
    clusters,
    equivalence_of_few,
    every_look,
    few_errors,
    gaps_far_from_perfection,
    heavy_tails,
    metrics_of_sets,
    races_of_families,
)

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "statistics.md"
REPEATS = 1000
COVERAGE_REPEATS = 4000
LIMIT = 67
GRID = list(itertools.product((360, 2000, 10000), (0.3, 1.0), (True, False)))


def main() -> None:
    """Measure the sections named on the command line, or all, and put them into the page."""
    start = time.monotonic()
    sections = (
        *(false_winners, looks, family, mutant, power, equivalence, coverage, racing, small_test_sets),
        *(few_errors, heavy_tails, clusters, equivalence_of_few, every_look, advice_and_plans),
        *(metrics_of_sets, races_of_families, gaps_far_from_perfection),
    )
    wanted = sys.argv[1:] or [section.__name__ for section in sections]
    parts = RESULTS.read_text(encoding="utf-8").rstrip().split("\n\n## ")[1:] if RESULTS.exists() else []
    page = dict(zip((section.__name__ for section in sections), (f"## {part}" for part in parts), strict=False))
    for section in sections:
        if section.__name__ in wanted:
            page[section.__name__] = section()
            print(f"{section.__name__}: done after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text("\n\n".join([opening(), *page.values()]) + "\n", encoding="utf-8")


def opening() -> str:
    """What was run, when, and with what."""
    packages = ", ".join(f"{package.__name__} {package.__version__}" for package in (np, scipy, pd))
    return f"""# Statistics: measured, not assumed

Date: {datetime.date.today()}. Command: `OMP_NUM_THREADS=1 python tests/statistics/measure.py`, one thread.
Python {platform.python_version()}, {packages}. The slow tests
(`pytest -m slow tests/statistics`) assert the bounds on the same cells with the same seeds.

Simulated bakeoffs with a known truth: right-or-wrong scores, 90 % correct, shared example difficulty, seed noise
("seed sd", in percentage points) and churn. "Same" is one algorithm under several names; "different" are architectures
of equal expected accuracy that get different examples right. The margin is 1 point (10 % of the validation error). Two
seeds of one algorithm disagree on 7 % of the examples, two architectures on 10 %. Every number below went through the
code that users call, by the second edition of the protocol. {REPEATS:,} bakeoffs a cell unless another number stands
there; a count of 50 has a standard error of 7."""


def false_winners() -> str:
    """A/A for two and three contenders, with Welch on seeds beside it."""
    rows = []
    for examples, seed_sd, same in GRID:
        pair = [Cell(seeds, examples, seed_sd, same) for seeds in (5, 10)]
        three = [cells.false_findings(Cell(seeds, examples, seed_sd, same, equal(3)), REPEATS) for seeds in (5, 10)]
        rows.append(
            [
                f"{examples:,}",
                seed_sd,
                "same" if same else "different",
                *(cells.false_winners(cell, REPEATS) for cell in pair),
                *(winners for winners, _ in three),
                *(differing for _, differing in three),
                *(cells.false_winners_of_welch(cell, REPEATS) for cell in pair),
            ]
        )
    kinds = ("two", "three", "any pair of three", "Welch, two")
    names = [f"{kind}, S = {seeds}" for kind in kinds for seeds in (5, 10)]
    text = table(["examples", "seed sd", "contenders", *names], rows)
    paired = [
        cells.false_winners(Cell(10, 2000, 0.3, same, split_sd=1.0), REPEATS, paired=True) for same in (True, False)
    ]
    three_seeds = cells.zero_winners_with_three_seeds(REPEATS)
    return f"""## False winners among equal contenders (at most {LIMIT} of {REPEATS:,} in each cell)

{text}

{verdict_on(worst(rows, range(3, 9)), LIMIT)} "Any pair" counts bakeoffs of three in which any two are said to differ,
which Shaffer holds at 5 %; a *winner* must beat both others. Welch's t on the seed means is what most comparisons use.

Paired by design (rows share a split that moves accuracy by 1 point, S = 10, n = 2,000): {paired[0]} (same),
{paired[1]} (different). With 3 seeds and a true gap of 8 points: {three_seeds} winners named of
{REPEATS:,} (must be 0)."""


def looks() -> str:
    """Declared looks, and looks at 5 % each time."""
    rows = []
    for examples, seed_sd, same in GRID:
        two, three = Cell(10, examples, seed_sd, same), Cell(20, examples, seed_sd, same)
        trio = Cell(20, examples, seed_sd, same, equal(3))
        rows.append(
            [
                f"{examples:,}",
                seed_sd,
                "same" if same else "different",
                with_looks(two, LOOKS_2),
                with_looks(three, LOOKS_3),
                with_looks(trio, LOOKS_3),
                cells.false_winners_looking_at_5_percent(three, LOOKS_3, REPEATS),
            ]
        )
    names = ["looks 5, 10", "looks 5, 10, 20", "three contenders, 5, 10, 20", "each look at 5 % (5, 10, 20)"]
    return f"""## Looks (at most {LIMIT} of {REPEATS:,} in each cell)

Stopped at the first look that decides; levels by information. Of 36 cells at 5 % one or another leaves the bound by
luck, so a cell beyond it is measured on {COVERAGE_REPEATS:,} bakeoffs, the first {REPEATS:,} included, and stands here
with its count for each {REPEATS:,} of them. Such cells, and their first count: {again_in_words()}.

{table(["examples", "seed sd", "contenders", *names], rows)}

{verdict_on(worst(rows, range(3, 6)), LIMIT)}"""


AGAIN: list[str] = []
"""Cells of looks that were measured on more bakeoffs."""


def with_looks(cell: Cell, looks: tuple[int, ...]) -> int:
    """False winners of 1,000, measured on more where the first 1,000 leave the bound."""
    first = cells.false_winners_with_looks(cell, looks, REPEATS)
    if first <= LIMIT:
        return first
    AGAIN.append(f"{cell.examples:,} examples, seed sd {cell.seed_sd}, looks {', '.join(map(str, looks))} ({first})")
    return round(cells.false_winners_with_looks(cell, looks, COVERAGE_REPEATS) * REPEATS / COVERAGE_REPEATS)


def again_in_words() -> str:
    """The cells measured again."""
    return "; ".join(AGAIN) or "none"


def family() -> str:
    """Equal families, tuned independently."""
    settings = [
        (20, 5, 2000, 2),
        (20, 5, 360, 2),
        (20, 5, 10000, 2),
        (12, 3, 2000, 2),
        (40, 10, 2000, 2),
        (20, 5, 2000, 3),
    ]
    rows = [
        [t, m, f"{n:,}", k, cells.family_false_winners(REPEATS, trials=t, m=m, examples=n, families=k)]
        for t, m, n, k in settings
    ]
    return f"""## Family claim: equal families tuned independently (at most {LIMIT} of {REPEATS:,})

Random search over one hyperparameter that costs up to 7 points, one trial in ten that does not learn, validation on
1,000 examples.

{table(["trials T", "best of m", "examples", "families", "false winners"], rows)}

{verdict_on(worst(rows, [4]), LIMIT)}"""


def mutant() -> str:
    """The wrong tests, which the checks above must refuse."""
    tuned = cells.family_false_winners_of_welch(REPEATS)
    fixed = cells.false_winners_of_welch(Cell(10, 360), REPEATS)
    refused = (
        "Both are refused by the bound." if min(tuned, fixed) > LIMIT else "**A mutant passed: the check is too weak.**"
    )
    return f"""## The mutants that must fail

Welch's t on the seed means, equal but different contenders, n = 360, S = 10: {fixed} false winners of {REPEATS:,}. One
20-trial search each, then Welch's t on 10 fresh seeds of the two best configurations, n = 2,000: {tuned} of
{REPEATS:,}. {refused}"""


def power() -> str:
    """Winners found where there is one."""
    rows = []
    for examples, seed_sd, seeds in [(2000, 0.3, 10), (2000, 1.0, 10), (2000, 0.3, 5), (360, 0.3, 10), (360, 1.0, 10)]:
        found = cells.power(Cell(seeds, examples, seed_sd, accuracies=(0.92, 0.90)), 200)
        rows.append(
            [
                f"{examples:,}",
                seed_sd,
                seeds,
                found.found,
                found.wrong,
                f"{found.misses_naming_test_set} of {found.misses}",
            ]
        )
    return f"""## Power: a true gap of 2 points, 200 bakeoffs (at least 160 found at n = 2,000, S = 10, seed sd 0.3)

{table(["examples", "seed sd", "S", "found", "wrong one", "misses that name the test set as the limit"], rows)}

{"Met" if rows[0][3] >= 160 else "**Missed**"}: {rows[0][3]} of 200. At n = 360 every miss must say
that the test set is the limit."""


def equivalence() -> str:
    """EQUIVALENT where the gap is the margin (wrong) and where there is none (right)."""
    at_margin = (0.905, 0.895)
    rows = []
    for examples, seed_sd, seeds in itertools.product((2000, 10000), (0.3, 1.0), (5, 10)):
        found = cells.equivalences(Cell(seeds, examples, seed_sd, accuracies=at_margin), REPEATS)
        rows.append(
            ["two, gap = margin", f"{examples:,}", seed_sd, seeds, found.equivalent, found.wins_small, REPEATS, "67"]
        )
    for accuracies, text in (
        ((0.91, 0.90, 0.90), "three, one best by the margin"),
        ((0.91, 0.91, 0.90), "three, two best"),
    ):
        for examples in (2000, 10000):
            found = cells.equivalences(Cell(10, examples, accuracies=accuracies), REPEATS, wrong_with_best=True)
            bound = "67 (with the best)" if accuracies[1] < accuracies[0] else "-"
            rows.append([text, f"{examples:,}", 0.3, 10, found.equivalent, found.wins_small, REPEATS, bound])
    found = cells.equivalences(Cell(10, 10000), 200)
    rows.append(["two, no gap", "10,000", 0.3, 10, found.equivalent, found.wins_small, 200, "at least 180"])
    trio = cells.equivalences(Cell(10, 10000, accuracies=equal(3)), 200)
    rows.append(["three, no gap", "10,000", 0.3, 10, trio.equivalent, trio.wins_small, 200, "-"])
    return f"""## Equivalence (margin 1 point)

{table(["truth", "examples", "seed sd", "S", "EQUIVALENT", "WINS_SMALL", "of", "bound"], rows)}

{verdict_on(worst(rows[:10], [4]), LIMIT)} With no gap, two contenders: {found.equivalent} of 200 (at least 180). "Two
best": of three, the third a margin behind; EQUIVALENT is right if it names the two and leaves the third."""


def coverage() -> str:
    """How often the printed 95 % interval holds the truth."""
    rows = []
    for examples, seed_sd, seeds in itertools.product((360, 2000, 10000), (0.3, 1.0), (5, 10)):
        held = cells.coverage(Cell(seeds, examples, seed_sd, accuracies=(0.92, 0.90)), COVERAGE_REPEATS)
        rows.append([f"{examples:,}", seed_sd, seeds, sum(held[:REPEATS]), f"{np.mean(held):.1%}"])
    shares = [float(str(row[4]).rstrip("%")) for row in rows]
    inside = all(93 <= share <= 97 for share in shares)
    outside = sum(not 0.93 <= row[3] / REPEATS <= 0.97 for row in rows)
    return f"""## Coverage of the 95 % interval, true gap 2 points (93 to 97 %)

{table(["examples", "seed sd", "S", f"held, first {REPEATS:,}", f"share of {COVERAGE_REPEATS:,}"], rows)}

{"Met in every cell" if inside else "**Missed**"}: {min(shares)} to {max(shares)} % of {COVERAGE_REPEATS:,}.
The first {REPEATS:,} alone (standard error 7) leave the band in {outside} of {len(rows)} cells, which is why every
cell was measured on {COVERAGE_REPEATS:,} (standard error 0.3 %), those {REPEATS:,} included."""


def racing() -> str:
    """Races: true and false winners, and trials saved."""
    rows = []
    for accuracies in (
        (0.92, 0.91, 0.88),
        (0.92, 0.91, 0.90, 0.88, 0.86),
        (0.92, 0.90, 0.90, 0.90, 0.90),
        (0.90, 0.90, 0.86),
        (0.90, 0.90, 0.88, 0.88, 0.84),
        equal(3),
        equal(5),
    ):
        found = cells.race(Cell(20, 2000, accuracies=accuracies), LOOKS_3, REPEATS)
        shown = " ".join(f"{100 * accuracy:.0f}" for accuracy in accuracies)
        wins = [found.wins, found.wins_of_looks, found.wins_fixed] if accuracies[0] > accuracies[1] else ["-", "-", "-"]
        saved = [f"{1 - trials / found.trials_fixed:.0%}" for trials in (found.trials_of_looks, found.trials)]
        rows.append([shown, found.false_winners, *wins, *saved])
    names = [
        "false winners",
        "found, racing",
        "found, looks only",
        "found, S = 20 at 5 %",
        "saved, looks only",
        "saved, racing",
    ]
    return f"""## Racing: beaten contenders stop receiving trials (false winners at most {LIMIT} of {REPEATS:,})

Looks at 5, 10, 20; n = 2,000, seed sd 0.3. "Saved" is the share of the trials of S = 20 for everyone that was not
needed.

{table(["true accuracies", *names], rows)}

{verdict_on(worst(rows, [1]), LIMIT)}"""


def small_test_sets() -> str:
    """Few examples: the t interval is conservative there, so no minimum is imposed."""
    rows = []
    for examples, accuracy in itertools.product((5, 10, 20, 50, 100), (0.9, 0.5)):
        pair = (accuracy, accuracy)
        counts = [cells.false_winners(Cell(s, examples, accuracies=pair), REPEATS) for s in (5, 10)]
        rows.append([examples, f"{accuracy:.0%}", *counts])
    return f"""## Few test examples, equal but different contenders, seed sd 0.3

{table(["examples", "accuracy", "S = 5", "S = 10"], rows)}

{verdict_on(worst(rows, [2, 3]), LIMIT)} So a small test set costs power,
not honesty; a warning below 100 examples is enough."""


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [names, ["---:"] * len(names), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def worst(rows: Sequence[Sequence[int]], columns: Sequence[int]) -> int:
    """Largest count in these columns."""
    return max(row[column] for row in rows for column in columns)


def verdict_on(value: int, limit: int) -> str:
    """Whether ``value <= limit``, in words."""
    return f"Met: {value} against {limit}." if value <= limit else f"**Missed: {value} against {limit}.**"


if __name__ == "__main__":
    main()
