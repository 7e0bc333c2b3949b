"""A bakeoff of 60 trials in the pipeline's own files: what is read often is derived once, and kills lose nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bakeoff.comparison.judging import opening
from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.planning import plan
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.held_equal import seeds_in_words
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.report.pages.report import write_report
from bakeoff.statistics import verdict_from_scores
from tests.comparison.bakeoff_config import small_bakeoff
from tests.comparison.large_bakeoff import ENTRIES, NothingToRun, make_large_bakeoff, run_bakeoff, write_trials

FAST = ("data.split.test=0.2",)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seeds of five entries."""
    folder = tmp_path_factory.mktemp("large") / "out"
    make_large_bakeoff(folder, seeds=12, overrides=FAST)
    return folder


def verdict_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "verdict.json").read_text())


def test_it_is_a_bakeoff_like_any_other(large: Path) -> None:
    assert len(list(large.glob("trials/*/result.json"))) == 60
    found = audit(large)
    assert found.agrees, [*found.differing, *found.refusals]
    scores = pd.read_parquet(large / "scores.parquet")
    scores = scores[scores["contender"] != "linear"]
    stored = verdict_of(large)
    derived = json.loads(json.dumps(verdict_from_scores(scores, margin=stored["margin"], metric="accuracy").to_dict()))
    assert derived["pairs"] == stored["pairs"]
    assert derived["contenders"] == stored["contenders"]


def test_its_page_shows_every_contender_and_seed(large: Path) -> None:
    html = write_report(large).read_text()
    for row in verdict_of(large)["leaderboard"]:
        assert all(f'value="{value}"' in html for value in row["test"]["accuracy"]["values"])
    assert "0 to 11" in html


def test_a_trial_is_named_by_its_configuration_once(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()

    def counted(config, fingerprint, *, real=plan.trial_id):
        found = real(config, fingerprint)
        asked[found] += 1
        return found

    again = make_plan(small_bakeoff(*ENTRIES, "seeds=12", *FAST))
    monkeypatch.setattr(plan, "trial_id", counted)
    open_folder(large, again)
    before = verdict_of(large)
    run_bakeoff(again, large, NothingToRun(), lambda line: None)
    assert set(asked.values()) == {1}
    assert len(asked) == 60
    assert verdict_of(large)["contenders"] == before["contenders"]
    assert len((large / "openings.jsonl").read_text().splitlines()) == 1


def test_a_bakeoff_that_is_killed_while_it_opens_the_test_has_opened_it_no_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bakeoff = make_plan(small_bakeoff(*ENTRIES, "looks=[5,10]", "alpha=0.01", *FAST))
    open_folder(tmp_path, bakeoff)
    write_trials(bakeoff, tmp_path)
    real = opening.atomic_writer
    for killed_at in (1, 2):
        left = [killed_at]

        def killed(path, *, left=left):
            left[0] -= path.name == opening.SCORES
            if not left[0]:
                raise KeyboardInterrupt
            return real(path)

        monkeypatch.setattr(opening, "atomic_writer", killed)
        with pytest.raises(KeyboardInterrupt):
            run_bakeoff(bakeoff, tmp_path, NothingToRun(), lambda line: None)
    monkeypatch.setattr(opening, "atomic_writer", real)
    with (tmp_path / "openings.jsonl").open("a") as file:
        file.write('{"time": 17')
    outcome = run_bakeoff(bakeoff, tmp_path, NothingToRun(), lambda line: None)
    assert [look["seeds"] for look in outcome.record["looks"]] == [5, 10]
    assert not [finding for finding in outcome.record["findings"] if finding["guard"] == "test_openings"]
    noted = [json.loads(line) for line in (tmp_path / "openings.jsonl").read_text().splitlines()[:2]]
    assert [entry["seeds"] for entry in noted] == [5, 10]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (range(5), "0, 1, 2, 3, 4"),
        (range(200), "0 to 199"),
        ([7, 3, *range(20, 40)], "7, 3, 20 to 39"),
    ],
)
def test_many_seeds_in_a_row_are_named_by_their_ends(seeds: Any, words: str) -> None:
    assert seeds_in_words(list(seeds)) == words
