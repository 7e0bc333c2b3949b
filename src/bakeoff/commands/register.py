"""``bakeoff register RUN``: a finished run, or a bakeoff's winner, in MLflow's model registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.sync import artifacts_of, sync
from bakeoff.errors import ConfigError, TrackerNotSynced
from bakeoff.record.layout import PLAN

if TYPE_CHECKING:
    from bakeoff.tracking.registry import Chosen, Version
    from bakeoff.tracking.store import Store


def run(argv: Sequence[str]) -> None:
    """Registers, and prints the version.

    Raises:
        ConfigError, CheckpointError: no finished run there, no winner, or nothing to trust.
        TrackerNotSynced: the tracker does not answer, or refuses.
    """
    description = "Puts a finished run, or a bakeoff's winner, into MLflow's model registry."
    parser = Parser(prog="bakeoff register", description=description)
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run or of a bakeoff")
    parser.add_argument("--name", help="of the model (<task>-<data>-<model>)")
    parser.add_argument("--contender", help="of a bakeoff, another one than the winner; its best trial on validation")
    parser.add_argument("--uri", help="another tracker than the run's own")
    add_own_code(parser)
    words = parser.parse_args(argv)
    use_own_code(words)
    version = _register(words.run, words.name, words.contender, words.uri)
    print(f"{'registered' if version.new else 'registered before'}: {version.name} version {version.number}")
    print(f"models:/{version.name}/{version.number}")


def _register(folder: Path, name: str | None, contender: str | None, uri: str | None) -> Version:
    from mlflow.exceptions import MlflowException  # takes seconds to import

    from bakeoff.tracking.registry import register
    from bakeoff.tracking.server import StoreUnreachable

    chosen = _choose(folder, contender)
    report = sync(folder, uri)  # the registry points at the run
    try:
        if report.problems:
            raise StoreUnreachable(report.problems[0])
        store, run_id = _tracked(chosen, folder, uri)
        return register(store, run_id, chosen, name)
    except (StoreUnreachable, MlflowException) as error:
        problem = str(error).split("\n")[0]
        raise TrackerNotSynced("tracking.not_registered", "register", folder, problem) from error


def _choose(folder: Path, contender: str | None) -> Chosen:
    """The run of a folder; of a bakeoff, its winner's."""
    from bakeoff.tracking.model_card import Origin
    from bakeoff.tracking.registry import Chosen, chosen_trial
    from bakeoff.tracking.watch import Watch
    from bakeoff.training.trial.saved_run import load_run

    if (folder / PLAN).exists():
        return chosen_trial(folder, contender)
    if contender is not None:
        raise ConfigError("config.contradiction", "--contender", contender, "only a bakeoff has contenders")
    found = load_run(folder).folder
    watch = Watch.remembered(found)
    return Chosen(found, Origin(watch.command if watch else None))


def _tracked(chosen: Chosen, folder: Path, uri: str | None) -> tuple[Store, str]:
    """The store that has the run, and the run's id there."""
    from bakeoff.tracking.folder_sync import Target, find_work
    from bakeoff.tracking.settings import Tracking
    from bakeoff.tracking.store import Store
    from bakeoff.tracking.synced import remembered
    from bakeoff.tracking.watch import Watch

    work = next(path for _, path in find_work(chosen.folder))
    watch = Watch.remembered(work)
    if uri is not None:
        address = Tracking(uri=uri).store(folder)
        target = Target(address, artifacts_of(address))
        store = Store(address, watch.experiment if watch else target.experiment(work), target.artifacts)
    elif watch is not None:
        store = Store(watch.uri, watch.experiment, Path(watch.artifacts))
    else:
        step = f"bakeoff register {folder} --uri URI"
        raise ConfigError("config.untracked", "register", folder, "the run was trained untracked", next_step=step)
    synced = remembered(chosen.folder, store.uri)
    assert synced is not None
    return store, synced.run_id
