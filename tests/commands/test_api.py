"""The bakeoff from Python says what the command says."""

import json

import pytest

import bakeoff
from bakeoff.errors import ErrorGroup


@pytest.mark.usefixtures("trials_in_this_process")
def test_a_bakeoff_from_python_returns_the_verdict_that_it_wrote(tmp_path):
    verdict = bakeoff.compare(
        data=("digits", {"batch_size": 128}),
        contenders=["lenet", {"model": "mlp", "name": "dense"}],
        baselines=["linear"],
        seeds=3,
        budget="none",
        trainer={"max_epochs": 1, "accelerator": "cpu"},
        tracking="none",
        output_dir=tmp_path / "out",
    )
    record = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert verdict.verdict == record["verdict"]
    assert verdict.provisional
    assert {row.name for row in verdict.contenders} == {"lenet", "dense"}
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert {entry["config"]["data"]["batch_size"] for entry in plan["contenders"]} == {128}
    assert (tmp_path / "out" / "report.html").exists()
    assert (tmp_path / "out" / "verdict.md").exists()


def test_what_is_wrong_is_told_at_once(tmp_path):
    with pytest.raises(ErrorGroup) as refused:
        bakeoff.compare(contenders=["lenett", "vit"], alpha=2.0, output_dir=tmp_path / "out")
    codes = [error.code for error in refused.value.errors]
    assert "config.unknown_option" in codes
    assert "config.out_of_range" in codes
    assert not (tmp_path / "out").exists()
