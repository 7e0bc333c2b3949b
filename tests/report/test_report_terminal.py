"""What a person sees on the terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bakeoff.report.pages.terminal import print_leaderboard, print_plan, print_verdict
from tests.report.built_page import Built
from tests.report.synthetic_bakeoff import RACED, TUNED, write_bakeoff


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60, force_terminal=False)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_last_lines_are_the_word_and_the_whole_sentence_even_on_a_narrow_terminal(
    report: Built, console: Console
) -> None:
    print_verdict(report.verdict, console)
    assert printed(console)[-2:] == ["WINS", report.verdict["sentence"]]
    assert len(report.verdict["sentence"]) > 60


def test_a_provisional_verdict_says_so(report: Built, console: Console) -> None:
    print_verdict({**report.verdict, "verdict": "NOT_ENOUGH_EVIDENCE", "winner": None, "provisional": True}, console)
    assert printed(console)[-2] == "NOT_ENOUGH_EVIDENCE (provisional)"


def test_markup_in_names_and_sentences_is_printed_as_it_is(report: Built, console: Console) -> None:
    sentence = "[red]resnet[/red] wins [link=file:x]here[/link]"
    print_verdict({**report.verdict, "sentence": sentence, "warnings": ["[/nothing]"]}, console)
    assert printed(console)[-1] == sentence
    assert "warning: [/nothing]" in printed(console)


def test_plan_shows_every_contender_its_size_and_the_number_of_trials(report: Built) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    plan: dict[str, Any] = {**report.plan, "expected_seconds": 125}
    print_plan(plan, console)
    lines = printed(console)
    assert lines[0] == "CNN, RNN or Transformer for image classification on digits?"
    row = next(line for line in lines if line.startswith("renet")).split()
    assert row[:3] == ["renet", "RNN", "101,870"]
    assert row[3] == "+1.9"
    linear = next(line for line in lines if line.startswith("linear")).split()
    assert linear[3] == "\u2014"  # the budget is not for baselines
    assert " train, " in lines[-2] and lines[-2].endswith(" test examples")
    assert lines[-1] == "25 trials: 5 seeds each; 100,000 trainable parameters each, within 5\u202f%; about 2 min 05 s"


def test_leaderboard_lists_contenders_first_and_baselines_after(report: Built) -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_leaderboard(report.verdict, console, plan=report.plan)
    lines = printed(console)
    assert lines[0].split()[:3] == ["contender", "family", "test/accuracy"]
    order = [line.split()[0] for line in lines[1:] if line and line[0].isalpha()]
    assert order[:5] == ["resnet", "renet", "vit", "mlp", "linear"]
    assert f"{100 * report.verdict['leaderboard'][0]['test']['accuracy']['mean']:.2f}" in lines[1]


def test_leaderboard_ends_in_what_the_bakeoff_teaches(report: Built) -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_leaderboard(report.verdict, console, plan=report.plan)
    leader = report.verdict["winner"]
    own = [pair for pair in report.verdict["pairs"] if leader in (pair["a"], pair["b"])]
    far = max(own, key=lambda pair: abs(pair["difference"]))
    widest = max(pair["high"] - pair["low"] for pair in own)
    other = far["b"] if far["a"] == leader else far["a"]
    told = printed(console)[-1]
    assert told.startswith("In short (100,000 trainable parameters each, within 5\u202f%): ")
    assert f"up to {100 * abs(far['difference']):.2f} points of accuracy here, {leader} over {other}" in told
    assert f"and 5 seeds tell gaps above {50 * widest:.2f} points from luck." in told


def test_a_tuned_plan_and_leaderboard_tell_of_the_search(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", TUNED)
    plan, verdict = (json.loads((folder / name).read_text()) for name in ("plan.json", "verdict.json"))
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_plan(plan, console)
    assert "46 trials: 12 random points for each contender; " in printed(console)[-1]
    print_leaderboard(verdict, console, plan=plan)
    lines = printed(console)
    assert any("test/accuracy, best of 3" in line for line in lines)
    for row in verdict["contenders"]:
        shown = [line for line in lines if line.split()[:1] == [row["name"]] and f"{100 * row['mean']:.2f}" in line]
        assert len(shown) == 1


def test_a_race_tells_its_looks_beforehand(tmp_path: Path) -> None:
    plan = json.loads((write_bakeoff(tmp_path / "b", RACED) / "plan.json").read_text())
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_plan(plan, console)
    assert "100 trials: up to 20 seeds each, looks at 5, 10 and 20; " in printed(console)[-1]


def test_how_far_contenders_are_from_the_baseline_is_told_with_intervals(report: Built) -> None:
    console = Console(file=io.StringIO(), width=300, force_terminal=False)
    row = {"name": "resnet", "baseline": "linear", "difference": 0.0512, "low": -0.001, "high": 0.1034}
    print_leaderboard({**report.verdict, "over_baseline": [row]}, console, plan=report.plan)
    told = "Over the baseline linear, 95 % interval each: resnet +5.12 points (\u22120.10 to +10.34)."
    assert told in printed(console)
