"""A contender that enters later has nobody train again, and the verdict is stamped for it."""

from pathlib import Path

import pytest

from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.config.running import run_pipeline
from bakeoff.files import read_json
from tests.comparison.finished_bakeoffs import InThisProcess

SAME = ["baselines=[]", "seeds=3", "budget=none", "trainer.max_epochs=1", "trainer.accelerator=cpu", "tracking=none"]
FIRST = "{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}"


@pytest.fixture
def trained(monkeypatch, tmp_path, trials_in_this_process) -> list[str]:
    """The contenders of trials that were trained, in their order."""
    monkeypatch.chdir(tmp_path)
    names: list[str] = []

    def run(executor, jobs, *, on_end, on_wait=None):
        names.extend(job.label.contender for job in jobs if not job.finished)
        InThisProcess.run(executor, jobs, on_end=on_end, on_wait=on_wait)

    monkeypatch.setattr(LocalExecutor, "run", run)
    return names


@pytest.mark.slow
def test_only_who_is_new_is_trained(trained):
    run_pipeline("compare", argv=[*SAME, f"contenders=[{FIRST}]", "output_dir=one"])
    assert sorted(trained) == ["dense"] * 3 + ["small"] * 3
    trained.clear()
    more = f"contenders=[{FIRST},{{model: mlp, name: wide, width: 0.2}}]"
    run_pipeline("compare", argv=[*SAME, more, "output_dir=two", "trials_from=one"])
    assert trained == ["wide"] * 3
    one, two = (read_json(Path(folder, "verdict.json")) for folder in ("one", "two"))
    means = [{row["name"]: row["mean"] for row in verdict["contenders"]} for verdict in (one, two)]
    assert means[0].items() <= means[1].items()
    assert any("opened 2 times" in finding["problem"] for finding in two["findings"])
    run = next(Path("two/trials").glob("*/run.json"))
    assert read_json(run)["bakeoff_id"] == read_json(Path("two/plan.json"))["bakeoff_id"]
    assert audit(Path("two")).agrees


def test_a_folder_without_trials_gives_none(trained, capsys):
    with pytest.raises(SystemExit) as stop:
        run_pipeline("compare", argv=[*SAME, f"contenders=[{FIRST}]", "output_dir=one", "trials_from=nowhere"])
    assert stop.value.code == 2 and trained == []
    assert "trials_from=nowhere" in capsys.readouterr().err
