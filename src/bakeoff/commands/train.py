"""``train``: one run, or one of a multirun's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from filelock import FileLock, Timeout

from bakeoff.commands.way_out import with_a_way_out
from bakeoff.comparison.judging.apart import apart, half_width
from bakeoff.comparison.planning.rules import check_measured, check_selection
from bakeoff.config import build
from bakeoff.config.titles import data_title
from bakeoff.data.contract import TaskData
from bakeoff.errors import ConfigError, TrialsFailed
from bakeoff.files import read_json, write_json
from bakeoff.models.cost import build_on_meta
from bakeoff.record.layout import ENVIRONMENT, LOCK, RESULT, RUN, WEIGHTS
from bakeoff.tracking.follower import Follower
from bakeoff.tracking.settings import Tracking
from bakeoff.training.devices.ranks import Ranks, ranks_from_outside
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.configuration import TrialConfig, trial_id
from bakeoff.training.trial.energy import check_energy
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.latency import latencies_ms
from bakeoff.training.trial.predictions import sealed_answers
from bakeoff.training.trial.preflight import check_alone, check_folder, check_machine
from bakeoff.training.trial.run import TrialLabel, run_trial

DEFAULT_ROOT = Path("outputs/train")
LEFTOVERS_S = 10.0
"""What the workers of a killed run take to notice, and to let go of its folder."""


def run(config: Mapping[str, Any], *, multirun: bool = False) -> dict[str, Any]:
    """Trains, tests, and prints ``test/<name> value`` lines; the run's folder holds the same as ``result.json``.

    Of several processes that torchrun or Slurm started for one run, the first one writes and speaks.

    Args:
        config: the resolved configuration.
        multirun: whether this is one of several jobs, each with a folder of its own below ``output_dir``.

    Raises:
        ConfigError: the folder holds another run or is in use, or weights would be selected by no validation metric, or
            the worst, or by one that this data has not.
        EnvironmentFault: the machine lacks what the settings ask for.
        TrialsFailed: training diverged.
    """
    trial = TrialConfig.of(config)
    if multirun:
        check_alone("train -m")
    check_selection(trial)
    check_machine(trial.trainer)
    check_energy(config.get("energy"))
    with with_a_way_out(config):
        data = trial.open_data()
    check_measured(trial, data.spec)
    if not trial.is_fitted:
        build_on_meta(lambda: trial.network(data.spec))  # refuses what no network can be, before anything is written
    identity = trial_id(trial.raw, data.fingerprint)
    folder = _folder(trial, identity, config["output_dir"], multirun=multirun)
    label = TrialLabel(identity, trial.model)
    if not (ranks_from_outside() or Ranks()).is_first:
        return run_trial(Training(trial, folder, data), label=label)
    check_folder(folder)
    with _alone_in(folder):
        return _run_in(folder, config, trial, label, data, multirun=multirun)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keeps the same command, given twice at once, from writing one run's files."""
    try:
        with FileLock(folder / LOCK, timeout=LEFTOVERS_S):
            yield
    except Timeout as error:
        problem, step = "another process trains in this folder", "wait for it, or end it"
        raise ConfigError("config.folder_busy", "output_dir", folder, problem, next_step=step) from error


def _run_in(
    folder: Path, config: Mapping[str, Any], trial: TrialConfig, label: TrialLabel, data: TaskData, *, multirun: bool
) -> dict[str, Any]:
    root = Path(config["output_dir"] or "outputs")
    _follow(folder, config, root)
    print(f"{trial.task}  {data_title(trial.raw['data'])}  {trial.model}  seed {trial.seed}")
    for note in data.spec.notes:
        print(f"note: {note}")
    for doubt in trial.make_task(data.spec).doubts(trial.metric):
        print(f"warning: {doubt}")
    print(f"run {label.trial_id} in {folder}", flush=True)
    study = (config.get("sweep") or {}).get("trial")
    _forget_pruned(folder, studied=study is not None)
    if (folder / RESULT).exists():
        print("finished before; not run again (another seed or setting is another run)")
    else:
        write_json(folder / ENVIRONMENT, environment())
    shown = "lines" if multirun and config["progress"] == "auto" else config["progress"]
    result = run_trial(
        Training(
            trial,
            folder,
            data,
            say=lambda line: print(line, flush=True),
            progress=shown,
            study=study,
            energy=config.get("energy"),
        ),
        label=label,
        conclude=lambda found: _tested(trial, folder, data, found),
    )
    if result["status"] == "pruned":
        print(result["why"], flush=True)
        return result
    if result["status"] != "finished":
        raise TrialsFailed("trials.diverged", "train", trial.model, result["why"], next_step="a lower optimizer.lr")
    _print_result(result)
    if not multirun:
        print(f"use it: bakeoff predict run={folder} input=FILE", flush=True)
    return result


@cache
def follower() -> Follower:
    """The process that sends this program's runs to MLflow."""
    return Follower()


def finish() -> None:
    """Waits until the tracker has everything.

    Raises:
        TrackerNotSynced: it has not; the local log has.
    """
    follower().settle()


def _folder(trial: TrialConfig, identity: str, output_dir: str | None, *, multirun: bool) -> Path:
    """Where the run lives; refuses a folder that holds another run."""
    own = "-".join([trial.task, trial.data, trial.model, f"s{trial.seed}", identity]).replace("/", "-")
    if output_dir is None:
        return DEFAULT_ROOT / own
    folder = Path(output_dir) / own if multirun else Path(output_dir)
    if (folder / RUN).exists() and read_json(folder / RUN)["trial_id"] != identity:
        raise ConfigError(
            "config.folder_taken",
            "output_dir",
            folder,
            f"it holds run {read_json(folder / RUN)['trial_id']}, and this command is run {identity}",
            next_step="give another output_dir; a changed setting is another run",
        )
    return folder


def _forget_pruned(folder: Path, *, studied: bool) -> None:
    """A run that a study gave up is no finished run outside of it: it is trained to its end."""
    path = folder / RESULT
    if not studied and path.exists() and read_json(path)["status"] == "pruned":
        path.unlink()


def _follow(folder: Path, config: Mapping[str, Any], root: Path) -> None:
    tracking: Tracking = build(config["tracking"], "tracking")
    experiment = f"{config['task']['name']}/{config['data']['name']}"
    follower().watch("trial", folder, tracking=tracking, root=root, experiment=experiment)


def _tested(trial: TrialConfig, folder: Path, data: TaskData, result: Mapping[str, Any]) -> dict[str, Any]:
    """Test metrics and latency of a run of its own, whose test set nobody else waits for."""
    task = trial.make_task(data.spec)
    answers, labels, metric = sealed_answers(folder, result), data.labels("test"), trial.metric
    tested = task.summarise(answers, labels)
    warnings: list[str] = []
    if metric in result["validation"] and metric in tested:
        half = half_width(task.score_examples(answers, labels, metric), data.units("test"))
        reached = {trial.model: (result["validation"][metric], tested[metric], half)}
        warnings = apart(metric, reached, num_val=data.num_examples("val"), num_test=len(labels))
    if trial.is_fitted:
        return {"test": tested, "latency_ms": {}, "warnings": warnings}
    net = trial.network(data.spec)
    load_weights(net, folder / WEIGHTS)
    repeats = latencies_ms({"net": net}, data.spec.example_inputs, answer=task.answer)["net"]
    latency = {size: median(values) for size, values in repeats.items()}
    return {"test": tested, "latency_ms": latency, "warnings": warnings}


def _print_result(result: Mapping[str, Any]) -> None:
    cost = f"{result['params']:,} parameters, {result['train_seconds']:.1f} s"
    print(f"{cost}, {result['examples_per_second']:,.0f} examples/s")
    for split, values in (("val", result["validation"]), ("test", result["test"])):
        for name, value in values.items():
            print(f"{split}/{name} {value:.4f}", flush=True)
    for warning in result.get("warnings", ()):
        print(f"warning: {warning}", flush=True)
