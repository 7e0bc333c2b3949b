"""A bakeoff whose seeds are trained as one is the same bakeoff."""

import functools

import pandas as pd
import pytest

from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running.attempts import Attempt, after, first_attempts
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.job import Job
from bakeoff.comparison.running.order import Ending
from bakeoff.files import read_json, write_json
from bakeoff.training.trial.run import TrialLabel
from tests.comparison.bakeoff_config import small_bakeoff
from tests.comparison.finished_bakeoffs import InThisProcess

CONTENDERS = ("contenders=[lenet,row_gru]", "baselines=[]", "budget=none", "seeds=3", "trainer.max_examples=400")


def scores(folder):
    """Of each contender, seed and test example."""
    by = ["contender", "seed", "example"]
    return pd.read_parquet(folder / "scores.parquet").sort_values(by)[[*by, "score"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def bakeoffs(tmp_path_factory):
    """One with its seeds stacked, in processes; the same without; and what the first said."""
    said = []
    folders = {}
    for name, executor, stack in (("stacked", LocalExecutor(workers=1), 3), ("single", InThisProcess(), 1)):
        plan = make_plan(small_bakeoff(*CONTENDERS, f"trainer.stack_seeds={stack}"))
        folders[name] = tmp_path_factory.mktemp("bakeoffs") / name
        open_folder(folders[name], plan)
        run_bakeoff(plan, folders[name], executor, said.append if stack > 1 else lambda line: None)
    return folders, said


def test_its_scores_are_those_of_single_trials(bakeoffs):
    folders, _ = bakeoffs
    pd.testing.assert_frame_equal(scores(folders["stacked"]), scores(folders["single"]))
    trials = [read_json(path) for path in folders["stacked"].glob("trials/*/result.json")]
    assert {(trial["contender"], trial.get("stacked")) for trial in trials} == {("lenet", 3), ("row_gru", None)}


def test_it_says_which_contender_could_not_be_stacked_and_why(bakeoffs):
    _, said = bakeoffs
    (line,) = [line for line in said if "one by one" in line]
    assert line.startswith(
        "row_gru: its seeds are trained one by one, since torch.vmap can't compute its seeds at once"
    )


def test_its_audit_finds_nothing(bakeoffs):
    folders, _ = bakeoffs
    assert audit(folders["stacked"]).passed


@functools.cache
def configured(stack):
    return small_bakeoff(f"trainer.stack_seeds={stack}")


def job(folder, seed, *, contender="lenet", stack=2, target="bakeoff.models.cnn.lenet.LeNet"):
    config = configured(stack) | {"seed": seed}
    config["model"] = {"name": contender, "family": "cnn", "net": {"_target_": target}}
    return Job(config, folder / f"{contender}{seed}", TrialLabel(f"{contender}{seed}", contender))


def test_seeds_of_one_configuration_are_attempted_together(tmp_path):
    jobs = [job(tmp_path, seed, contender=name) for seed in range(3) for name in ("a", "b")]
    fitted = job(tmp_path, 3, target="bakeoff.models.baseline.tfidf.Tfidf")
    write_json(jobs[0].folder / "result.json", {})
    write_json(jobs[5].folder / "apart.json", {"why": "it was tried"})
    found = [[one.label.trial_id for one in attempt.jobs] for attempt in first_attempts([*jobs, fitted])]
    assert found == [["b0", "b1"], ["a1", "a2"], ["b2"], ["lenet3"]]
    singles = first_attempts([job(tmp_path, seed, stack=1) for seed in range(2)])
    assert [len(attempt.jobs) for attempt in singles] == [1, 1]


@pytest.mark.parametrize(
    ("ending", "kills"),
    [(Ending("exit code 80", apart=True), 0), (Ending("exit code -9"), 1), (Ending("-9", out_of_memory=True), 1)],
)
def test_what_a_group_has_not_finished_goes_on_alone(ending, kills, tmp_path):
    jobs = [job(tmp_path, seed) for seed in range(2)]
    write_json(jobs[0].folder / "result.json", {})
    again, over = after(Attempt(jobs[0], others=(jobs[1],)), ending, retries=1)
    assert (again, over) == ([Attempt(jobs[1], kills)], [jobs[0]])
    assert not (jobs[1].folder / "out_of_memory.json").exists()
