"""A tuned bakeoff from one command, killed once in its middle: it ends in a family claim whose audit agrees."""

import json
import subprocess
import sys
import time

import pytest

from tests.commands.test_compare_survives_kill import kill_tree, results

COMMAND = [
    *("-m", "bakeoff.cli", "compare", "contenders=[lenet,row_gru,vit]", "tune.trials=12", "tune.best_of=3"),
    *("budget.value=20_000", "trainer.max_epochs=3", "trainer.accelerator=cpu", "tracking=none"),
]


def start(folder):
    command = [sys.executable, *COMMAND, f"output_dir={folder}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder.parent)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_once_it_ends_in_a_family_claim_whose_audit_agrees(tmp_path):
    folder = tmp_path / "out"
    process = start(folder)
    deadline = time.monotonic() + 900
    while len(results(folder)) < 15:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    kill_tree(process)
    before = results(folder)
    output, _ = start(folder).communicate(timeout=1200)
    record = json.loads((folder / "verdict.json").read_text())
    assert record["kind"] == "family", output
    assert record["best_of"] == 3
    assert set(record["curves"]) == {"lenet", "row_gru", "vit"}
    after = results(folder)
    assert {trial: after[trial] for trial in before} == before
    assert len(after) == 3 * 12 + 5
    audit = subprocess.run(
        [sys.executable, "-m", "bakeoff.cli", "audit", str(folder)], capture_output=True, text=True, check=False
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert json.loads((folder / "audit.json").read_text())["agrees"]
