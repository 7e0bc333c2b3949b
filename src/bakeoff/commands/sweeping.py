"""What ``train -m`` does in the program itself, since its jobs may run in processes of their own."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.config import build
from bakeoff.errors import TrackerNotSynced
from bakeoff.files import read_json
from bakeoff.tracking.follower import Follower
from bakeoff.tracking.settings import Tracking

_SQLITE = "sqlite:///"


def prepare(config: Mapping[str, Any]) -> None:
    """Makes the tracking database before the first job, so that no two jobs find it missing.

    Args:
        config: what all jobs of the multirun share.

    Raises:
        EnvironmentFault: torchrun or Slurm started several of this program.
    """
    if any(name in os.environ for name in ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS")):
        from bakeoff.training.preflight import check_alone  # torch takes seconds to import

        check_alone("train -m")
    tracking: Tracking = build(config["tracking"], "tracking")
    uri = tracking.store(_root(config))
    if not tracking.enabled or not uri.startswith(_SQLITE) or Path(uri.removeprefix(_SQLITE)).exists():
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
    tracking: Tracking = build(config["tracking"], "tracking")
    follower = Follower()
    for folder in _folders(config, results):
        label = read_json(folder / "run.json")
        experiment = f"{label['task']}/{label['data']}"
        follower.watch("trial", folder, tracking=tracking, root=_root(config), experiment=experiment)
    why = follower.close()
    if why is not None:
        problem = f"MLflow does not have all of this sweep yet: {why}"
        step = "the results are safe in the output folder; bakeoff sync FOLDER sends them"
        raise TrackerNotSynced("tracking.not_synced", "tracking.uri", None, problem, next_step=step)


def _root(config: Mapping[str, Any]) -> Path:
    return Path(config["output_dir"] or "outputs")


def _folders(config: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> list[Path]:
    root = Path(config["output_dir"] or "outputs/train")
    found = (path for result in results for path in root.glob(f"*-{result['trial_id']}/run.json"))
    return [path.parent for path in dict.fromkeys(found)]
