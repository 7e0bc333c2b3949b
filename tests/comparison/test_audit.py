"""The audit agrees with what the pipeline wrote, and names every figure that was changed."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from bakeoff.cli import main
from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.judging.checks import compare, same
from bakeoff.errors import ConfigError, DataError
from bakeoff.files import read_json, write_json
from bakeoff.tables import read_table, table_of, to_bytes
from bakeoff.training.trial.predictions import seal_answers
from tests.values import values


def differing(folder, **options):
    return [check.what for check in audit(folder, **options).differing]


@pytest.mark.parametrize("kind", ["plain", "looks", "tuned"])
def test_every_figure_of_an_undisturbed_bakeoff_agrees(sabotage, digits_module, kind):
    untouched = sabotage(kind)
    found = audit(untouched.folder, data=digits_module)
    assert found.agrees
    assert found.differing == [] and found.findings == ()
    written = read_json(untouched.folder / "audit.json")
    assert written["agrees"] and written["schema_version"] == 1 and written["with_data"]
    assert len(written["checks"]) > 200
    verdict = (untouched.folder / "verdict.json").read_bytes()
    assert written["sha256"]["verdict.json"] == hashlib.sha256(verdict).hexdigest()


def test_metrics_that_the_task_declares_since_the_plan_are_no_part_of_the_bakeoff(sabotage):
    older = sabotage()
    plan, verdict = (read_json(older.folder / name) for name in ("plan.json", "verdict.json"))
    plan["task"]["facts"] = [facts for facts in plan["task"]["facts"] if facts["name"] != "mcc"]
    for row in verdict["leaderboard"]:
        del row["test"]["mcc"]
    write_json(older.folder / "plan.json", plan)
    write_json(older.folder / "verdict.json", verdict)
    assert differing(older.folder) == []


def leaves(tree, prefix=""):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if items is None:
        yield prefix, tree
    else:
        for key, value in items:
            yield from leaves(value, f"{prefix}/{key}")


MEASURED_OR_WORDED = ("latency_ms", "latency_repeats_ms", "warnings", "schema_version", "trivial", "trivial_words")


@pytest.mark.parametrize("kind", ["plain", "tuned"])
def test_a_change_of_any_number_of_the_verdict_is_found(sabotage, kind):
    spoilt = sabotage(kind)
    path = spoilt.folder / "verdict.json"
    original = read_json(path)
    numbers = [(where, value) for where, value in leaves(original) if same(value, value) and type(value) is float]
    numbers = [(where, value) for where, value in numbers if not any(word in where for word in MEASURED_OR_WORDED)]
    rng = np.random.default_rng(0)
    for index in rng.choice(len(numbers), size=12, replace=False):
        where, value = numbers[index]
        changed = json.loads(json.dumps(original))
        inside = changed
        *parents, last = where.split("/")[1:]
        for part in parents:
            inside = inside[int(part)] if isinstance(inside, list) else inside[part]
        inside[int(last) if isinstance(inside, list) else last] = value * (1 + 1e-6) + (value == 0) * 1e-9
        write_json(path, changed)
        assert len(differing(spoilt.folder)) == (2 if where == "/margin" else 1), where


def test_scores_improved_in_the_table_are_found_in_scores_and_verdict(sabotage):
    spoilt = sabotage()

    def improve(table):
        table.loc[(table["contender"] == "lenet") & (table["trial"] == 1), "score"] = 1.0
        return table

    spoilt.edit_scores(improve)
    found = differing(spoilt.folder)
    assert [what for what in found if what.startswith("scores/")] == ["scores/lenet trial 1"]
    assert "verdict/contenders/lenet/mean" in found
    assert "verdict/pairs/dense - lenet/difference" in found


def test_scores_exchanged_between_examples_are_found_though_their_mean_is_the_same(sabotage):
    spoilt = sabotage()

    def turn(table):
        rows = (table["contender"] == "dense") & (table["trial"] == 0)
        table.loc[rows, "score"] = table.loc[rows, "score"].to_numpy()[::-1]
        return table

    spoilt.edit_scores(turn)
    assert "scores/dense trial 0" in differing(spoilt.folder)


def test_scores_of_a_trial_that_never_ran_are_found(sabotage):
    spoilt = sabotage()
    spoilt.edit_scores(lambda table: pd.concat([table, table[table["trial"] == 0].assign(trial=3, seed=3)]))
    assert "scores/dense trial 3" in differing(spoilt.folder)


def test_predictions_changed_together_with_their_hash_are_found(sabotage):
    spoilt = sabotage()
    trial = spoilt.trial("lenet", 2)
    labels = values(read_table(spoilt.folder / "test_labels.arrow"))
    digest = seal_answers(table_of(probabilities=np.eye(10, dtype=np.float32)[labels]), spoilt.folder / trial)
    spoilt.edit(f"{trial}/result.json", lambda result: result.update(test_predictions_sha256=digest))
    found = audit(spoilt.folder)
    assert found.findings == ()
    assert "scores/lenet trial 2" in [check.what for check in found.differing]


def test_weights_of_which_a_bit_has_changed_are_found(sabotage):
    spoilt = sabotage()
    weights = spoilt.folder / spoilt.trial("lenet", 1) / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-7] ^= 4
    weights.write_bytes(content)
    assert differing(spoilt.folder) == ["model/lenet trial 1/weights.safetensors"]
    weights.unlink()  # to save space
    assert differing(spoilt.folder) == []


def test_validation_changed_moves_the_margin(sabotage):
    spoilt = sabotage()
    for number in range(3):
        trial = spoilt.trial("dense", number)
        spoilt.edit(f"{trial}/result.json", lambda result: result["validation"].update(accuracy=0.1))
    assert {"margin/verdict.json", "margin/margin.json"} <= set(differing(spoilt.folder))


def test_labels_that_are_not_those_of_the_data_are_found(sabotage, digits_module):
    spoilt = sabotage()
    labels = values(read_table(spoilt.folder / "test_labels.arrow"))
    (spoilt.folder / "test_labels.arrow").write_bytes(to_bytes(table_of(label=np.roll(labels, 1))))
    assert "data/test labels" in differing(spoilt.folder, data=digits_module)


def test_a_failed_trial_is_the_trivial_predictor(sabotage, digits_module):
    spoilt = sabotage()
    trial = spoilt.trial("lenet", 1)
    failure = {"status": "failed", "why": "killed"}
    spoilt.edit(f"{trial}/result.json", lambda result: result.update(failure))
    found = {check.what: check for check in audit(spoilt.folder, data=digits_module).checks}
    assert not found["scores/lenet trial 1"].agrees
    train, test = values(digits_module.labels("train")), values(read_table(spoilt.folder / "test_labels.arrow"))
    trivial = np.mean(test == np.bincount(train).argmax())
    assert found["scores/lenet trial 1"].derived.startswith(f"mean {trivial:.6f}")


def test_without_the_data_a_failed_trial_of_a_search_keeps_its_stored_scores(sabotage):
    spoilt = sabotage("tuned")
    trial = spoilt.trial("dense", 4)
    result = read_json(spoilt.folder / trial / "result.json")
    validation = pd.read_parquet(spoilt.folder / "validation.parquet")
    stored = validation[(validation["contender"] == "dense") & (validation["trial"] == 4)]["score"]
    assert stored.tolist() == [result["validation"]["accuracy"]]
    spoilt.edit(f"{trial}/result.json", lambda result: result.update(status="failed", why="killed"))
    found = differing(spoilt.folder)
    assert not [what for what in found if what.startswith(("scores/", "validation/"))]
    assert "failures" in found and "verdict/pairs/dense - small/difference" not in found


def test_the_command_prints_a_table_and_ends_well(sabotage, capsys):
    main(["audit", str(sabotage().folder)])
    printed = capsys.readouterr().out
    assert "AGREES" in printed.splitlines()[-1]
    assert "duplicates" not in printed


def test_the_command_ends_with_6_and_one_line_that_names_the_first_difference(sabotage, capsys):
    spoilt = sabotage()
    spoilt.edit("verdict.json", lambda verdict: verdict.update(verdict="WINS", winner="lenet"))
    (spoilt.folder / spoilt.trial("dense") / "test_predictions.arrow").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["audit", str(spoilt.folder), "--no-data"])
    printed = capsys.readouterr()
    assert ended.value.code == 6
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("error[audit.differs] audit=")
    assert "predictions_sealed" in printed.err
    assert not read_json(spoilt.folder / "audit.json")["agrees"]
    assert "verdict/winner" in printed.out and "lenet" in printed.out


def test_unfinished_and_damaged_folders_are_refused(sabotage, tmp_path):
    with pytest.raises(ConfigError, match=r"config\.no_bakeoff"):
        audit(tmp_path)
    spoilt = sabotage()
    (spoilt.folder / "scores.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(DataError, match=r"data\.damaged_file"):
        audit(spoilt.folder)
    (spoilt.folder / "verdict.json").unlink()
    with pytest.raises(ConfigError, match=r"config\.no_bakeoff"):
        audit(spoilt.folder)


def test_numbers_agree_within_a_billionth_of_their_size():
    assert same(1e-30, 1e-30 * (1 + 1e-10)) and same(0.1 + 0.2, 0.3) and same(1, 1.0) and same(None, None)
    assert not same(0.5, 0.5 * (1 + 1e-8)) and not same(1, True) and not same(None, 0.0)
    assert [check.agrees for check in compare("x", {"a": [1, 2], "b": {}}, {"a": [1, 3], "b": {}})] == [
        True,
        False,
        True,
    ]
    assert [check.what for check in compare("x", {"a": [1]}, {"a": [1, 2], "c": 0})] == ["x/a", "x/c"]
