"""Every task in ``conf/task``: a bakeoff of it runs from the command line to verdict, report and audit."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pytest

from bakeoff.config.catalog import Catalog
from bakeoff.config.running import run_pipeline

CATALOG = Catalog()

QUICK = re.compile(r"^# (?:bakeoff |python pipelines/)compare(?:\.py)? (.*)# in seconds$", re.MULTILINE)
"""How the comment on top of a task's YAML says with what data and contenders a bakeoff of it takes seconds."""


def quick_overrides(task: str) -> list[str]:
    """The words of that command."""
    path = CATALOG.path("task", task)
    assert path is not None
    found = QUICK.search(path.read_text())
    if found is None:
        pytest.fail(f"say on top of {path.name} in a comment: bakeoff compare task={task} data=... # in seconds")
    return shlex.split(found[1])


@pytest.mark.usefixtures("trials_in_this_process")
@pytest.mark.parametrize("task", CATALOG.options("task"))
def test_a_bakeoff_of_every_task_reaches_verdict_report_and_audit(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["budget.value=20_000", "budget.tolerance=0.2", "trainer.max_examples=200", "tracking=none", "debug=true"]
    folder = tmp_path / "bakeoff"
    run_pipeline("compare", argv=[*quick_overrides(task), *small, f"output_dir={folder}"])
    told = capsys.readouterr().out
    assert "NOT_ENOUGH_EVIDENCE (provisional)" in told
    verdict = json.loads((folder / "verdict.json").read_text())
    section = CATALOG.content("task", task)
    names = {row["name"] for row in verdict["leaderboard"]}
    assert len(names) == 2 + len(section["baselines"])
    assert verdict["trivial"] is not None
    assert not verdict["failures"]
    assert not [finding for finding in verdict["findings"] if finding["severity"] == "refuse"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in names)
    labels = pa.ipc.open_file(folder / "test_labels.arrow").read_all().column_names
    assert "label" in labels or '<section id="confusion"' not in page
    from bakeoff.commands.audit import find_data
    from bakeoff.comparison.judging.audit import audit

    data, why = find_data(folder)
    assert data is not None, why
    assert audit(folder, data=data).agrees


@pytest.mark.parametrize("task", sorted(set(CATALOG.options("task")) - {"sequence_probe"}))
def test_a_baseline_of_every_task_is_simple_enough_for_the_guard(task: str) -> None:
    baselines = CATALOG.content("task", task)["baselines"]
    assert any(CATALOG.content("model", name).get("simple") for name in baselines)
