"""`bakeoff plan`: from a finished bakeoff, a table of scores, or two guesses."""

import json

import numpy as np
import pandas as pd
import pytest

from bakeoff.cli import main
from bakeoff.files import write_json
from bakeoff.statistics import plan_rows, verdict_from_scores
from bakeoff.statistics.components import upper_components
from bakeoff.statistics.planning import guessed_components


def table(*, names=("a", "b", "c"), seeds=5, examples=200):
    rng = np.random.default_rng(0)
    hard = rng.normal(size=examples)
    parts = []
    for place, name in enumerate(names):
        for seed in range(seeds):
            right = hard + rng.normal(size=examples) > place * 0.2 + rng.normal() * 0.02 - 1
            columns = {"contender": name, "seed": seed, "example": [f"x{i}" for i in range(examples)]}
            parts.append(pd.DataFrame({**columns, "score": right.astype(float)}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    """Runs the command and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        main(["plan", *map(str, words)])
        return capsys.readouterr().out

    return run


def rows_of(text):
    return json.loads(text)["rows"]


def test_a_table_of_scores_is_planned_with_upper_limits_of_its_best_two(say, tmp_path):
    frame = table()
    frame.to_parquet(tmp_path / "s.parquet")
    pair = verdict_from_scores(frame).pairs[0]
    expected = plan_rows(
        upper_components(pair.estimate), num_contenders=3, difference=0.03, num_examples=200, seeds=[5, 10]
    )
    said = json.loads(say("s.parquet", "--json", "--difference", 0.03, "--seeds", "5,10"))
    assert said["rows"] == [row.to_dict() for row in expected]
    assert (said["num_contenders"], said["num_examples"], said["units"]) == (3, 200, "test examples")
    assert f"of {pair.a} and {pair.b}" in said["basis"]
    other = json.loads(say("s.parquet", "--json", "--difference", 0.03, "--contenders", "a,c", "--num-contenders", 2))
    assert other["num_contenders"] == 2 and "a and c" in other["basis"]


def test_a_finished_bakeoff_gives_its_margin_its_contenders_and_its_seconds(say, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    table().to_parquet(folder / "scores.parquet")
    board = [{"name": name, "train_seconds": 30.0} for name in "ab"] + [{"name": "c", "train_seconds": 1.0}]
    record = {"kind": "configuration", "direction": "maximize", "margin": 0.02, "leaderboard": board}
    write_json(folder / "verdict.json", record | {"contenders": [{"name": "a"}, {"name": "b"}]})
    said = json.loads(say("run", "--json"))
    assert (said["difference"], said["num_contenders"]) == (0.02, 2)
    assert [row["minutes"] for row in said["rows"]] == [5, 10, 20, 40]
    printed = say("run")
    assert "test examples for 2.00 points" in printed and "200 test examples show" in printed
    assert "2 contenders, found with a chance of 80 %" in printed
    write_json(folder / "verdict.json", record | {"kind": "family"})
    with pytest.raises(SystemExit) as ended:
        say("run")
    assert ended.value.code == 3


def test_two_guesses_are_enough(say):
    said = json.loads(say("--guess", "0.90,0.92", "--examples", 360, "--seconds-per-trial", 12, "--json"))
    expected = plan_rows(guessed_components(0.90, 0.92), difference=0.02, num_examples=360, seconds_per_trial=12)
    assert [row["examples"] for row in said["rows"]] == [row.examples for row in expected]
    assert said["difference"] == pytest.approx(0.02) and said["rows"][0]["minutes"] == 2
    assert "from guesses" in said["basis"]
    noisier = rows_of(say("--guess", "0.90,0.92", "--json", "--seed-sd", 0.02))
    assert noisier[0]["examples"] is None
    assert "no number" in say("--guess", "0.90,0.92", "--seed-sd", 0.02)


def test_clusters_are_counted(say, tmp_path):
    frame = table(examples=200).assign(speaker=lambda found: found["example"].str[1:].astype(int) // 5)
    frame.to_parquet(tmp_path / "s.parquet")
    said = json.loads(say("s.parquet", "--json", "--cluster", "speaker"))
    assert (said["units"], said["num_examples"]) == ("speakers", 40)


@pytest.mark.parametrize(
    ("words", "exit_code", "line"),
    [
        ([], 2, "error[config.bad_flag] bakeoff plan"),
        (["s.csv", "--guess", "0.9,0.92"], 2, "error[config.bad_flag]"),
        (["--guess", "0.9"], 2, "error[config.bad_flag]"),
        (["--guess", "0.9,1.2"], 2, "error[config.bad_flag]"),
        (["--guess", "0.9,0.92", "--difference", "0"], 2, "error[config.difference]"),
        (["--guess", "0.9,0.92", "--seeds", "1"], 2, "error[config.seeds]"),
        (["--guess", "0.9,0.92", "--num-contenders", "1"], 2, "error[config.contenders]"),
        (["s.csv", "--contenders", "a,z"], 2, "error[config.contenders]"),
        (["gone.csv"], 3, "error[data.not_found]"),
        (["."], 3, "there is no finished bakeoff"),
    ],
)
def test_bad_words_end_with_their_code_and_one_line(tmp_path, monkeypatch, capsys, words, exit_code, line):
    monkeypatch.chdir(tmp_path)
    table(examples=20).to_csv("s.csv", index=False)
    with pytest.raises(SystemExit) as ended:
        main(["plan", *words])
    error = capsys.readouterr().err
    assert ended.value.code == exit_code
    assert line in error and len(error.splitlines()) == 1
