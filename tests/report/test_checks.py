"""Each check finds what it is there for, in a bakeoff that has nothing of it else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bakeoff.commands.checks import run
from bakeoff.errors import ConfigError
from bakeoff.files import read_json, write_json
from bakeoff.record.reading import parsed_lines
from bakeoff.report.checks import CHECKS, found_in
from bakeoff.report.pages.report import write_report
from bakeoff.report.reading import read_bakeoff, read_either
from bakeoff.tables import table_of, to_bytes
from tests.report.synthetic_bakeoff import Recipe, write_bakeoff

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"
CONTENDERS = ("resnet", "renet", "vit")
LEADER = "resnet"
Lines = list[dict[str, Any]]


class Folder:
    """A copy of a finished bakeoff to spoil."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def edit(self, name: str, change: Callable[[Any], None]) -> None:
        """Changes a JSON file in place."""
        value = read_json(self.path / name)
        change(value)
        write_json(self.path / name, value)

    def plan(self, change: Callable[[Any], None]) -> None:
        self.edit("plan.json", change)

    def spec(self, **changes: Any) -> None:
        self.plan(lambda plan: plan["data"]["spec"].update(changes))

    def verdict(self, change: Callable[[Any], None]) -> None:
        self.edit("verdict.json", change)

    def row(self, name: str, change: Callable[[Any], None]) -> None:
        """Changes a line of the leaderboard."""
        self.verdict(lambda verdict: [change(row) for row in verdict["leaderboard"] if row["name"] == name])

    def trials(self, name: str = LEADER) -> list[Path]:
        entry = next(entry for entry in read_json(self.path / "plan.json")["contenders"] if entry["name"] == name)
        return [self.path / "trials" / trial for trial in entry["trials"]]

    def results(self, change: Callable[[Any], None], name: str = LEADER) -> None:
        for trial in self.trials(name):
            self.edit(f"trials/{trial.name}/result.json", change)

    def logs(
        self, kind: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], name: str = LEADER
    ) -> None:
        """Changes the entries of a kind in the logs of a contender's trials."""
        for trial in self.trials(name):
            lines = parsed_lines(trial / "metrics.jsonl")
            changed = change([line for line in lines if line["kind"] == kind])
            kept = [line for line in lines if line["kind"] != kind] + changed
            (trial / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in kept))


def quality(row: dict[str, Any], mean: float, *, metric: str = "accuracy", split: str = "test") -> None:
    """Gives a line of the leaderboard a quality, without spread."""
    row[split][metric] = {"mean": mean, "low": mean, "high": mean, "values": [mean] * 5}


def series(name: str, values: list[float]) -> Callable[[Lines], Lines]:
    """Entries with these values in place of theirs, as many as there are values."""
    return lambda lines: [
        line | {name: value, "epoch": place, "step": 1000 + place}
        for place, (line, value) in enumerate(zip([lines[0]] * len(values), values, strict=True))
    ]


def everyone(folder: Folder, change: Callable[[Any], None]) -> None:
    for name in CONTENDERS:
        folder.row(name, change)


def sure(folder: Folder, *, wrong: int) -> None:
    """All are sure of the labels, but of the next class for the first ones."""
    labels = read_bakeoff(folder.path).labels
    assert labels is not None
    said = np.where(np.arange(len(labels)) < wrong, (labels + 1) % 10, labels)
    probabilities = np.full((len(labels), 10), 0.005, dtype=np.float32)
    probabilities[np.arange(len(labels)), said] = 0.955
    for name in CONTENDERS:
        for trial in folder.trials(name):
            (trial / "test_predictions.arrow").write_bytes(to_bytes(table_of(probabilities=probabilities)))


def never_nine(folder: Folder) -> None:
    for trial in folder.trials():
        probabilities = np.zeros((360, 10), dtype=np.float32)
        probabilities[:, 0] = 1.0
        (trial / "test_predictions.arrow").write_bytes(to_bytes(table_of(probabilities=probabilities)))


def slower(folder: Folder, name: str) -> None:
    folder.row(LEADER, lambda row: row.update(latency_ms={"1": 9.0, "32": 90.0}))
    folder.row(name, lambda row: quality(row, 1.0))
    folder.row(name, lambda row: row.update(latency_ms={"1": 1.0, "32": 10.0}))


def audited(folder: Folder, **changes: Any) -> None:
    audit = {"checks": [], "findings": [], "sha256": {}} | changes
    write_json(folder.path / "audit.json", audit)


GUARD = {"guard": "test_openings", "severity": "stamp", "problem": "The test was opened twice."}
COPIES = {"guard": "duplicates", "severity": "stamp", "problem": "Three copies."}

SPOILED: dict[str, tuple[Callable[[Folder], None], str]] = {
    "B101": (lambda f: f.spec(class_counts=[900, *[11] * 9]), "90% of the train examples are of class 0"),
    "B102": (lambda f: f.spec(class_counts=[9, *[50] * 9]), "Classes of fewer than 10 train examples: 0 (9)."),
    "B103": (lambda f: f.verdict(lambda v: v.update(num_units=20, unit="speaker")), "20 independent units (speaker)"),
    "B104": (lambda f: f.spec(num_val=12), "selected on 12 validation examples"),
    "B105": (lambda f: f.verdict(lambda v: v.update(findings=[COPIES])), "Three copies."),
    "B106": (lambda f: f.spec(notes=["NEAR-COPIES of training images are about 9% of test images."]), "NEAR-COPIES"),
    "B107": (
        lambda f: f.plan(lambda p: p["contenders"][0].update(config={"data": {"split": {"by": "last"}}})),
        "Each user's last row is tested",
    ),
    "B108": (
        lambda f: everyone(f, lambda row: quality(row, 0.2, split="validation")),
        "Validation and test part in accuracy",
    ),
    "B109": (lambda f: sure(f, wrong=1), "1 test example is answered alike by all contenders"),
    "B110": (never_nine, "resnet never answers 1, 2, 3, 4, 5 and 4 more"),
    "B201": (lambda f: f.logs("val", series("val/accuracy", [0.1, 0.2, 0.3, 0.4, 0.5])), "5 of 5 trials of resnet"),
    "B202": (
        lambda f: (
            f.logs("train", series("train/accuracy", [0.5, 1.0])),
            f.results(lambda r: r["validation"].update(accuracy=0.6)),
        ),
        "resnet reaches 40% of the range more in accuracy on train",
    ),
    "B203": (
        lambda f: f.logs("val", series("val/loss", [1.0, 0.5, 0.9])),
        "ends above 1.25 times its lowest in 5 of 5",
    ),
    "B204": (lambda f: f.logs("train", series("train/loss", [2.0, 1.98])), "resnet fell by less than 5% in 5 of 5"),
    "B205": (
        lambda f: f.logs("val", lambda lines: [line | {"step": 12} for line in lines]),
        "resnet took 12 optimizer steps",
    ),
    "B206": (lambda f: f.logs("val", lambda lines: lines[:2]), "A trial of resnet has 2 validations"),
    "B207": (
        lambda f: f.verdict(lambda v: v.update(failures=[{"contender": "vit", "seed": 1}])),
        "1 trials of vit failed",
    ),
    "B208": (
        lambda f: f.results(lambda r: r.update(nonfinite_steps=2)),
        "10 steps of resnet had a loss that is no number",
    ),
    "B209": (lambda f: f.results(lambda r: r.update(gradients="vanishing")), "Gradients were vanishing in 5 of 5"),
    "B210": (
        lambda f: f.row(LEADER, lambda row: row["test"]["accuracy"].update(values=[0.9, 0.91, 0.92, 0.91, 0.5])),
        "Seed 4 of resnet reaches 0.5000, far from the median 0.9100",
    ),
    "B211": (
        lambda f: f.edit(f"trials/{f.trials()[0].name}/result.json", lambda r: r.update(examples_per_second=1.0)),
        "Trials of resnet ran at 1 to ",
    ),
    "B301": (lambda f: everyone(f, lambda row: quality(row, 0.995)), "All contenders reach 99.50"),
    "B302": (lambda f: f.row("vit", lambda row: quality(row, 0.01)), "vit reaches 1.0"),
    "B303": (lambda f: f.row("linear", lambda row: quality(row, 0.999)), "The baseline linear reaches 99.9"),
    "B304": (lambda f: f.row(LEADER, lambda row: quality(row, 0.99)), "resnet makes 4 errors in 360 test examples"),
    "B305": (lambda f: f.verdict(lambda v: v["pairs"][0].update(heaviest=0.5)), "makes 50% of what is unsure"),
    "B306": (lambda f: f.verdict(lambda v: v.update(provisional=True)), "Fewer than 5 seeds"),
    "B307": (
        lambda f: f.verdict(lambda v: v.update(margin=0.01, advice={"text": "t", "smallest_difference": 0.02})),
        "The smallest difference that matters is 1.00",
    ),
    "B308": (
        lambda f: f.row("vit", lambda row: quality(row, 0.999, split="validation")),
        "vit leads on validation and resnet on the test",
    ),
    "B309": (
        lambda f: (
            f.row(LEADER, lambda row: quality(row, 0.5, metric="f1_macro")),
            f.row("vit", lambda row: quality(row, 0.6, metric="f1_macro")),
        ),
        "ahead of it are vit in macro-F1",
    ),
    "B310": (lambda f: f.row(LEADER, lambda row: quality(row, 0.25, metric="calibration_error")), "off by 25%"),
    "B311": (lambda f: f.verdict(lambda v: v["contenders"][0].update(unstable=True)), "More than 20 % of the trials"),
    "B401": (
        lambda f: slower(f, "vit"),
        "vit is within the margin of resnet in accuracy, and answers 9.0 times as fast",
    ),
    "B402": (lambda f: slower(f, "mlp"), "mlp is within the margin of resnet"),
    "B403": (lambda f: f.verdict(lambda v: v.update(flops_ratio=2.5)), "differ by 2.5 times"),
    "B404": (lambda f: f.row("vit", lambda row: row.update(params=300_000)), "vit has 3.0 times the parameters of "),
    "B405": (lambda f: f.verdict(lambda v: v.update(indicative={"leader_changes": True})), "another contender leads"),
    "B406": (lambda f: f.row("vit", lambda row: row["latency_ms"].pop("32")), "How long vit takes for a batch of 32"),
    "B501": (
        lambda f: f.verdict(
            lambda v: v.update(edges=[{"contender": "vit", "key": "lr", "value": 0.01, "low": 1e-4, "high": 0.01}])
        ),
        "The best trial of vit has lr = 0.01, at the edge of 0.0001 to 0.01.",
    ),
    "B502": (lambda f: f.plan(lambda p: p["tune"].update(trials=4)), "search has 4 trials"),
    "B601": (lambda f: f.verdict(lambda v: v.update(findings=[GUARD])), "test openings: The test was opened twice."),
    "B602": (
        lambda f: (f.path / "openings.jsonl").write_text('{"look": 0}\n{"look": 0}\n') and None,
        "The test was opened 2 times, and declared were 1.",
    ),
    "B603": (lambda f: f.verdict(lambda v: v.update(exploratory=True)), "the verdict is exploratory"),
    "B604": (lambda f: audited(f, sha256={"plan.json": "older"}), "Changed since the audit: plan.json."),
    "B605": (
        lambda f: audited(f, checks=[{"what": "margin", "stored": 1, "derived": 2, "agrees": False}]),
        "1 figures do not follow",
    ),
}
"""How a bakeoff is spoiled for each check, and what it says then."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bakeoff that nothing is found in, but that nothing was tuned."""
    path = write_bakeoff(tmp_path_factory.mktemp("checked") / "bakeoff", Recipe(warnings=()))
    folder = Folder(path)
    folder.spec(class_counts=[50] * 10)
    sure(folder, wrong=0)
    for name in CONTENDERS:
        folder.logs("val", series("val/loss", [1.0, 0.8, 0.7, 0.6, 0.5, 0.51]), name)
        folder.results(lambda result: result.update(validation={"accuracy": 0.9}, examples_per_second=100.0), name)
    folder.verdict(lambda verdict: verdict.update(flops_ratio=1.0, indicative={}, num_units=360))
    for row, test, latency in (("resnet", 0.9, 1.0), ("renet", 0.6, 1.0), ("vit", 0.5, 1.0), ("mlp", 0.4, 1.0)):
        folder.row(row, lambda found, test=test: quality(found, test))
        folder.row(row, lambda found, test=test: quality(found, test, split="validation"))
        folder.row(row, lambda found, latency=latency: found.update(latency_ms={"1": latency, "32": 9 * latency}))
        folder.row(row, lambda found: [found["test"].pop(name, None) for name in ("f1_macro", "calibration_error")])
    return path


def codes(path: Path) -> dict[str, str]:
    found = found_in(read_bakeoff(path))
    return {one.check.code: " ".join(o.sentence for o in found if o.check == one.check) for one in found}


def test_nothing_is_found_in_a_sound_bakeoff_but_that_nothing_was_tuned(sound: Path) -> None:
    assert set(codes(sound)) == {"B503"}, codes(sound)


@pytest.mark.parametrize("code", SPOILED)
def test_a_check_finds_what_it_is_for(code: str, sound: Path, tmp_path: Path) -> None:
    spoil, words = SPOILED[code]
    spoil(Folder(Path(shutil.copytree(sound, tmp_path / "spoiled"))))
    found = codes(tmp_path / "spoiled")
    assert code in found, found
    assert words in found[code]


def test_nothing_lies_below_a_range_that_begins_at_nothing(sound: Path, tmp_path: Path) -> None:
    folder = Folder(Path(shutil.copytree(sound, tmp_path / "edge")))
    edge = {"contender": "vit", "key": "model.net.dropout", "value": 0.001, "low": 0.0, "high": 0.3}
    folder.verdict(lambda verdict: verdict.update(edges=[edge]))
    assert "B501" not in codes(folder.path)
    folder.verdict(lambda verdict: verdict.update(edges=[edge | {"value": 0.299}]))
    assert "B501" in codes(folder.path)


def test_every_check_has_a_case_a_code_and_a_place_on_the_page() -> None:
    known = [check.code for check in CHECKS]
    assert len(set(known)) == len(known) >= 20
    assert set(known) == {*SPOILED, "B503"}
    text = PAGE.read_text(encoding="utf-8")
    titles = dict(re.findall(r"^### (B\d{3}) (.+)$", text, re.MULTILINE))
    assert titles == {check.code: check.title for check in CHECKS}


def test_the_command_prints_a_line_each_leaves_out_what_is_ignored_and_speaks_json(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([str(sound)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("B503 nothing tuned: Nothing was tuned")
    assert lines[-1].startswith(f"1 finding of {len(CHECKS)} checks; ")
    run([str(sound), "--ignore", "B503", "--json"])
    assert json.loads(capsys.readouterr().out) == []
    run(["--list"])
    assert len(capsys.readouterr().out.splitlines()) == len(CHECKS)
    with pytest.raises(ConfigError, match="there is no such check"):
        run([str(sound), "--ignore", "B999"])
    with pytest.raises(ConfigError, match="no finished bakeoff or run there"):
        run([str(tmp_path)])


def test_a_run_of_its_own_is_asked_what_one_trial_can_tell(sound: Path, tmp_path: Path) -> None:
    folder = Folder(Path(shutil.copytree(sound, tmp_path / "bakeoff")))
    folder.logs("val", series("val/loss", [1.0, 0.5, 0.9]))
    trial = Path(shutil.copytree(folder.trials()[0], tmp_path / "run"))
    config = {"task": {"name": "image_classification", "metric": "accuracy", "direction": "maximize"}}
    write_json(trial / "config.json", config | {"data": {"name": "digits"}, "seed": 0})
    write_json(trial / "spec.json", {"class_names": ["a", "b"], "class_counts": [95, 5], "num_val": 10})
    found = {entry.check.code for entry in found_in(read_either(trial))}
    assert {"B101", "B102", "B104", "B203"} <= found
    assert not {code for code in found if code >= "B3"}


def test_the_report_lists_what_was_found_by_code(sound: Path, tmp_path: Path) -> None:
    folder = Folder(Path(shutil.copytree(sound, tmp_path / "bakeoff")))
    folder.spec(class_counts=[9, *[50] * 9])
    page = write_report(folder.path).read_text(encoding="utf-8")
    assert "B102" in page and "Classes of fewer than 10 train examples: 0 (9)." in page
