"""`bakeoff verdict`: the statistics alone, on a table of scores from any tool."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bakeoff.cli import main
from bakeoff.statistics import declare_looks, family_verdict, verdict_from_scores

WRITERS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "parquet": lambda table, path: table.to_parquet(path, index=False),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
}


def table_of_scores(*, seeds=5, examples=200, gap=0.2, names=("a", "b"), run="seed"):
    rng = np.random.default_rng(0)
    hard = rng.normal(size=examples)
    parts = []
    for place, name in enumerate(names):
        for seed in range(seeds):
            right = hard + rng.normal(size=examples) > place * gap + rng.normal() * 0.02 - 1
            columns = {"contender": name, run: seed, "example": [f"x{i}" for i in range(examples)]}
            parts.append(pd.DataFrame({**columns, "score": right.astype(float)}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    """Runs the command and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        main(["verdict", *map(str, words)])
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_table_gives_the_verdict_of_the_statistics(say, tmp_path, kind):
    table = table_of_scores()
    WRITERS[kind](table, tmp_path / f"scores.{kind}")
    expected = verdict_from_scores(table, margin=0.02, metric="accuracy")
    assert json.loads(say(f"scores.{kind}", "--json", "--margin", 0.02, "--metric", "accuracy")) == expected.to_dict()
    lines = say(f"scores.{kind}", "--margin", 0.02, "--metric", "accuracy").splitlines()
    assert lines[-2:] == [expected.verdict, expected.sentence]
    assert any(line.split()[:1] == ["a"] and f"{expected.contenders[0].mean:.4g}" in line for line in lines)


def test_options_are_those_of_the_statistics(say, tmp_path):
    table = table_of_scores(seeds=10, names=("a", "b", "c"))
    table.to_parquet(tmp_path / "s.parquet")
    said = json.loads(say("s.parquet", "--json", "--direction", "minimize", "--looks", "5,10", "--alpha", "0.04"))
    assert said == verdict_from_scores(table, direction="minimize", looks=(5, 10), alpha=0.04).to_dict()
    paired = json.loads(say("s.parquet", "--json", "--paired", "--contenders", "a,c"))
    assert paired == verdict_from_scores(table[table["contender"] != "b"], paired=True).to_dict()


def test_clusters_ranges_looks_and_editions_are_those_of_the_statistics(say, tmp_path):
    table = table_of_scores(seeds=6).assign(speaker=lambda frame: frame["example"].str[1:].astype(int) // 5)
    table.to_parquet(tmp_path / "s.parquet")
    said = json.loads(say("s.parquet", "--json", "--cluster", "speaker"))
    clustered = table.rename(columns={"speaker": "cluster"})
    assert said == verdict_from_scores(clustered, cluster_name="speaker").to_dict()
    assert (said["unit"], said["num_units"], said["num_examples"]) == ("speaker", 40, 200)
    said = json.loads(say("s.parquet", "--json", "--looks", "every", "--last-look", 12, "--futility"))
    looks = declare_looks("every", last=12)
    assert said == verdict_from_scores(table, looks=looks, futility=True).to_dict() and said["look"] == 1
    said = json.loads(say("s.parquet", "--json", "--score-range", "0,2", "--edition", "2"))
    assert said == verdict_from_scores(table, score_range=(0, 2), edition=2).to_dict() and said["score_range"] == [0, 2]
    said = json.loads(say("s.parquet", "--json", "--edition", "1"))
    assert said == verdict_from_scores(table, edition=1).to_dict() and said["edition"] == 1


def test_the_rule_that_decided_and_what_retraining_would_give_are_printed(say, tmp_path):
    table = table_of_scores()
    table.to_csv(tmp_path / "s.csv", index=False)
    expected, printed = verdict_from_scores(table), say("s.csv")
    assert f"edition 3: {expected.rule}" in printed and expected.retraining in printed
    assert "guarded against few errors (kappa 1)" in expected.rule


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_names_of_clusters_are_read_as_they_are_written(say, tmp_path, kind):
    table = table_of_scores(seeds=5)
    table["cluster"] = "0" + (table["example"].str[1:].astype(int) // 8).astype(str)
    WRITERS[kind](table, tmp_path / f"s.{kind}")
    assert json.loads(say(f"s.{kind}", "--json")) == verdict_from_scores(table).to_dict()


def test_tuning_trials_need_their_validation_scores_and_give_a_family_claim(say, tmp_path, capsys):
    table = table_of_scores(seeds=12, run="trial")
    validation = table.groupby(["contender", "trial"], as_index=False)["score"].mean()
    table.to_parquet(tmp_path / "s.parquet")
    validation.to_csv(tmp_path / "v.csv", index=False)
    said = json.loads(say("s.parquet", "--json", "--validation", "v.csv", "--best-of", 3))
    assert said == family_verdict(table, validation, m=3).to_dict()
    looked = json.loads(say("s.parquet", "--json", "--validation", "v.csv", "--best-of", 3, "--looks", "12,24"))
    assert looked == family_verdict(table, validation, m=3, looks=(12, 24)).to_dict() and looked["look"] == 0
    table["seed"] = table["trial"] + 100 * (table["contender"] == "b")
    table.to_parquet(tmp_path / "s.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["verdict", "s.parquet"])
    assert ended.value.code == 3
    assert "error[data.tuning_trials]" in capsys.readouterr().err


def without_a_row(table):
    return table.iloc[1:]


def with_nan(table):
    return table.assign(score=[np.nan, *table["score"][1:]])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda table: table.rename(columns={"score": "accuracy"}), "data.missing_column"),
        (without_a_row, "data.missing_rows"),
        (with_nan, "data.nan_scores"),
        (lambda table: table[table["contender"] == "a"], "data.one_contender"),
        (lambda table: table[table["seed"] < 2], "data.too_few_seeds"),
        (lambda table: table[:0], "data.empty_split"),
        (lambda table: table.assign(score="good"), "data.bad_scores"),
    ],
)
def test_a_bad_table_ends_with_3_and_one_line(tmp_path, capsys, change, code):
    path = tmp_path / "scores.csv"
    change(table_of_scores()).to_csv(path, index=False)
    with pytest.raises(SystemExit) as ended:
        main(["verdict", str(path)])
    error = capsys.readouterr().err
    assert ended.value.code == 3
    assert error.startswith(f"error[{code}]") and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "exit_code", "line"),
    [
        (["gone.parquet"], 3, "error[data.not_found] scores=gone.parquet: there is no file"),
        (["scores.xlsx"], 3, "allowed: .csv, .tsv, .jsonl, .json, .parquet; next: export the sheet as CSV"),
        (["broken.parquet"], 3, "error[data.unreadable]"),
        (["scores.csv", "--contenders", "a,z"], 3, "error[data.unknown_contender] --contenders=z"),
        (["scores.csv", "--margin", "-1"], 2, "error[config.margin]"),
        (["scores.csv", "--alpha", "0.7"], 2, "error[config.alpha]"),
        (["scores.csv", "--direction", "up"], 2, "error[config.direction]"),
        (["scores.csv", "--looks", "3,4"], 2, "error[config.looks]"),
        (["scores.csv", "--looks", "soon"], 2, "error[config.bad_flag]"),
        (["scores.csv", "--looks", "every", "--last-look", "4"], 2, "error[config.looks]"),
        (["scores.csv", "--futility"], 2, "error[config.futility]"),
        (["scores.csv", "--edition", "4"], 2, "error[config.edition]"),
        (["scores.csv", "--score-range", "1,0"], 2, "error[config.score_range]"),
        (["scores.csv", "--score-range", "2,3"], 3, "error[data.out_of_range]"),
        (["scores.csv", "--score-range", "wide"], 2, "error[config.bad_flag]"),
        (["scores.csv", "--cluster", "speaker"], 3, "error[data.missing_column] --cluster=speaker"),
        (["scores.csv", "--validation", "scores.csv", "--paired"], 2, "error[config.contradiction]"),
        ([], 2, "error[config.bad_flag]"),
    ],
)
def test_bad_words_end_with_their_code_and_one_line(tmp_path, monkeypatch, capsys, words, exit_code, line):
    monkeypatch.chdir(tmp_path)
    table_of_scores().to_csv("scores.csv", index=False)
    (tmp_path / "scores.xlsx").write_text("")
    (tmp_path / "broken.parquet").write_text("no parquet")
    with pytest.raises(SystemExit) as ended:
        main(["verdict", *words])
    error = capsys.readouterr().err
    assert ended.value.code == exit_code
    assert line in error and len(error.splitlines()) == 1


def test_a_million_clustered_scores_take_under_three_seconds_and_nothing_heavy(tmp_path):
    table = table_of_scores(seeds=20, examples=10_000, names="abcde")
    table["cluster"] = "speaker-" + (table["example"].str[1:].astype(int) // 10).astype(str)
    table.to_parquet(tmp_path / "s.parquet")
    heavy = "('torch', 'pytorch_lightning', 'matplotlib', 'mlflow', 'sklearn', 'datasets')"
    shown = f"print([name for name in {heavy} if name in sys.modules])"
    code = f"import sys; from bakeoff.cli import main; main(['verdict', 's.parquet']); {shown}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "1,000 of them" in done.stdout
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 3.0, "processor seconds, since this machine may be busy with other tests"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_names_are_read_as_they_are_written(say, tmp_path, kind):
    table = table_of_scores(examples=20)
    digits = {f"x{place}": {0: "7", 1: "007"}.get(place, str(100 + place)) for place in range(20)}
    table["example"] = table["example"].map(digits)
    table["contender"] = table["contender"].map({"a": "NA", "b": "007"})
    WRITERS[kind](table, tmp_path / f"scores.{kind}")
    assert json.loads(say(f"scores.{kind}", "--json")) == verdict_from_scores(table).to_dict()


def test_a_csv_line_without_a_name_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = table_of_scores(examples=4)
    table.loc[5, "contender"] = ""
    table.to_csv("scores.csv", index=False)
    with pytest.raises(SystemExit):
        main(["verdict", "scores.csv"])
    assert "error[data.missing_value] contender: 1 rows have no contender" in capsys.readouterr().err


def test_levels_of_a_parquet_index_are_columns(say, tmp_path):
    table = table_of_scores()
    table.set_index(["contender", "seed", "example"]).to_parquet(tmp_path / "s.parquet")
    assert json.loads(say("s.parquet", "--json")) == verdict_from_scores(table).to_dict()


def test_best_of_without_validation_scores_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table_of_scores().to_csv("scores.csv", index=False)
    with pytest.raises(SystemExit) as ended:
        main(["verdict", "scores.csv", "--best-of", "3"])
    assert ended.value.code == 2 and "--best-of=3" in capsys.readouterr().err


def test_columns_that_no_verdict_uses_are_told_and_so_is_how_the_table_was_read(say, tmp_path, capsys):
    table = table_of_scores()
    expected = verdict_from_scores(table)
    table = table.assign(Cluster="x", comment=table["example"], split=0, trial=table["seed"])
    table.to_csv(tmp_path / "s.csv", index=False, sep=";", decimal=",")
    main(["verdict", "s.csv", "--json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out) == expected.to_dict()
    assert printed.err.splitlines() == [
        "note: s.csv is cut at the semicolon, as its first lines are (--sep).",
        "note: Numbers of the column score in s.csv have decimal commas.",
        "note: Columns that are not used: Cluster, comment; rename Cluster to cluster if it is meant.",
    ]
    table.to_parquet(tmp_path / "s.parquet")
    main(["verdict", "s.parquet", "--json", "--cluster", "comment"])
    assert "not used: Cluster.\n" in capsys.readouterr().err


def test_a_score_that_is_no_number_names_its_line(say, tmp_path, capsys):
    lines = table_of_scores(examples=4).to_csv(index=False).splitlines()
    lines[7] = lines[7].rsplit(",", 1)[0] + ",0.8x"
    (tmp_path / "s.csv").write_text("\n".join(lines))
    with pytest.raises(SystemExit):
        main(["verdict", "s.csv"])
    assert "row 8 of s.csv says '0.8x', which is no number" in capsys.readouterr().err


def test_a_table_of_scores_may_be_compressed_and_of_any_tool(say, tmp_path):
    table = table_of_scores()
    table["score"] = table["score"] > 0
    table.to_csv(tmp_path / "s.csv.gz", index=False)
    assert json.loads(say("s.csv.gz", "--json")) == verdict_from_scores(table_of_scores()).to_dict()
    table.to_json(tmp_path / "s.json", orient="records")
    assert json.loads(say("s.json", "--json")) == verdict_from_scores(table_of_scores()).to_dict()


def test_advice_on_a_table_names_the_flags_of_the_command(say, tmp_path, capsys):
    (tmp_path / "s.csv").write_bytes(b"contender;score\na;1\nb\n")
    (tmp_path / "t.csv").write_bytes("contender,score\n\xe9,1\n".encode("latin-1"))
    for name, advice in (("s.csv", "next: --sep=semicolon"), ("t.csv", "next: --encoding=cp1252")):
        with pytest.raises(SystemExit):
            main(["verdict", name])
        assert advice in capsys.readouterr().err
