"""Bakeoffs by both editions of the protocol: each is judged, and audited, by the one that its plan was made under."""

import random

import pandas as pd
import pytest

from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import can_show, make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from tests.comparison.bakeoff_config import small_bakeoff
from tests.comparison.finished_bakeoffs import CONTENDERS, InThisProcess

TEXTS = (
    "task=text_classification",
    "contenders=[text_cnn,gru]",
    "baselines=[tfidf]",
    "data=csv",
    "data.tokenizer.vocab_size=300",
    "task.network.embedding_width=4",
    "data.split.group=patient",
    "budget=none",
    "seeds=5",
)


def judged(plan, folder):
    open_folder(folder, plan)
    run_bakeoff(plan, folder, InThisProcess(), lambda line: None)
    return read_json(folder / "verdict.json")


def test_a_bakeoff_that_the_first_edition_planned_is_judged_and_audited_by_it(tmp_path, digits_module):
    plan = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=5"))
    assert plan.edition == 3
    plan.edition = 1
    open_folder(tmp_path, plan)
    assert not {"edition", "futility"} & read_json(tmp_path / "plan.json").keys()
    again = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=5"))  # the same command, given to a later version
    verdict = judged(again, tmp_path)
    assert again.edition == verdict["edition"] == 1
    assert read_json(tmp_path / "margin.json")["rule"] == "10 % of the best validation error"
    assert audit(tmp_path, data=digits_module).agrees and audit(tmp_path).agrees


def test_rows_of_a_group_are_one_unit_of_the_verdict(tmp_path):
    rng = random.Random(0)
    words = {"ill": ["cough", "fever", "ache"], "well": ["walk", "sleep", "laugh"]}
    rows = [
        {"text": f"{' '.join(rng.choices(words[label], k=6))} {number}", "label": label, "patient": f"p{number % 150}"}
        for number, label in ((number, rng.choice(["ill", "well"])) for number in range(600))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "notes.csv", index=False)
    plan = make_plan(small_bakeoff(*TEXTS, f"data.file={tmp_path / 'notes.csv'}"))
    folder = tmp_path / "bakeoff"
    verdict = judged(plan, folder)
    patients = plan.data.units("test")
    scores = pd.read_parquet(folder / "scores.parquet")
    one = scores[(scores["contender"] == "gru") & (scores["trial"] == 0)]
    assert one["cluster"].tolist() == patients
    assert verdict["num_units"] == len(set(patients)) < verdict["num_examples"] == len(patients)
    assert verdict["unit"] == "cluster" and verdict["edition"] == 3
    board = {row["name"]: row["test"]["accuracy"] for row in verdict["leaderboard"]}
    for row in verdict["contenders"]:
        assert [board[row["name"]][end] for end in ("low", "high")] == pytest.approx([row["low"], row["high"]])
    assert audit(folder, data=plan.data).agrees


def test_every_number_of_seeds_can_be_a_look_and_levels_can_be_given():
    plan = make_plan(small_bakeoff(CONTENDERS, "budget=none", "looks=every", "futility=true"))
    assert plan.looks.seeds == tuple(range(5, 21)) and plan.looks.by_information and len(plan.seeds) == 20
    levels = make_plan(small_bakeoff(CONTENDERS, "budget=none", "looks={5: 0.01, 10: 0.04}"))
    assert levels.looks.alphas == (0.01, 0.04)
    for wrong in (["looks=often"], ["futility=true"], ["looks={5: 0.04, 10: 0.04}"]):
        with pytest.raises(ConfigError):
            make_plan(small_bakeoff(CONTENDERS, "budget=none", *wrong))


def test_before_it_starts_a_bakeoff_says_what_it_can_show():
    few = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=5"))
    many = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=20"))
    assert can_show(few).startswith("this bakeoff can show differences of about ")
    shown = [float(can_show(plan).split("about ")[1].split()[0]) for plan in (few, many)]
    assert shown[0] > shown[1] > 0
    assert can_show(make_plan(small_bakeoff(CONTENDERS, "budget=none", "task.metric=f1_macro"))) is None


def test_pairing_is_checked_against_the_splits_that_trials_had(tmp_path):
    plan = make_plan(small_bakeoff(CONTENDERS, "budget=none", "seeds=10", "paired=true", "baselines=null"))
    verdict = judged(plan, tmp_path)
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    shared = scores.groupby("seed")["split"].unique()
    assert [len(found) for found in shared] == [1] * 10 and len({found[0] for found in shared}) == 10
    assert not any("taken on trust" in line for line in verdict["warnings"])
