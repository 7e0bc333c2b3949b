"""Every guard catches, by its name, the sabotage of a real bakeoff; the undisturbed bakeoff raises nothing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff.comparison.guards import check, refuse, settled
from bakeoff.comparison.guards.equality import held_equal
from bakeoff.comparison.guards.leaks import duplicates
from bakeoff.comparison.guards.timing import spread
from bakeoff.comparison.judging import conclusion
from bakeoff.comparison.judging.audit import audit
from bakeoff.errors import ConfigError, TrialsFailed
from bakeoff.files import read_json
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding
from bakeoff.tables import read_table, table_of, to_bytes
from tests.comparison.finished_bakeoffs import make
from tests.data.made_texts import sentences, stream
from tests.values import values


def caught(sabotaged, **options):
    return {finding.guard for finding in check(sabotaged.folder, **options)}


@pytest.mark.parametrize("kind", ["plain", "looks", "tuned"])
def test_the_undisturbed_bakeoff_raises_nothing(finished, digits_module, kind):
    assert check(finished(kind), data=digits_module) == []
    assert digits_module.seed == 0


def test_baselines_stop_for_themselves_where_contenders_see_equal_examples(sabotage):
    live = sabotage()
    live.edit("plan.json", lambda plan: plan["budget"].update(mode="examples"))
    live.edit(f"{live.trial('linear')}/config.json", lambda config: config["trainer"].update(max_examples=99))
    assert not list(held_equal(RecordedBakeoff.read(live.folder)))
    live.edit(f"{live.trial('dense')}/config.json", lambda config: config["trainer"].update(max_examples=99))
    assert [finding.guard for finding in held_equal(RecordedBakeoff.read(live.folder))] == ["unequal_training"]


def test_before_the_verdict_the_guards_find_nothing_either(sabotage):
    live = sabotage()
    for name in ("verdict.json", "openings.jsonl", "scores.parquet", "margin.json"):
        (live.folder / name).unlink()
    assert check(live.folder) == []


def no_result(spoilt):
    (spoilt.folder / spoilt.trial("dense", 2) / "result.json").unlink()


def surplus_trial(spoilt):
    spoilt.copy_trial("dense", "0123456789ab", contender="third")


def second_run_of_a_seed(spoilt):
    spoilt.copy_trial("dense", "0123456789ab")


def other_seed(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/result.json", lambda result: result.update(seed=17))


def other_learning_rate(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/config.json", lambda config: config["optimizer"].update(lr=0.5))


def planned_learning_rate(spoilt):
    spoilt.edit_entry("dense", lambda entry: entry["config"]["optimizer"].update(lr=0.5))


def trial_of_another_bakeoff(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/result.json", lambda result: result.update(bakeoff_id="ffffffffff"))


def extra_seed(spoilt):
    spoilt.copy_trial("dense", "0123456789ab", seed=99)


def seeds_beyond_the_manifest(spoilt):
    spoilt.edit("manifest.json", lambda manifest: manifest["rules"].update(seeds=[0, 1]))
    spoilt.sign_manifest()


def predictions_improved(spoilt):
    path = spoilt.folder / spoilt.trial("dense") / "test_predictions.arrow"
    labels = values(read_table(spoilt.folder / "test_labels.arrow"))
    path.write_bytes(to_bytes(table_of(probabilities=np.eye(10, dtype=np.float32)[labels])))


def predictions_gone(spoilt):
    (spoilt.folder / spoilt.trial("dense") / "test_predictions.arrow").unlink()


def opened_twice(spoilt):
    path = spoilt.folder / "openings.jsonl"
    first = json.loads(path.read_text())
    path.write_text(json.dumps(first | {"scores_sha256": "0" * 64}) + "\n" + path.read_text())


def opened_unseen(spoilt):
    (spoilt.folder / "openings.jsonl").unlink()


def scores_swapped(spoilt):
    (spoilt.folder / "scores.parquet").write_bytes(b"other scores")


def no_linear_baseline(spoilt):
    spoilt.edit("plan.json", lambda plan: plan.update(contenders=plan["contenders"][:2]))
    spoilt.edit("manifest.json", lambda manifest: manifest["rules"]["contenders"].pop())
    spoilt.sign_manifest()


def no_trivial_baseline(spoilt):
    spoilt.edit("verdict.json", lambda verdict: verdict.update(trivial=None))


def augmented(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/config.json", lambda config: config["augment"].update(rotation=10.0))


def resized(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/config.json", lambda config: config["data"].update(image_size=16))


def trained_longer(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/config.json", lambda config: config["trainer"].update(max_epochs=2))


def other_rows(spoilt):
    spoilt.edit(f"{spoilt.trial('dense')}/spec.json", lambda spec: spec.update(split_fingerprint="other"))


def leak_allowed(spoilt):
    spoilt.edit("plan.json", lambda plan: plan["data"]["spec"].update(leaked_rows=3))


def fewer_trials(spoilt):
    spoilt.edit_entry("dense", lambda entry: entry.update(trials=entry["trials"][:2]))


def manifest_gone(spoilt):
    (spoilt.folder / "manifest.json").unlink()


def manifest_unsigned(spoilt):
    spoilt.edit("manifest.json", lambda manifest: manifest["rules"].update(alpha=0.2))
    spoilt.edit("plan.json", lambda plan: plan.update(alpha=0.2))


def margin_after_the_fact(spoilt):
    spoilt.edit("plan.json", lambda plan: plan.update(margin=0.2))


def margin_of_the_verdict(spoilt):
    for name in ("manifest.json", "plan.json"):
        spoilt.edit(name, lambda record: record.get("rules", record).update(margin=0.2))
    spoilt.sign_manifest()


def metric_after_the_fact(spoilt):
    spoilt.edit("plan.json", lambda plan: plan["task"].update(metric="loss"))


def pairing_after_the_fact(spoilt):
    spoilt.edit("plan.json", lambda plan: plan.update(paired=True))


def looks_after_the_fact(spoilt):
    spoilt.edit("plan.json", lambda plan: plan.update(looks=[3]))


def unsettled_timing(spoilt):
    repeats = {"latency_repeats_ms": {"1": [1.0, 1.0, 1.02, 1.0, 1.3]}, "latency_ms": {"1": 1.0}}
    spoilt.edit("verdict.json", lambda verdict: verdict["leaderboard"][0].update(repeats))


SABOTAGES = {
    no_result: {"trials_recorded"},
    surplus_trial: {"trials_recorded"},
    second_run_of_a_seed: {"trials_recorded"},
    other_seed: {"trials_recorded"},
    other_learning_rate: {"trials_recorded"},
    planned_learning_rate: {"trials_recorded", "manifest"},
    trial_of_another_bakeoff: {"trials_recorded"},
    extra_seed: {"undeclared_seeds"},
    seeds_beyond_the_manifest: {"undeclared_seeds"},
    predictions_improved: {"predictions_sealed"},
    predictions_gone: {"predictions_sealed"},
    opened_twice: {"test_openings"},
    opened_unseen: {"test_openings"},
    scores_swapped: {"test_openings"},
    no_linear_baseline: {"baselines", "trials_recorded"},
    no_trivial_baseline: {"baselines"},
    augmented: {"unequal_augmentation", "trials_recorded"},
    resized: {"unequal_preprocessing", "trials_recorded"},
    trained_longer: {"unequal_training", "trials_recorded"},
    other_rows: {"unequal_preprocessing"},
    leak_allowed: {"duplicates"},
    fewer_trials: {"unequal_tuning", "undeclared_seeds"},
    manifest_gone: {"manifest"},
    manifest_unsigned: {"manifest"},
    margin_after_the_fact: {"manifest"},
    margin_of_the_verdict: {"manifest"},
    metric_after_the_fact: {"manifest"},
    pairing_after_the_fact: {"manifest"},
    looks_after_the_fact: {"manifest"},
    unsettled_timing: {"timing"},
}


@pytest.mark.parametrize(("spoil", "names"), SABOTAGES.items(), ids=lambda item: getattr(item, "__name__", "by_name"))
def test_a_sabotage_is_caught_by_its_name(sabotage, spoil, names):
    spoilt = sabotage()
    spoil(spoilt)
    assert caught(spoilt) == names


def dimension_less(spoilt):
    def change(entry):
        gone = next(iter(entry["search"]))
        del entry["search"][gone]
        [point["values"].pop(gone) for point in entry["points"]]

    spoilt.edit_entry("dense", change)


def other_sampler(spoilt):
    spoilt.edit_entry("dense", lambda entry: entry.update(sampler="tpe"))


def outside_of_the_range(spoilt):
    spoilt.edit_entry("dense", lambda entry: entry["points"][3]["values"].update({"optimizer.lr": 5.0}))


def shared_seeds(spoilt):
    seeds = [point["seed"] for point in spoilt.entry("small")["points"]]
    spoilt.edit_entry("dense", lambda e: [p.update(seed=s) for p, s in zip(e["points"], seeds, strict=True)])


def a_point_less(spoilt):
    spoilt.edit_entry("dense", lambda entry: entry.update(points=entry["points"][:11], trials=entry["trials"][:11]))


@pytest.mark.parametrize("spoil", [dimension_less, other_sampler, outside_of_the_range, shared_seeds, a_point_less])
def test_unequal_tuning_is_caught(sabotage, spoil):
    spoilt = sabotage("tuned")
    assert caught(spoilt) == set()
    spoil(spoilt)
    assert "unequal_tuning" in caught(spoilt)


def test_a_race_may_end_early_for_the_beaten_only(sabotage):
    spoilt = sabotage("looks")
    assert len(read_json(spoilt.folder / "verdict.json")["looks"]) == 2
    assert not (spoilt.folder / spoilt.trial("small", 5) / "result.json").exists()
    (spoilt.folder / spoilt.trial("dense", 9) / "result.json").unlink()
    assert caught(spoilt) == {"trials_recorded"}


def test_a_race_that_goes_on_after_a_kill_is_not_behind_at_its_first_look(sabotage):
    spoilt = sabotage("looks")
    (spoilt.folder / "verdict.json").unlink()
    (spoilt.folder / spoilt.trial("dense", 9) / "result.json").unlink()
    assert check(spoilt.folder, stage=5) == []
    assert caught(spoilt, stage=10) == {"trials_recorded"}
    (spoilt.folder / spoilt.trial("dense", 4) / "result.json").unlink()
    assert caught(spoilt, stage=5) == {"trials_recorded"}


def test_seeds_added_by_the_command_itself_make_it_exploratory(sabotage):
    spoilt = sabotage()
    make("plain", spoilt.folder, "seeds=4")
    verdict = read_json(spoilt.folder / "verdict.json")
    assert verdict["exploratory"] and verdict["sentence"].startswith("Exploratory: ")
    assert any(warning.startswith("exploratory: seeds were added") for warning in verdict["warnings"])
    assert caught(spoilt) == {"undeclared_seeds", "test_openings"}
    assert {finding.severity for finding in check(spoilt.folder)} == {"stamp"}
    assert audit(spoilt.folder).agrees


class WithCopy:
    """Data whose first train image is a test image, whatever its preparation wrote down."""

    def __init__(self, data):
        self.data = data

    def __getattr__(self, name):
        return getattr(self.data, name)

    def digests(self, split):
        digests = self.data.digests(split)
        return [self.data.digests("test")[5], *digests[1:]] if split == "train" else digests


def test_an_image_in_train_and_test_is_caught_by_its_pixels(finished, digits_module):
    findings = check(finished("plain"), data=WithCopy(digits_module))
    assert "duplicates" in {finding.guard for finding in findings if finding.severity == "refuse"}


def test_seeds_that_use_other_documents_are_each_searched_for_copies():
    data = stream(sentences(60), max_eval_documents=2)
    seeds = [SimpleNamespace(seed=seed) for seed in range(4)]
    used = []
    for data.seed in range(4):
        used.append({name for split in ("train", "val", "test") for name in data.examples(split)})
    assert used[1] - used[0]
    assert list(duplicates(SimpleNamespace(plan=SimpleNamespace(spec={}, trials=seeds)), data)) == []


def test_normalisation_that_saw_the_test_is_caught(sabotage, digits_module):
    spoilt = sabotage()
    splits = [digits_module.show(split, range(len(values(digits_module.labels(split))))) for split in ("train", "test")]
    pixels = np.concatenate(splits) / 255
    fitted = {"mean": [pixels.mean()], "std": [pixels.std()]}
    for name in ("dense", "lenet", "linear"):
        spoilt.edit(f"{spoilt.trial(name)}/spec.json", lambda spec: spec.update(fitted))
    findings = check(spoilt.folder, data=digits_module)
    assert [finding.guard for finding in findings] == ["preprocessing_fit"]
    assert "in lenet seed 0, dense seed 0, linear seed 0 (mean" in findings[0].problem


def test_repeats_settle_within_ten_percent_of_their_median():
    assert settled([1.0, 1.05, 1.02, 0.98, 1.0])
    assert spread([2.0, 2.2, 2.0, 2.0, 2.1]) == pytest.approx(0.1)
    assert not settled([1.0, 1.0, 1.0, 1.0, 1.11])
    assert not settled([1.0, 1.0, 1.0, 1.0])
    assert not settled([])
    assert not settled([0.0] * 5)


def test_what_is_refused_stops_with_the_name_of_the_guard(sabotage):
    spoilt = sabotage()
    refuse(check(spoilt.folder), spoilt.folder)
    opened_twice(spoilt)
    refuse(check(spoilt.folder), spoilt.folder)
    predictions_improved(spoilt)
    with pytest.raises(TrialsFailed, match=r"error\[guard\.predictions_sealed\]"):
        refuse(check(spoilt.folder), spoilt.folder)


def test_a_verdict_that_a_guard_refuses_is_not_written(sabotage, monkeypatch):
    spoilt = sabotage()
    (spoilt.folder / "verdict.json").unlink()
    wrong = Finding("timing", "refuse", "Nothing stands on this.")
    monkeypatch.setattr(conclusion, "check_recorded", lambda bakeoff: [wrong] if bakeoff.verdict else [])
    with pytest.raises(TrialsFailed, match=r"error\[guard\.timing\]"):
        make("plain", spoilt.folder)
    assert not (spoilt.folder / "verdict.json").exists()


def test_a_folder_without_a_bakeoff_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"config\.no_bakeoff"):
        check(tmp_path)
