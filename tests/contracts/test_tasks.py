"""Every task in ``conf/task``: a bakeoff of it runs from the command line to verdict, report and audit."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.job import Job
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.running import run_pipeline
from bakeoff.files import read_json
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.run import TrialLabel

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
    small = ["budget.value=20_000", "budget.tolerance=0.2", "trainer.max_examples=64", "tracking=none", "debug=true"]
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
    attributes = read_json(folder / "test_attributes.json") if data.attributes("test") else {}
    assert all(len(values) == data.num_examples("test") for values in attributes.values())
    assert attributes.keys() >= data.attributes("test").keys()


def trial_of(task: str, folder: Path) -> Job:
    """A trial of the task's own model on a few rows of that bakeoff's data."""
    words = [word for word in quick_overrides(task) if not word.startswith(("contenders=", "seeds="))]
    small = ["trainer.max_examples=64", "trainer.accelerator=cpu"]
    cfg = OmegaConf.to_container(Composer().compose("train", [*words, *small]).cfg, resolve=True)
    return Job(TrialConfig.of(cfg).raw, folder / task, TrialLabel(task, "model", "contender", "b0"))


@pytest.mark.slow  # `tests/comparison/test_executor.py` sees trials in processes, whatever their task
def test_a_trial_of_every_task_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """As those of a bakeoff do; all from one fork server, since its start is most of the cost."""
    jobs = [trial_of(task, tmp_path) for task in CATALOG.options("task")]
    ended: dict[str, str] = {}
    LocalExecutor(workers=1, retries=0).run(
        jobs, on_end=lambda job, result: ended.update({job.folder.name: result["status"]})
    )
    said = {job.folder.name: (job.folder / "log.txt").read_text() for job in jobs if not job.finished}
    assert ended == dict.fromkeys(CATALOG.options("task"), "finished"), said
    for job in jobs:
        assert job.config["task"]["metric"] in read_json(job.folder / "result.json")["validation"]


@pytest.mark.parametrize("task", sorted(set(CATALOG.options("task")) - {"sequence_probe"}))
def test_a_baseline_of_every_task_is_simple_enough_for_the_guard(task: str) -> None:
    baselines = CATALOG.content("task", task)["baselines"]
    assert any(CATALOG.content("model", name).get("simple") for name in baselines)
