"""The run that is meant by ``run=`` and ``contender=``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.errors import ConfigError
from bakeoff.record.best_trial import BestTrial, best_trial
from bakeoff.record.layout import PLAN


def chosen_run(config: Mapping[str, Any]) -> tuple[Path, BestTrial | None]:
    """The folder of the run: of a bakeoff, the best trial of its winner or of the contender that is named.

    Raises:
        ConfigError: no such contender, no verdict yet or no winner.
    """
    folder, contender = Path(config["run"]), config["contender"]
    if not (folder / PLAN).exists():
        if contender is not None:
            raise ConfigError("config.contradiction", "contender", contender, "only a bakeoff has contenders")
        return folder, None
    found = best_trial(folder, contender, key="run", naming="contender=NAME")
    print(f"{found.trial.contender}, the best of its trials on validation: {found.trial.folder}")
    return found.trial.folder, found
