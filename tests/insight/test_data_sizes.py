"""``bakeoff curve``: bakeoffs on parts of the train examples, drawn together; where contenders change places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bakeoff.cli import main
from bakeoff.files import read_json
from bakeoff.insight.data_sizes import Sized, data_sizes
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.report.sections.data_sizes import crossing_sentences, data_sizes_context
from bakeoff.training.trial.configuration import TrialConfig
from tests.comparison.finished_bakeoffs import run_trials_here

WORDS = [
    "contenders=[{model: mlp, name: dense},{model: mlp, name: small, width: 0.05}]",
    *("baselines=[]", "budget=none", "seeds=3", "trainer.max_epochs=1"),
    *("trainer.accelerator=cpu", "tracking=none", "data.batch_size=32"),
]


def sized(num_train: int, means: dict[str, float], *, decided: bool, direction: str = "maximize") -> Sized:
    """A bakeoff of contenders with these means, none or all pairs of which were decided."""
    contenders = [{"name": name, "role": "contender", "family": "cnn"} for name in means]
    task = {"name": "t", "metric": "score", "direction": direction}
    plan = {"task": task, "data": {"name": "d", "spec": {"num_train": num_train}}, "contenders": contenders}
    board = [
        {"name": name, "test": {"score": {"mean": mean, "low": mean - 1, "high": mean + 1}}}
        for name, mean in means.items()
    ]
    pairs = [{"a": "cnn", "b": "vit", "difference": 1.0, "significant": decided}]
    verdict = RecordedVerdict.from_dict({"verdict": "WINS", "leaderboard": board, "pairs": pairs})
    return Sized(num_train / 1000, RecordedPlan.from_dict(plan), verdict)


def test_where_lines_cross_is_told_on_a_logarithmic_axis() -> None:
    found = data_sizes(
        [sized(100, {"cnn": 3, "vit": 1}, decided=True), sized(1000, {"cnn": 4, "vit": 6}, decided=False)]
    )
    (crossing,) = found["crossings"]
    assert (crossing["before"], crossing["after"], crossing["at"]) == ("cnn", "vit", 316)
    assert crossing_sentences(found) == [
        "cnn is ahead of vit at 100 examples and behind it at 1,000 (on a line between them they meet at about 316); "
        "only that of cnn was shown."
    ]
    assert [point["mean"] for point in found["contenders"][1]["points"]] == [1, 6]


@pytest.mark.parametrize(("direction", "ahead"), [("maximize", "cnn"), ("minimize", "vit")])
def test_ahead_is_who_has_the_better_mean(direction: str, ahead: str) -> None:
    sizes = [
        sized(10, {"cnn": 3, "vit": 1}, decided=True, direction=direction),
        sized(90, {"cnn": 4, "vit": 6}, decided=True, direction=direction),
    ]
    (crossing,) = data_sizes(sizes)["crossings"]
    assert crossing["before"] == ahead and "both leads were shown" in crossing_sentences(data_sizes(sizes))[0]


def test_lines_that_touch_or_lack_a_mean_do_not_cross() -> None:
    found = data_sizes([sized(10, {"cnn": 3, "vit": 1}, decided=True), sized(90, {"cnn": 4, "vit": 4}, decided=True)])
    assert found["crossings"] == []
    assert crossing_sentences(found) == ["No two contenders change places between these sizes."]
    failed = sized(90, {"cnn": 4}, decided=False)
    found = data_sizes([sized(10, {"cnn": 3, "vit": 1}, decided=True), sized(50, {"cnn": 1, "vit": 2}, decided=True)])
    assert found["crossings"] and failed.point("vit")["mean"] is None


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small networks on three tenths of the digits and on all of them."""
    root = tmp_path_factory.mktemp("curve")
    with pytest.MonkeyPatch.context() as patch:
        run_trials_here(patch)
        main(["curve", *WORDS, f"output_dir={root}", "--fractions", "1,0.3"])
    return root


def test_each_size_is_a_bakeoff_whose_audit_passes(curve: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = {name: read_json(curve / name / "plan.json") for name in ("0.3", "1")}
    counts = {name: plan["data"]["spec"]["num_train"] for name, plan in plans.items()}
    assert counts["0.3"] == pytest.approx(0.3 * counts["1"], abs=1)
    assert plans["0.3"]["contenders"][0]["config"]["train_fraction"] == 0.3
    main(["audit", str(curve / "0.3")])
    assert "AGREES" in capsys.readouterr().out
    for contender in plans["0.3"]["contenders"]:
        trained = read_json(curve / "0.3" / "trials" / contender["trials"][0] / "result.json")
        assert trained["examples_seen"] == pytest.approx(0.9 * counts["1"], rel=0.02)  # three epochs, as 1 / 0.3


def test_the_part_lies_within_the_whole_and_the_test_is_the_same(curve: Path) -> None:
    opened = {}
    for name in ("0.3", "1"):
        config = read_json(curve / name / "plan.json")["contenders"][0]["config"]
        opened[name] = TrialConfig.of(config | {"seed": 0}).open_data()
    assert set(opened["0.3"].examples("train")) < set(opened["1"].examples("train"))
    for split in ("val", "test"):
        assert opened["0.3"].examples(split) == opened["1"].examples(split)


def test_the_curve_is_a_page_and_a_section_of_the_report_on_all_examples(curve: Path) -> None:
    found: dict[str, Any] = read_json(curve / "data_sizes.json")
    assert [size["fraction"] for size in found["sizes"]] == [0.3, 1]
    for entry in found["contenders"]:
        means = [point["mean"] for point in entry["points"]]
        board = {row["name"]: row for row in read_json(curve / "1" / "verdict.json")["leaderboard"]}
        assert means[1] == board[entry["name"]]["test"]["accuracy"]["mean"]
    page, report = ((curve / name).read_text() for name in ("curve.html", "1/report.html"))
    assert page.count("<svg") >= 1 and "training examples" in page
    assert report.count('<section id="data_sizes"') == 1
    assert '<section id="data_sizes"' not in (curve / "0.3" / "report.html").read_text()
    assert json.loads((curve / "1" / "data_sizes.json").read_text()) == found


def test_without_a_mean_of_all_sizes_the_figure_shows_the_others() -> None:
    found = data_sizes([sized(10, {"cnn": 3, "vit": 1}, decided=True), sized(90, {"cnn": 4, "vit": 4}, decided=True)])
    found["contenders"][0]["points"][1] |= {"mean": None, "low": None, "high": None}
    context = data_sizes_context(found, {})
    assert ">vit<" in context["data_sizes_figure"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fractions", "0.1"], "--fractions=0.1: makes no curve"),
        (["--fractions", "0.1,2"], "makes no curve"),
        (["--fractions", "ten,all"], "makes no curve"),
        (["train_fraction=0.5"], "is what the curve goes along"),
        (["digits"], "is no setting"),
        (["seedss=3"], "seeds"),
    ],
)
def test_words_that_make_no_sense_are_refused_in_one_line(words: list[str], said: str, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["curve", *words])
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert stop.value.code == 2
