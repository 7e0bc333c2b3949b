"""Every task in ``conf/task``: a bakeoff of it runs from the command line to verdict, report and audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.config.catalog import Catalog
from bakeoff.config.running import run_pipeline

CATALOG = Catalog()

QUICK = {
    "image_classification": ["data=digits", "contenders=[lenet,row_gru]"],
    "text_classification": [
        "data=tweets",
        "data.max_rows=400",
        "data.tokenizer.vocab_size=400",
        "contenders=[text_cnn,gru]",
        "task.network.embedding_width=8",
    ],
    "language_modeling": [
        "data=stdlib",
        "data.max_bytes=60_000",
        "data.sequence_length=32",
        "data.batch_size=8",
        "data.tokenizer.vocab_size=300",
        "contenders=[gated_conv,gru]",
        "task.network.embedding_width=8",
    ],
    "translation": [
        "data=number_words",
        "data.high=100",
        "data.count=80",
        "data.split.val=10",
        "data.split.test=20",
        "data.batch_size=16",
        "contenders=[gru,transformer]",
        "task.network.embedding_width=8",
    ],
    "sequence_probe": [
        "data=parity",
        "data.num_train=60",
        "data.num_val=20",
        "data.num_test=230",
        "contenders=[gru,tcn]",
    ],
}
"""Data and contenders with which a bakeoff of a task takes seconds."""


@pytest.mark.parametrize("task", CATALOG.options("task"))
def test_a_bakeoff_of_every_task_reaches_verdict_report_and_audit(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if task not in QUICK:
        pytest.fail(f"say in QUICK with what data and contenders a bakeoff of task={task} takes seconds")
    monkeypatch.chdir(tmp_path)
    small = [
        "budget.value=20_000",
        "budget.tolerance=0.2",
        "seeds=3",
        "trainer.max_epochs=1",
        "tracking=none",
        "debug=true",
    ]
    folder = tmp_path / "bakeoff"
    run_pipeline("compare", argv=[f"task={task}", *QUICK[task], *small, f"output_dir={folder}", "executor.workers=1"])
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
    from bakeoff.commands.audit import find_data
    from bakeoff.comparison.judging.audit import audit

    data, why = find_data(folder)
    assert data is not None, why
    assert audit(folder, data=data).agrees


@pytest.mark.parametrize("task", sorted(set(CATALOG.options("task")) - {"sequence_probe"}))
def test_a_baseline_of_every_task_is_simple_enough_for_the_guard(task: str) -> None:
    baselines = CATALOG.content("task", task)["baselines"]
    assert any(CATALOG.content("model", name).get("simple") for name in baselines)
