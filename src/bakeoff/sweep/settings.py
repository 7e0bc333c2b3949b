"""What an Optuna study is told, beside its search space."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from bakeoff.errors import ConfigError

SAMPLERS = ("tpe", "random")
PRUNERS = ("median", "hyperband")


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """The ``hydra.sweeper`` section of ``hydra/sweeper=optuna``.

    Args:
        study_name: its folder's too; None is made of the names of task, data and model, and what is fixed and searched.
        n_trials: trials in total, over all commands that resume the study; failed and pruned ones count.
        n_jobs: trials at once; None is as many as the launcher runs side by side.
        sampler: ``tpe`` or ``random``.
        seed: of the sampler.
        pruner: ``median``, ``hyperband`` or None.

    Raises:
        ConfigError: a value that can't be.
    """

    study_name: str | None = None
    n_trials: int = 20
    n_jobs: int | None = None
    sampler: str = "tpe"
    seed: int = 0
    pruner: str | None = None

    def __post_init__(self) -> None:
        allowed = {"sampler": SAMPLERS, "pruner": (*PRUNERS, None)}
        for field in fields(self):
            value = getattr(self, field.name)
            key = f"hydra.sweeper.{field.name}"
            if field.name in allowed and value not in allowed[field.name]:
                names = ["null" if name is None else name for name in allowed[field.name]]
                raise ConfigError("config.bad_value", key, value, "is none of its values", allowed=names)
            if field.name in ("n_trials", "n_jobs") and value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError("config.bad_value", key, value, "must be a whole number, at least 1")
        if self.study_name is not None and not _names_folder(self.study_name):
            problem, step = "is no text that can name a folder", "a name such as lenet-2"
            raise ConfigError("config.bad_value", "hydra.sweeper.study_name", self.study_name, problem, next_step=step)


def _names_folder(name: object) -> bool:
    """Whether a path stays below the folder that it is taken from; YAML reads some names as numbers."""
    if not isinstance(name, str):
        return False
    path = Path(name)
    return path.name != "" and not path.is_absolute() and ".." not in path.parts
