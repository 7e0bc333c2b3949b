"""`bakeoff summary`: several bakeoffs on several datasets; the unit is the dataset."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

from bakeoff.cli import main
from bakeoff.files import read_json, write_json
from bakeoff.report.figures.ranks import cliques

NAMES = ("cnn", "rnn", "vit")


def bakeoff(folder, number, means, *, dataset=None, **verdict):
    """As much of a finished bakeoff's folder as a summary reads."""
    data = {"name": dataset or f"data{number}", "fingerprint": f"f{number}"}
    families = dict(zip(NAMES, ("cnn", "rnn", "transformer"), strict=True))
    entries = [{"name": name, "family": families.get(name, "cnn")} for name in means]
    write_json(folder / "plan.json", {"data": data, "contenders": entries})
    rows = [{"name": name, "mean": mean} for name, mean in means.items()]
    record = {"metric": "accuracy", "direction": "maximize", "kind": "configuration", "verdict": "WINS"}
    record |= {"winner": max(means, key=means.get), "provisional": False, "exploratory": False, "contenders": rows}
    write_json(folder / "verdict.json", record | verdict)
    return str(folder)


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Folders of bakeoffs in which vit beats rnn everywhere and cnn is close to vit."""
    monkeypatch.chdir(tmp_path)

    def make(count, **options):
        rng = np.random.default_rng(1)
        folders = []
        for number in range(count):
            vit = 0.9 + 0.005 * number
            means = {"cnn": vit + rng.normal() * 0.001, "rnn": vit - 0.02 - 0.001 * number, "vit": vit}
            folders.append(bakeoff(tmp_path / f"b{number}", number, means, **options))
        return folders

    return make


def means_of(folders):
    rows = [read_json(Path(folder) / "verdict.json")["contenders"] for folder in folders]
    return {name: np.array([next(r["mean"] for r in row if r["name"] == name) for row in rows]) for name in NAMES}


def test_under_seven_data_sets_there_is_a_table_only(several, tmp_path, capsys):
    main(["summary", *several(6)])
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("6 datasets: a table only")
    page, markdown = (tmp_path / "summary.html").read_text(), (tmp_path / "summary.md").read_text()
    assert "<svg" not in page and "Wilcoxon" not in page and "median difference" not in markdown
    assert "| data5 | " in markdown and "mean rank" in markdown
    assert read_json(tmp_path / "summary.json")["pairs"] == []


def test_from_seven_on_pairs_are_tested_and_ranks_are_drawn(several, tmp_path, capsys):
    folders = several(8)
    main(["summary", *folders])
    capsys.readouterr()
    record, means = read_json(tmp_path / "summary.json"), means_of(folders)
    for pair in record["pairs"]:
        assert pair["p"] == pytest.approx(wilcoxon(means[pair["a"]], means[pair["b"]], method="exact").pvalue)
    decided = {frozenset((pair["a"], pair["b"])) for pair in record["pairs"] if pair["significant"]}
    assert decided == {frozenset(("vit", "rnn")), frozenset(("cnn", "rnn"))}
    page = (tmp_path / "summary.html").read_text()
    assert page.count("<svg") >= 2 and "critical difference" in page
    assert "| vit over rnn | +" in (tmp_path / "summary.md").read_text().replace("cnn over rnn", "vit over rnn")


def test_lower_is_better_turns_the_ranks(several, tmp_path, capsys):
    main(["summary", *several(7, metric="loss", direction="minimize")])
    assert next(iter(read_json(tmp_path / "summary.json")["mean_ranks"])) == "rnn"


def test_runs_of_ranks_within_the_critical_difference_are_joined():
    assert cliques([1.0, 1.5, 2.9, 3.1], 1.0) == [(0, 1), (2, 3)]
    assert cliques([1.0, 1.8, 2.4, 3.0], 1.25) == [(0, 1), (1, 3)]
    assert cliques([1.0, 3.0], 1.0) == []
    assert cliques([1.0, 1.2, 1.3], 2.0) == [(0, 2)]


def ends_with(words, code, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["summary", *words])
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert ended.value.code == code
    return error


def test_bakeoffs_that_do_not_belong_together_are_refused_and_nothing_is_written(several, tmp_path, capsys):
    folders = several(3)
    means = {"cnn": 0.5, "rnn": 0.4}
    other = bakeoff(tmp_path / "other", 9, means, metric="f1_macro")
    assert "error[config.mixed_metric]" in ends_with([*folders, other], 2, capsys)
    other = bakeoff(tmp_path / "other", 9, means, direction="minimize")
    assert "error[config.mixed_direction]" in ends_with([*folders, other], 2, capsys)
    other = bakeoff(tmp_path / "other", 9, means, kind="family")
    assert "error[config.mixed_kind]" in ends_with([*folders, other], 2, capsys)
    other = bakeoff(tmp_path / "other", 1, means)
    assert "error[data.same_dataset]" in ends_with([*folders, other], 3, capsys)
    other = bakeoff(tmp_path / "other", 9, {"cnn": 0.5, "tcn": 0.4})
    assert "error[data.no_common_contenders]" in ends_with([*folders, other], 3, capsys)
    assert "error[config.no_bakeoff]" in ends_with([*folders, str(tmp_path)], 2, capsys)
    assert "error[config.bad_flag]" in ends_with([], 2, capsys)
    assert not (tmp_path / "summary.html").exists()


def test_what_is_left_out_or_shaky_is_said_and_equal_names_are_told_apart(several, tmp_path, capsys):
    folders = several(2, dataset="image_folder")
    extra = bakeoff(tmp_path / "b9", 9, {"cnn": 0.5, "rnn": 0.4, "vit": 0.3, "mlp": 0.2}, provisional=True)
    main(["summary", *folders, extra])
    printed = capsys.readouterr().out
    assert "Left out, because they are not in every bakeoff: mlp." in printed
    assert "Provisional or exploratory bakeoffs: data9." in printed
    assert "image_folder (b0)" in printed and "image_folder (b1)" in printed


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_names_from_data_are_escaped_and_the_page_stands_alone(several, tmp_path, capsys):
    folders = several(7)
    nasty = "<script>alert(1)</script>|x"
    for number, folder in enumerate(folders):
        bakeoff(tmp_path / f"b{number}", number, {nasty: 0.5 + 0.01 * number, "rnn": 0.4}, dataset=f"{nasty}{number}")
        assert folder
    main(["summary", *folders])
    tags = Tags()
    tags.feed((tmp_path / "summary.html").read_text())
    assert "script" not in {tag for tag, _ in tags.found}
    assert not [a for _, a in tags.found if "src" in a or str(a.get("href", "#"))[0] != "#"]
    row = next(line for line in (tmp_path / "summary.md").read_text().splitlines() if "x0 |" in line)
    assert row.replace("\\|", "").count("|") == 5
