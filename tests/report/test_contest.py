"""The contest's page says what the folders hold: rulings, and of each task the bakeoff that tells most."""

import pytest

from bakeoff.errors import ConfigError
from bakeoff.files import write_json
from bakeoff.report.contest import gather_contest
from bakeoff.report.pages.contest import contest_markdown

CNN_AHEAD = {"a": "cnn", "b": "rnn", "difference": 0.1, "low": 0.05, "high": 0.15, "significant": True}
OPEN = {"a": "cnn", "b": "vit", "difference": 0.1, "low": -0.05, "high": 0.25, "significant": False}


def bakeoff(folder, families, *, pairs=(), seen=100.0, winner=None, ruling=None):
    """A folder with a plan and a verdict; contenders are called as their families, ``vit`` being the Transformer."""
    names = [{"transformer": "vit"}.get(family, family) for family in families]
    entered = [{"name": name, "family": family} for name, family in zip(names, families, strict=True)]
    plan = {"task": {"name": "seeing", "metric": "accuracy", "direction": "maximize"}, "data": {"name": "pictures"}}
    claim = {"name": folder.name, "source": "A 2020", "statement": "so", "here": "small", "better": [["cnn", "rnn"]]}
    plan |= {"contenders": entered, "created": "2026-11-30T10:00:00", "environment": {"torch": "2.14.1"}}
    write_json(folder / "plan.json", plan | ({"claim": claim} if ruling else {}))
    board = [
        {"name": name, "family": family, "examples_seen": seen, "train_seconds": 2.0}
        | {"test": {"accuracy": {"mean": 0.9 - 0.1 * place, "low": 0.8 - 0.1 * place, "high": 0.95 - 0.1 * place}}}
        for place, (name, family) in enumerate(zip(names, families, strict=True))
    ]
    word = "WINS" if winner else "NOT_ENOUGH_EVIDENCE"
    verdict = {"verdict": word, "winner": winner, "metric": "accuracy", "direction": "maximize", "leaderboard": board}
    write_json(folder / "verdict.json", verdict | {"pairs": list(pairs)})
    if ruling:
        needs = "About 30 seeds." if ruling == "UNDECIDED" else ""
        one = {"a": "cnn", "b": "rnn", "relation": "better", "ruling": ruling, "sentence": "it did", "needs": needs}
        one |= dict.fromkeys(("difference", "low", "high", "level"), 0.05)
        write_json(
            folder / "ruling.json", {"claim": folder.name, "ruling": ruling, "sentence": "it did.", "pairs": [one]}
        )


def test_of_each_task_the_bakeoff_with_most_families_is_shown_and_of_such_the_largest(tmp_path):
    bakeoff(tmp_path / "two", ["cnn", "rnn"], seen=1e6)
    bakeoff(tmp_path / "small", ["cnn", "rnn", "transformer"], seen=10)
    bakeoff(tmp_path / "large", ["cnn", "rnn", "transformer"], seen=1000)
    contest = gather_contest([tmp_path])
    assert [entry.folder.name for entry in contest.tasks] == ["large"]
    assert [entry.folder.name for entry in contest.entries] == ["large", "small", "two"]


def test_who_was_shown_to_be_worse_is_behind_and_others_are_not(tmp_path):
    bakeoff(tmp_path / "one", ["cnn", "rnn", "transformer"], pairs=[CNN_AHEAD, OPEN])
    contest = gather_contest([tmp_path])
    assert contest.unbeaten == {"cnn": ["seeing"], "rnn": [], "transformer": ["seeing"]}
    assert contest.slowness == {"cnn": 1.0, "rnn": 1.0, "transformer": 1.0}
    assert contest.alone == {"cnn": [], "rnn": [], "transformer": []}
    page = contest_markdown(contest)
    assert (
        "| cnn: 90.00 % (80.00 – 95.00), 2.00 s | rnn: 80.00 % (70.00 – 85.00), 2.00 s, behind | vit: 70.00 %" in page
    )


def test_rulings_are_counted_and_open_ones_say_what_they_take(tmp_path):
    bakeoff(tmp_path / "right", ["cnn", "rnn"], ruling="UPHELD", winner="cnn")
    bakeoff(tmp_path / "wrong", ["cnn", "rnn"], ruling="REFUTED")
    bakeoff(tmp_path / "open", ["cnn", "rnn"], ruling="UNDECIDED")
    page = contest_markdown(gather_contest([tmp_path]), claims=["right", "wrong", "open", "later"])
    assert "**Not run yet: 1 of 4 claims** (`later`)." in page
    assert "3 published claims: 1 upheld, 1 refuted, 1 undecided" in page
    assert "| `right` | seeing | cnn \\> rnn | **UPHELD** | it did. |" in page
    assert "- `open`: About 30 seeds." in page
    assert "0 of 3 rulings were derived" in page.replace("\n", " ")
    assert "judged by edition 1 of the protocol" in page


def test_a_folder_without_a_bakeoff_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no finished bakeoff"):
        gather_contest([tmp_path])
