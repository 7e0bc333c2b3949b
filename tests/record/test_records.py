"""Records of a bakeoff's folder: strict where a verdict rests on them, and for what is there where a page is made."""

import json

import pytest

from bakeoff.errors import ConfigError, DataError
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.contenders import Contender, Point
from bakeoff.record.evidence import Audit, Check, Finding
from bakeoff.record.layout import AUDIT, OPENINGS, PLAN, RESULT, VERDICT, trial_folder
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import parsed_lines, read_lines
from bakeoff.record.trials import RecordedTrial
from bakeoff.record.verdict import RecordedPair, RecordedVerdict

ENTRY = {"name": "vit", "role": "contender", "config": {}, "trials": ["t0", "t1"], "points": []}
FACTS = {"name": "bleu", "label": "BLEU", "direction": "maximize", "perfect": 100.0, "unit": "points"}
WHOLE = {
    "bakeoff_id": "b0",
    "task": {"name": "translation", "metric": "bleu", "direction": "maximize", "facts": [FACTS]},
    "data": {"name": "words", "fingerprint": "f", "spec": {"class_names": ["a", 3]}},
    "alpha": 0.05,
    "margin": None,
    "looks": [5, 10],
    "paired": False,
    "budget": {},
    "tune": {"trials": 0},
    "seeds": [3, 4],
    "exploratory": False,
    "contenders": [ENTRY | {"train_flops_per_example": 1.0, "seed_offset": 100}],
    "environment": {},
    "of a later version": 1,
}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_a_plan_names_its_trials_by_seed_and_offset(tmp_path):
    plan = RecordedPlan.read(write(tmp_path / PLAN, WHOLE))
    assert [(trial.trial_id, trial.number, trial.seed) for trial in plan.trials] == [("t0", 0, 103), ("t1", 1, 104)]
    assert (plan.task, plan.data, plan.class_names, plan.margin_fraction) == ("translation", "words", ("a", "3"), 0.1)
    assert plan.looks == (5, 10) and plan.look_levels == pytest.approx((0.01, 0.04))
    assert (plan.aim.perfect, plan.aim.sign) == (100.0, 1.0)


@pytest.mark.parametrize("key", ["seeds", "tune", "contenders"])
def test_a_plan_that_lacks_something_is_read_for_a_page_and_not_for_a_verdict(tmp_path, key):
    part = {name: value for name, value in WHOLE.items() if name != key}
    with pytest.raises(DataError, match=rf"data\.damaged_file.*it lacks {key}"):
        RecordedPlan.read(write(tmp_path / PLAN, part))
    assert RecordedPlan.from_dict(part).bakeoff_id == "b0"
    assert not getattr(RecordedPlan.from_dict(part), key)
    assert (RecordedPlan.from_dict({}).trials, RecordedPlan.from_dict({}).margin_fraction) == ((), 0.1)


def test_a_contender_that_lacks_its_configuration_is_refused(tmp_path):
    entry = {name: value for name, value in ENTRY.items() if name != "config"}
    with pytest.raises(DataError, match="it lacks config, train_flops_per_example"):
        RecordedPlan.read(write(tmp_path / PLAN, WHOLE | {"contenders": [entry]}))


def test_a_tuned_contender_keeps_its_points_and_a_baseline_has_none():
    config = {"model": {"name": "vit", "family": "transformer", "search": {"lr": {"low": 0, "high": 1}}}}
    for role, points in (("contender", [Point(0, 7, {"lr": 0.5})]), ("baseline", [])):
        one = Contender.of("ViT", role, config, points=[Point(0, 7, {"lr": 0.5})], trials=["t0"])
        read = Contender.from_dict(json.loads(json.dumps(one.to_dict(tuned=True))))
        assert (read.name, read.model, read.family, read.points) == ("ViT", "vit", "transformer", points)
        assert bool(read.search) is (role == "contender")
        assert one.to_dict(tuned=False)["points"] == []


def test_a_trial_without_figures_has_none(tmp_path):
    folder = tmp_path / "t0"
    assert RecordedTrial.found(folder) is None
    write(folder / RESULT, "{cut off")
    assert RecordedTrial.found(folder) is None
    with pytest.raises(DataError, match=r"data\.damaged_file"):
        RecordedTrial.read(folder)
    write(folder / RESULT, {"trial_id": "t0", "contender": "vit", "seed": 3, "status": "failed", "started": 0.0})
    failed = RecordedTrial.read(folder)
    assert (failed.failed, failed.ended, failed.train_seconds, failed.validation) == (True, None, None, {})
    write(folder / RESULT, {"trial_id": "t0", "contender": "vit", "seed": 3, "status": "finished"})
    with pytest.raises(DataError, match="it lacks validation, test_predictions_sha256"):
        RecordedTrial.read(folder)


def test_trials_come_one_of_each_contender_after_the_other_up_to_the_stage(tmp_path):
    entry = ENTRY | {"train_flops_per_example": 1.0}
    entries = [entry | {"name": name, "trials": [f"{name}0", f"{name}1"]} for name in "ab"]
    write(tmp_path / PLAN, WHOLE | {"contenders": entries})
    for name in ("b1", "a0", "b0", "surplus"):
        about = {"trial_id": name, "contender": name[0], "seed": 3, "status": "failed"}
        write(trial_folder(tmp_path, name) / RESULT, about)
    assert [recorded.name for _, recorded in RecordedBakeoff.read(tmp_path).ran] == ["a0", "b0", "b1"]
    assert [recorded.name for _, recorded in RecordedBakeoff.read(tmp_path, stage=1).ran] == ["a0", "b0"]
    assert sorted(RecordedBakeoff.read(tmp_path).trials) == ["a0", "b0", "b1", "surplus"]


def test_a_folder_without_a_plan_is_no_bakeoff(tmp_path):
    with pytest.raises(ConfigError, match=r"config\.no_bakeoff.*looked for plan\.json"):
        RecordedBakeoff.read(tmp_path)


def test_only_the_last_line_may_have_been_cut_off(tmp_path):
    path = write(tmp_path / OPENINGS, '{"seeds": 5}\n{"seeds": 10}\n{"cut')
    assert read_lines(path) == parsed_lines(path) == ({"seeds": 5}, {"seeds": 10})
    write(path, '{"seeds": 5}\n{"cut\n{"seeds": 10}\n')
    assert parsed_lines(path) == ({"seeds": 5}, {"seeds": 10})
    with pytest.raises(DataError, match="line 2 is no JSON"):
        read_lines(path)


def test_a_pair_turns_its_signs_with_its_names():
    pair = RecordedPair("a", "b", difference=0.2, low=-0.1, high=0.5, v_a=1.0, v_b=2.0)
    turned = pair.seen_from("b")
    assert (turned.a, turned.difference, turned.low, turned.high, turned.v_a) == ("b", -0.2, -0.5, 0.1, 2.0)
    assert pair.seen_from("a") is pair and not pair.is_decided


def test_a_verdict_that_lacks_its_leaderboard_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"it lacks .*leaderboard"):
        RecordedVerdict.read(write(tmp_path / VERDICT, {"verdict": "WINS", "winner": "vit"}))
    assert RecordedVerdict.from_dict({"winner": "vit"}).leader == "vit"


def test_an_audit_says_nothing_of_files_that_changed_since(tmp_path):
    assert Audit.found(tmp_path) is None
    audit = Audit((Check("margin", 1, 1),), (Finding("timing", "warn", "slow"),), {PLAN: "0" * 64}, True)
    write(tmp_path / AUDIT, audit.to_dict())
    found = Audit.found(tmp_path)
    assert found is not None and found.agrees and found.changed == (PLAN,) and not found.passed
    assert (found.checks, found.findings, found.with_data) == (audit.checks, audit.findings, True)
    assert not Audit((Check("margin", 1, 2, agrees=False),)).agrees
    assert not Audit(findings=(Finding("manifest", "refuse"),)).agrees
