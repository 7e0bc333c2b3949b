"""A bakeoff that commit 2ec438d, of the first edition, ran: it is audited, reported and used as one of today.

``earlier_bakeoff.tar.gz`` is its folder as that commit wrote it, without the report and all weights but those of
one trial, and with ``output_dir`` and ``platform`` of ``plan.json`` shortened. Its command is in there.
"""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.commands import audit as audit_command
from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.judging.checks import same
from bakeoff.comparison.judging.earlier import of_its_day, redefined, redefinitions, rounding
from bakeoff.config.running import run_pipeline
from bakeoff.errors import CheckpointError, DataError, TrialsFailed
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import OLDER_PREDICTIONS, OLDER_TEST_LABELS, TEST_METRICS, VERDICT, WEIGHTS
from bakeoff.report.reading import read_bakeoff, read_probabilities
from bakeoff.training.trial.saved_run import load_run
from tests.comparison.judged_anew import judged_by, page

ARCHIVE = Path(__file__).with_name("earlier_bakeoff.tar.gz")


@pytest.fixture
def earlier(tmp_path):
    folder = tmp_path / "earlier"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def trained(earlier):
    """The trial whose weights are there."""
    (weights,) = earlier.glob(f"trials/*/{WEIGHTS}")
    return weights.parent


def test_it_is_audited_by_the_edition_that_judged_it(earlier, capsys):
    audit_command.run([str(earlier)])
    told = capsys.readouterr().out
    assert "judged by edition 1 of the protocol" in told and "AGREES" in told
    written = read_json(earlier / "audit.json")
    assert written["edition"] == 1 and written["agrees"] and written["with_data"] and not written["findings"]
    assert {name.rpartition("/")[2] for name in written["sha256"]} >= {OLDER_PREDICTIONS, OLDER_TEST_LABELS}
    assert audit(earlier).agrees  # without the data too


def test_a_changed_answer_or_verdict_is_found(earlier):
    trial = next(earlier.glob(f"trials/*/{OLDER_PREDICTIONS}")).parent
    with np.load(trial / OLDER_PREDICTIONS) as arrays:
        changed = arrays["probabilities"][:, ::-1]
    np.savez_compressed(trial / OLDER_PREDICTIONS, probabilities=changed)
    verdict = read_json(earlier / VERDICT)
    del verdict["sentence"]
    write_json(earlier / VERDICT, verdict)
    with pytest.raises(DataError, match="it lacks sentence"):
        audit(earlier)
    write_json(earlier / VERDICT, verdict | {"sentence": "lenet wins."})
    found = audit(earlier)
    assert "verdict/sentence" in [check.what for check in found.differing]
    assert any(check.what.startswith("scores/") for check in found.differing)
    assert [finding.guard for finding in found.refusals] == ["predictions_sealed"]
    with pytest.raises(TrialsFailed, match="predictions_sealed"):
        audit_command.run([str(earlier), "--no-data"])


def test_what_it_could_not_say_yet_is_asked_of_no_later_verdict():
    pairs, warnings = [{"a": "x", "guard": 0.0}], ["few seeds", "thought of later"]
    first = {"edition": 1, "unit": "example", "verdict": "WINS", "pairs": pairs, "warnings": warnings}
    then = {"verdict": "WINS", "pairs": [{"a": "x"}], "warnings": ["few seeds"]}
    assert of_its_day(first, {"verdict": "WINS"}, ["few seeds"]) == then  # taken out of what is stored: it differs
    assert of_its_day(first, then, []) == then
    assert of_its_day(first, {"verdict": "WINS", "edition": 1}, []) == first
    assert of_its_day(first | {"edition": 2}, {"verdict": "WINS"}, []) == first | {"edition": 2}


def test_metrics_may_be_off_by_what_single_precision_left(tmp_path):
    assert rounding(tmp_path) == 0.0  # of today
    (tmp_path / OLDER_TEST_LABELS).touch()
    assert same(0.5, 0.5 + 1e-7, off_by=rounding(tmp_path)) and not same(0.5, 0.5 + 1e-7)
    assert not same(0.5, 0.5 + 1e-5, off_by=rounding(tmp_path))


def test_metrics_that_were_defined_otherwise_are_taken_as_they_are_and_told(tmp_path):
    write_json(tmp_path / TEST_METRICS, {"bleu": 0.0, "chrf": 50.0, "calibration_error": 0.1})
    derived = {"bleu": 34.0, "chrf": 50.5, "calibration_error": 0.1 + 1e-7, "f1_macro": 0.5}
    assert redefined(tmp_path, tmp_path, derived) == {}  # of today
    (tmp_path / OLDER_TEST_LABELS).touch()
    assert redefined(tmp_path, tmp_path, derived) == {"bleu": 0.0}
    (finding,) = redefinitions(["bleu", "bleu"])
    assert finding.severity == "warn" and "bleu is computed otherwise since (BLEU was 0" in finding.problem


def test_its_report_has_confusions_and_its_runs_are_evaluated_and_used(earlier, trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_pipeline("report", argv=[f"run={earlier}"])
    page = (earlier / "report.html").read_text(encoding="utf-8")
    assert "lenet" in page and "Confusion" in page
    read = read_bakeoff(earlier)
    assert read.labels is not None and not read.missing
    probabilities, decisions = read_probabilities(read.trials[0])
    assert probabilities.shape == (40, 10) and decisions is None
    capsys.readouterr()
    run_pipeline("evaluate", argv=[f"run={trained}", "split=test"])
    stored = read_json(trained / TEST_METRICS)
    assert f"test/accuracy {stored['accuracy']:.4f}" in capsys.readouterr().out
    shown = tmp_path / "new"
    shown.mkdir()
    Image.fromarray(np.full((8, 8), 90, dtype=np.uint8)).save(shown / "one.png")
    run_pipeline("predict", argv=[f"run={trained}", f"input={shown}", "output=said.csv"])
    assert "1 predictions in said.csv" in capsys.readouterr().out


def test_a_run_that_names_other_classes_is_refused_still(trained):
    config = read_json(trained / "config.json")
    config["data"]["module"]["source"]["_target_"] = "bakeoff.data.sources.Tweets"
    (trained / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"source\._target_ is bakeoff\.data\.sources\.tweets\.Tweets"):
        load_run(trained)


def test_it_is_judged_anew_by_either_edition(earlier):
    stored, first, second = read_json(earlier / VERDICT), judged_by(earlier, 1), judged_by(earlier, 2)
    assert (first.verdict, first.margin, first.edition) == (stored["verdict"], pytest.approx(stored["margin"]), 1)
    assert first.advice.text == stored["advice"]["text"]
    assert second.edition == 2 and second.margin >= 1 / 40  # the floor: one of 40 test examples
    lines = list(page(earlier))
    assert lines[0].startswith("## earlier") and lines[-1].startswith("| asks for")
