"""A page over many trials shows where they lie, in place of each of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bakeoff.report.analysis.learning import learning_curves
from bakeoff.report.analysis.spread import MANY, spread
from bakeoff.report.reading import read_bakeoff
from tests.report.built_page import Built, built
from tests.report.synthetic_bakeoff import ENTRIES, TUNED, Recipe, write_bakeoff

SMALL = {"examples": 40, "epochs": 3, "entries": (ENTRIES[0], ENTRIES[2])}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Two contenders of 45 seeds each."""
    recipe = Recipe(seeds=MANY + 5, failed=tuple(("vit", seed) for seed in range(41)), **SMALL)
    return built(write_bakeoff(tmp_path_factory.mktemp("many") / "finished", recipe))


def test_quantiles_stand_in_place_of_a_column_a_seed(many: Built) -> None:
    section = many.html.partition('id="leaderboard"')[2].partition("</section>")[0]
    table = section.partition("<details>")[2]
    for row in many.verdict["leaderboard"]:
        for share in (0, 5, 25, 50, 75, 95, 100):
            assert f'value="{float(np.percentile(row["test"]["accuracy"]["values"], share))}"' in table
    assert table.count('<th scope="col"') == 10
    assert "seed 44" not in many.outline.text
    assert "45 of them, which stand in plan.json" in many.outline.text


def test_lines_stand_for_trials_in_the_headline_figure(many: Built, report: Built) -> None:
    figures = [built_page.html.partition("<figcaption>")[0] for built_page in (many, report)]
    marks = [figure.count("<use") for figure in figures]
    assert marks[0] == 2 * 2, "the two estimates, wide and narrow"
    assert marks[1] == 2 * 3 * (5 + 1)
    assert "the thin line below holds 90 % and the thick one half" in many.outline.text
    assert "the faint marks below are single seeds" in report.outline.text


def test_bands_of_learning_curves_leave_out_the_outermost_seeds(many: Built) -> None:
    bakeoff = read_bakeoff(many.folder)
    curve = learning_curves(bakeoff.trials_of("resnet"), metric="accuracy")["examples_seen"]
    lines = [(trial.folder / "metrics.jsonl").read_text().splitlines()[-2] for trial in bakeoff.trials_of("resnet")]
    last = [json.loads(line)["val/accuracy"] for line in lines]
    assert curve.num_seeds == len(last) == 45
    assert (curve.low[-1], curve.high[-1]) == pytest.approx(np.percentile(last, (5, 95)))
    assert curve.mean[-1] == pytest.approx(np.mean(last))
    assert "A band spans the middle 90 % of seeds" in many.outline.text


def test_a_table_of_failures_has_an_end(many: Built) -> None:
    section = many.html.partition('id="failures"')[2].partition("</section>")[0]
    assert len(re.findall('<tr><th scope="row"', section)) == MANY
    assert f"the first {MANY} of 41" in many.outline.text


def test_trials_without_a_result_are_counted_where_they_are_more_than_a_few(many: Built, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "bakeoff", Recipe(seeds=10, **SMALL))
    for path in sorted(folder.glob("trials/vit-*/result.json"))[:6]:
        path.unlink()
    next(folder.glob("trials/resnet-*/result.json")).unlink()
    missing = read_bakeoff(folder).missing
    assert "6 trials of vit have no result and therefore no curve and no predictions." in missing
    assert sum("resnet" in sentence for sentence in missing) == 1


def test_every_trial_of_a_search_is_marked_once_in_each_of_its_figures(tmp_path: Path) -> None:
    recipe = replace(TUNED, examples=40, epochs=3, tune=24, best_of=3)
    page = built(write_bakeoff(tmp_path / "bakeoff", recipe))
    figures = re.findall(r"<figure>(<svg.*?</svg>)</figure>", page.html.partition("What was searched")[2])
    shared = next(figure for figure in figures if "against optimizer.lr" in figure)
    assert shared.count("<use") == 3 * 24


def test_spread_by_hand() -> None:
    found = spread([float("nan"), 4.0, 0.0, 1.0, 3.0, 2.0])
    assert found is not None
    assert (found.lowest, found.first, found.median, found.third, found.highest) == (0, 1, 2, 3, 4)
    assert (found.low, found.high, found.num_trials) == (pytest.approx(0.2), pytest.approx(3.8), 5)
    assert spread([float("nan")]) is None
