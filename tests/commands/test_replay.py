"""`bakeoff replay CLAIM`: a claim's bakeoff, its ruling, and the audit that derives it again."""

import pytest

from bakeoff.cli import main
from bakeoff.comparison.judging.audit import audit
from bakeoff.files import read_json, write_json
from bakeoff.record.ruling import Ruling

TINY = ["seeds=5", "data.num_test=1000", "trainer.max_examples=100", "tracking=none", "progress=none"]
CLAIM = "mnist1d_shuffled"


@pytest.fixture
def replay(trials_in_this_process, tmp_path, monkeypatch):
    """Runs the command in an empty folder, and returns its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        try:
            main(["replay", *map(str, words)])
        except SystemExit as stop:
            return stop.code
        return 0

    return run


def test_a_claim_is_ruled_and_its_ruling_audited(replay, tmp_path, capsys):
    assert replay(CLAIM, *TINY) == 0
    folder = tmp_path / "outputs/replay" / CLAIM
    ruling = Ruling.found(folder)
    assert (ruling.claim, [(one.a, one.b, one.relation) for one in ruling.pairs]) == (CLAIM, [("cnn", "gru", "equal")])
    assert capsys.readouterr().out.splitlines()[-2:] == [ruling.ruling, ruling.sentence]
    assert read_json(folder / "manifest.json")["rules"]["claim"]["equal"] == [["cnn", "gru"]]
    assert audit(folder).agrees
    assert replay(CLAIM, "copy_memory", "seeds=1") == 2  # the one without a ruling, which a single seed can't give
    told = capsys.readouterr()
    assert f"{CLAIM}: {ruling.ruling} already" in told.out and told.err.count("error[") == 1
    main(["contest", str(folder.parent), "--output", "page.md"])
    assert f"**{ruling.ruling}**" in (tmp_path / "page.md").read_text()
    assert ruling.ruling in (folder / "verdict.md").read_text()
    write_json(folder / "ruling.json", read_json(folder / "ruling.json") | {"ruling": "REFUTED!"})
    assert [check.what for check in audit(folder).differing] == ["ruling/ruling"]


def test_what_can_not_be_ruled_on_is_refused(replay, capsys):
    assert replay("no_such_claim") == 2
    assert "there is no such claim" in capsys.readouterr().err
    assert replay() == 2
    assert replay(CLAIM, "contenders=[signal_cnn,signal_gru]") == 2
    assert "cnn does not contend here" in capsys.readouterr().err
