"""Real small bakeoffs to audit and to sabotage: made once a session by the pipeline's own code, then copied."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from bakeoff.comparison.judging import networks
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.config import build
from bakeoff.files import read_json, write_json
from bakeoff.record.reading import sha256_of
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import run_trial
from tests.comparison.bakeoff_config import small_bakeoff

KINDS = {
    "plain": ("seeds=3",),
    "looks": (
        "looks=[5,10]",
        "contenders=[{model: mlp, name: dense},{model: mlp, name: denser, width: 1.1},"
        "{model: mlp, name: small, width: 0.05}]",
    ),
    "tuned": (
        "tune.trials=12",
        "tune.best_of=3",
        "seeds=3",
        "contenders=[{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}]",
    ),
}
CONTENDERS = "contenders=[lenet,{model: mlp, name: dense}]"


class InThisProcess:
    """An executor without processes, which would take longer to start than these trials take."""

    def run(self, jobs, *, on_end, on_wait):
        for job in jobs:
            if not job.finished:
                known = {"train_flops_per_example": job.train_flops_per_example, "energy": job.energy}
                training = Training(TrialConfig.of(job.config), job.folder, **known)
                on_end(job, run_trial(training, label=job.label))


def run_trials_here(patch: pytest.MonkeyPatch) -> None:
    """Bakeoffs run their trials in this process, and time each network for a moment only."""
    patch.setattr(LocalExecutor, "run", InThisProcess.run)
    patch.setattr(LocalExecutor, "warm_up", lambda executor, modules: None)
    patch.setattr(networks, "TRIES", 1)
    patch.setattr(networks, "latencies_ms", functools.partial(networks.latencies_ms, repeats=5, calls=1))


def make(kind: str, folder: Path, *overrides: str) -> None:
    """Runs a bakeoff, or goes on with it."""
    plan = make_plan(small_bakeoff(CONTENDERS, "budget=none", *KINDS[kind], *overrides))
    open_folder(folder, plan)
    run_bakeoff(plan, folder, InThisProcess(), lambda line: None)


@pytest.fixture(scope="session")
def finished(shared_folder):
    """The folder of a finished bakeoff by kind; not to be changed."""

    def get(kind: str) -> Path:
        folder = shared_folder / f"bakeoff-{kind}"
        with FileLock(f"{folder}.making"):
            if not (folder / "verdict.json").exists():
                make(kind, folder)
        return folder

    return get


@pytest.fixture(scope="session")
def digits_module():
    """The data of these bakeoffs."""
    data = build(small_bakeoff()["data"]["module"], seed=0)
    data.setup()
    return data


class Sabotage:
    """A copy of a finished bakeoff, with the means to spoil it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edit(self, name: str, change) -> None:
        """Changes a JSON file in place."""
        value = read_json(self.folder / name)
        change(value)
        write_json(self.folder / name, value)

    def sign_manifest(self) -> None:
        """Hashes the manifest again, as someone would who covers a change."""
        self.edit("manifest.json", lambda manifest: manifest.update(sha256=sha256_of(manifest["rules"])))

    def entry(self, name: str) -> dict:
        """A contender of the plan."""
        return next(entry for entry in read_json(self.folder / "plan.json")["contenders"] if entry["name"] == name)

    def edit_entry(self, name: str, change) -> None:
        """Changes a contender in the plan."""
        self.edit("plan.json", lambda plan: [change(e) for e in plan["contenders"] if e["name"] == name])

    def trial(self, name: str, number: int = 0) -> str:
        """A trial's folder, below the bakeoff's."""
        return f"trials/{self.entry(name)['trials'][number]}"

    def copy_trial(self, name: str, to: str, **changes) -> None:
        """A further trial with a result of its own."""
        shutil.copytree(self.folder / self.trial(name), self.folder / "trials" / to)
        self.edit(f"trials/{to}/result.json", lambda result: result.update(trial_id=to, **changes))

    def edit_scores(self, change) -> None:
        """Changes the stored scores, and signs them as the last opening."""
        path = self.folder / "scores.parquet"
        table = pd.read_parquet(path)
        change(table).to_parquet(path, index=False)
        lines = (self.folder / "openings.jsonl").read_text().splitlines()
        last = json.loads(lines[-1]) | {"scores_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        (self.folder / "openings.jsonl").write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n")


@pytest.fixture
def sabotage(finished, tmp_path):
    """A copy of a finished bakeoff, of a kind, to spoil."""

    def get(kind: str = "plain") -> Sabotage:
        return Sabotage(Path(shutil.copytree(finished(kind), tmp_path / kind)))

    return get
