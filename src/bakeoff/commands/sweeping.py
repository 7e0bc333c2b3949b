"""What ``train -m`` does in the program itself, since its jobs may run in processes of their own."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.config import build
from bakeoff.config.tree import flatten, get
from bakeoff.databases import SQLITE, sqlite_path
from bakeoff.files import clear_unfinished, read_json
from bakeoff.metrics import sign_of
from bakeoff.record.layout import CONFIG, RESULT, RUN, TRACKING
from bakeoff.tracking.follower import Follower
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.watch import Watch

MOST_COLUMNS = 5
_SET = ("seed", "model", "optimizer", "scheduler", "trainer", "data", "task", "augment")
ABANDON_S = 8.0
"""What a stopped multirun takes to mark its runs."""


def prepare(config: Mapping[str, Any]) -> None:
    """Makes the tracking database before the first job, so that no two jobs find it missing.

    Args:
        config: what all jobs of the multirun share.

    Raises:
        EnvironmentFault: torchrun or Slurm started several of this program.
    """
    if any(name in os.environ for name in ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS")):
        from bakeoff.training.trial.preflight import check_alone  # torch takes seconds to import

        check_alone("train -m")
    atexit.register(_abandon, config)
    clear_unfinished(_home(config))
    tracking: Tracking = build(config["tracking"], "tracking")
    if not tracking.enabled:
        return
    uri = tracking.store(_root(config))
    if not uri.startswith(SQLITE) or sqlite_path(uri).exists():
        return
    from bakeoff.tracking.store import prepare_database  # mlflow takes seconds to import

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    prepare_database(uri)


def settle(config: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> None:
    """Waits until the tracker has every finished run of the multirun, in whichever process it ran.

    Args:
        config: what all jobs share.
        results: what the finished jobs returned.

    Raises:
        TrackerNotSynced: it has not; the local logs have.
    """
    atexit.unregister(_abandon)
    folders = list(_folders(config, results))
    _print_runs([read_json(folder / CONFIG) for folder in folders], [read_json(folder / RESULT) for folder in folders])
    _follow(config, folders).settle("this sweep")


def _print_runs(configs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> None:
    """A table of the finished runs, the best on validation first, with the settings that tell them apart."""
    if not results:
        return
    from rich.table import Table

    from bakeoff.commands.console import page_console

    metric = str(configs[0]["task"]["metric"])
    best_first = sign_of(configs[0]["task"]["direction"])
    plain = [{key: get(config, key) for key in flatten(config)} for config in configs]
    keys = [key for key in plain[0] if not isinstance(plain[0][key], dict) and key.split(".")[-1] != "_target_"]
    differing = [key for key in keys if len({repr(one.get(key)) for one in plain}) > 1 and key.split(".")[0] in _SET]
    names = ["model.name", *(key for key in differing if not key.startswith("model."))][:MOST_COLUMNS]
    table = Table(*names, f"val/{metric}", f"test/{metric}", "training", box=None, header_style="bold")
    rows = [(config, result) for config, result in zip(plain, results, strict=True) if metric in result["validation"]]
    for config, result in sorted(rows, key=lambda row: -best_first * row[1]["validation"][metric]):
        tested = result["test"].get(metric)
        figures = [f"{result['validation'][metric]:.4f}", "" if tested is None else f"{tested:.4f}"]
        table.add_row(*(str(config.get(name)) for name in names), *figures, f"{result['train_seconds']:.1f} s")
    page_console(soft_wrap=False).print(table)


def _abandon(config: Mapping[str, Any]) -> None:
    """Marks the runs of a stopped multirun as killed: a launcher that ends its workers ends their senders too."""
    unfinished = (path.parent for path in _home(config).glob(f"*/{TRACKING}") if not _finished(path.parent))
    watched = ((folder, Watch.remembered(folder)) for folder in unfinished)
    left = [folder for folder, watch in watched if watch is not None and watch.owner.gone]
    _follow(config, left).close(timeout_s=ABANDON_S)


def _follow(config: Mapping[str, Any], folders: Iterable[Path]) -> Follower:
    """A sender of runs that nobody else sends any more."""
    tracking: Tracking = build(config["tracking"], "tracking")
    follower = Follower()
    for folder in folders:
        label = read_json(folder / RUN)
        experiment = f"{label['task']}/{label['data']}"
        follower.watch("trial", folder, tracking=tracking, root=_root(config), experiment=experiment)
    return follower


def _finished(folder: Path) -> bool:
    return (folder / RESULT).exists() or not (folder / RUN).exists()


def _root(config: Mapping[str, Any]) -> Path:
    return Path(config["output_dir"] or "outputs")


def _home(config: Mapping[str, Any]) -> Path:
    """Where the runs' folders are."""
    return Path(config["output_dir"] or "outputs/train")


def _folders(config: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> list[Path]:
    found = (path for result in results for path in _home(config).glob(f"*-{result['trial_id']}/{RUN}"))
    return [path.parent for path in dict.fromkeys(found)]
