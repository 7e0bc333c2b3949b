"""``compare``: the bakeoff, from plan to report."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from bakeoff.commands.console import page_console
from bakeoff.commands.train import finish, follower
from bakeoff.commands.way_out import with_a_way_out
from bakeoff.comparison.judging.conclusion import FinishedBakeoff
from bakeoff.comparison.planning.estimate import expected_seconds, unknown
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import can_show, make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.job import Executor
from bakeoff.comparison.running.order import modules_of_all
from bakeoff.comparison.running.taking import take_trials
from bakeoff.config import allow, build
from bakeoff.errors import TrackerNotSynced, TrialsFailed
from bakeoff.report.pages.terminal import print_leaderboard, print_plan, print_ruling, print_verdict
from bakeoff.tracking.settings import Tracking
from bakeoff.training.trial.energy import check_energy
from bakeoff.training.trial.preflight import check_alone, check_folder, check_machine

DEFAULT_ROOT = Path("outputs/compare")


def run(config: Mapping[str, Any]) -> FinishedBakeoff:
    """Plans, trains what has not been trained, opens the test scores, and says who wins.

    Raises:
        ConfigError: the plan can't be made, or the folder holds another bakeoff.
        TrialsFailed: some trials failed (after the verdict, which scores them as the trivial predictor).
        TrackerNotSynced: the tracker has not taken everything (after the verdict).
    """
    console = page_console()
    allow(config["allow_code"])
    check_alone("compare")
    check_machine(build(config["trainer"], "trainer"))
    check_energy(config.get("energy"))
    executor: Executor = build(config["executor"], "executor")
    with closing(executor):
        executor.warm_up(modules_of_all(config))
        with with_a_way_out(config):
            plan = make_plan(config)
        names = (plan.config["task"]["name"], plan.config["data"]["name"], plan.bakeoff_id)
        folder = Path(config["output_dir"] or DEFAULT_ROOT / "-".join(names))
        check_folder(folder)
        plan.expected_seconds = expected_seconds(plan, folder, executor)
        open_folder(folder, plan)
        if config["trials_from"]:
            taken = take_trials(plan.jobs(folder), Path(config["trials_from"]), folder)
            console.print(f"{taken} finished trials taken from {config['trials_from']}", markup=False)
        print_plan(plan.to_dict(folder), console)
        for note in plan.data.spec.notes:
            console.print(f"note: {note}", markup=False)
        for doubt in plan.trial.make_task(plan.data.spec).doubts(plan.trial.metric):
            console.print(f"warning: {doubt}", markup=False)
        if shown := can_show(plan):
            console.print(shown)
        if why := unknown(plan.config["trainer"]):
            console.print(f"how long it takes is not known before the first trial: {why}")
        console.print(f"folder {folder}")
        tracking: Tracking = build(config["tracking"], "tracking")
        root = Path(config["output_dir"] or "outputs")
        follower().watch("bakeoff", folder, tracking=tracking, root=root, experiment="/".join(names[:2]))
        outcome = run_bakeoff(plan, folder, executor, console.print, progress=config["progress"])
    from bakeoff.report.pages.markdown import write_markdown  # they draw, with matplotlib
    from bakeoff.report.pages.report import write_report

    report = write_report(folder, examples=lambda rows: plan.data.show("test", rows))
    write_markdown(folder)
    untracked = _finish_tracking()
    print_leaderboard(outcome.record, console, plan=plan.to_dict(folder))
    console.print(f"\nreport {report}")
    if outcome.record["winner"] is not None:
        console.print(f"use the winner: bakeoff predict run={folder} input=FILE")
    if untracked:
        console.print(untracked.problem)
    print_verdict(outcome.record, console)
    if outcome.ruling is not None:
        print_ruling(plan.config["claim"], outcome.ruling, console)
    if outcome.failures:
        raise TrialsFailed(
            "trials.failed",
            "compare",
            folder,
            f"{outcome.failures} trials failed and were scored as the trivial predictor",
        )
    if untracked:
        raise untracked
    return outcome


def _finish_tracking() -> TrackerNotSynced | None:
    """Waits for the tracker; what it lacks is raised only after the verdict has been printed."""
    try:
        finish()
    except TrackerNotSynced as error:
        return error
    return None
