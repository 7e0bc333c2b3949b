"""A search whose verdict may be read early: interrupted, taken up again, raced, judged, audited and reported."""

import json

import pandas as pd
import pytest

from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from bakeoff.report.pages.markdown import markdown
from bakeoff.report.pages.report import render
from bakeoff.report.reading import read_bakeoff
from bakeoff.statistics import race_verdict
from tests.comparison.bakeoff_config import small_bakeoff
from tests.comparison.finished_bakeoffs import InThisProcess

TUNED = ("budget=none", "seeds=3", "tune.trials=13", "looks=[12,13]")
CONTENDERS = (
    "contenders=[{model: mlp, name: dense},{model: mlp, name: denser, width: 1.1},"
    "{model: mlp, name: small, width: 0.02}]"
)


class Interrupted(InThisProcess):
    """Ends as Ctrl-C does, before a given trial."""

    def __init__(self, before: int) -> None:
        self.left = before

    def run(self, jobs, *, on_end, on_wait):
        for job in jobs:
            if not job.finished and not self.left:
                raise KeyboardInterrupt
            self.left -= not job.finished
            super().run([job], on_end=on_end, on_wait=on_wait)


def go(folder, executor):
    plan = make_plan(small_bakeoff(CONTENDERS, *TUNED))
    open_folder(folder, plan)
    lines = []
    run_bakeoff(plan, folder, executor, lines.append)
    return lines


@pytest.mark.slow  # bakeoffs with a search and with looks are audited each for itself in test_audit.py
def test_tuned_families_race_through_looks_and_the_audit_agrees(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, Interrupted(before=40))
    assert len((tmp_path / "openings.jsonl").read_text().splitlines()) == 1
    lines = go(tmp_path, InThisProcess())
    assert any(line.startswith("look at 12 trials: NOT_ENOUGH_EVIDENCE; still racing: ") for line in lines)
    assert not [line for line in lines if line.startswith("[") and "small" in line]
    verdict = read_json(tmp_path / "verdict.json")
    assert (verdict["kind"], verdict["best_of"], verdict["look"], verdict["last_look"]) == ("family", 3, 1, True)
    assert [look["seeds"] for look in verdict["looks"]] == [12, 13] and verdict["saved_trials"] == 1
    runs = {row["name"]: (row["num_seeds"], row["beaten_by"] is not None) for row in verdict["contenders"]}
    assert runs == {"dense": (13, False), "denser": (13, False), "small": (12, True)}
    anew = json.loads(json.dumps(judged_anew(tmp_path, verdict["margin"]).to_dict())) | {
        "warnings": verdict["warnings"]
    }
    assert {name: verdict[name] for name in anew} == anew

    found = audit(tmp_path)
    assert found.differing == [] and found.findings == ()
    assert len((tmp_path / "openings.jsonl").read_text().splitlines()) == 2

    bakeoff = read_bakeoff(tmp_path)
    page = render(bakeoff)
    assert bakeoff.missing == []
    assert "12 trials" in page and "trials run" in page and "up to 13 random trials" in page
    assert "1 of 42 planned trials" in markdown(bakeoff)


def judged_anew(folder, margin):
    """The verdict by the statistics alone, from the stored scores of the three contenders."""
    scores = pd.read_parquet(folder / "scores.parquet").query("contender != 'linear'")
    validation = pd.read_parquet(folder / "validation.parquet")
    verdict = None
    for trials in (12, 13):
        verdict = race_verdict(
            scores[scores["trial"] < trials],
            validation=validation[validation["trial"] < trials],
            looks=(12, 13),
            previous=verdict,
            margin=margin,
            metric="accuracy",
        )
    return verdict


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("tune.trials=20", "looks=every"), r"looks=every: looks of tuning trials are named numbers of trials"),
        (("tune.trials=40", "looks={12: 0.01, 40: 0.04}"), r"looks=\[12, 40\]: .* which spend by information; next"),
        (("tune.trials=40", "looks=[12,20]"), "the last look is at 20 trials, and the search has 40; next: tune.tri"),
        (("tune.trials=20", "looks=[10,20]"), r"takes 12 trials: .*; next: looks=\[12,24\]"),
        (("tune.trials=20", "tune.best_of=4", "looks=[12,20]"), "the first look at a search takes 16 trials"),
        (("tune.trials=20", "looks=[12,20]", "paired=true"), "paired=True: each trial of a search has a seed of its"),
        (("tune.trials=20", "futility=true"), "a stop for futility needs looks"),
        (("seeds=20", "looks=[5,10]"), "the last look is at 10 seeds, and 20 are asked for; next: seeds=10"),
        (("seeds=[3,4,5,6,7]", "looks=[5,10]"), "the last look is at 10 seeds, and 5 are asked for"),
    ],
)
def test_what_the_information_design_does_not_cover_is_refused_in_one_line(overrides, line):
    with pytest.raises(ConfigError, match=line) as refused:
        make_plan(small_bakeoff(CONTENDERS, "budget=none", *overrides))
    assert "\n" not in str(refused.value)


def test_named_seeds_are_those_of_the_looks_and_a_search_keeps_its_baselines_seeds():
    named = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=[3,4,5,6,7,8]", "looks=[5,6]"))
    assert named.seeds == [3, 4, 5, 6, 7, 8]
    tuned = make_plan(small_bakeoff(CONTENDERS, *TUNED, "futility=true"))
    assert tuned.seeds == [0, 1, 2] and tuned.looks.seeds == (12, 13)
    assert [len(contender.points) for contender in tuned.contenders] == [13, 13, 13, 3]
