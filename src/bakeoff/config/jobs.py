"""One job of a pipeline: calls its main function, and keeps what went wrong from taking the others with it."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bakeoff.config.outcomes import Outcome, Outcomes
from bakeoff.config.processes import end_soon_after
from bakeoff.errors import BakeoffError, ErrorGroup
from bakeoff.files import is_no_room, no_room

if TYPE_CHECKING:
    from omegaconf import DictConfig

Main: TypeAlias = str | Callable[..., Any]
"""What a pipeline calls with its resolved configuration: a function, or its ``"package.module:function"``."""

# Our launcher files bear the names of the plugins' own, which Hydra takes as a wish to be validated against them, and
# warns. Here, since a worker's process imports this module before it composes anything.
warnings.filterwarnings("ignore", message="The `srun` command is available on your system")  # Lightning's
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/\w+' is validated against", category=UserWarning)


class PipelineJob:
    """The function that Hydra calls, once a job.

    Args:
        main: what to call with the resolved configuration; where it has an argument ``multirun``, it is told.
        pipeline: the pipeline's name.
        folders: the configuration trees in use.
        program: the program's name on the command line.
        command: the command line, for the record.
        multirun: whether there are other jobs.
    """

    def __init__(
        self,
        main: Main,
        *,
        pipeline: str,
        folders: Sequence[Path],
        program: str,
        command: str,
        multirun: bool = False,
    ) -> None:
        self.main = main
        self.pipeline = pipeline
        self.folders = list(folders)
        self.program = program
        self.command = command
        self.multirun = multirun
        self.outcomes: Outcomes | None = None
        self.ahead: Main | None = None
        self.before_sweep: Main | None = None
        self.after_sweep: Main | None = None
        self.working_folder = Path.cwd()
        self.__module__ = pipeline  # Hydra names the job after it

    def __call__(self, cfg: DictConfig) -> Any:
        """The main function's return value, or in a multirun the job's `Outcome`, whatever happened.

        Raises:
            SystemExit: after an error in a single run.
        """
        if self.outcomes is None:
            value, failure = self._guarded(cfg)
            if failure is not None:
                raise SystemExit(failure.exit_code)
            return value
        from hydra.core.hydra_config import HydraConfig

        hydra = HydraConfig.get()
        if "SLURM_JOB_ID" not in os.environ:  # a queued Slurm job outlives the multirun
            end_soon_after(self.outcomes.parent)
        os.chdir(self.working_folder)  # a cluster's workers start elsewhere
        return self.outcomes.once(
            int(hydra.job.num), lambda: Outcome.of(list(hydra.overrides.task), *self._guarded(cfg))
        )

    def begin(self, shared: DictConfig) -> None:
        """Prepares what all jobs of a multirun share, such as the tracker's database, in the program itself."""
        if self.before_sweep is not None:
            imported(self.before_sweep)(plain(shared))

    def end(self, shared: DictConfig, outcomes: Sequence[Outcome]) -> None:
        """Waits for what the jobs left to do, such as the tracker's last points."""
        if self.after_sweep is not None:
            imported(self.after_sweep)(plain(shared), [outcome.result for outcome in outcomes if outcome.result])

    def _guarded(self, cfg: DictConfig) -> tuple[Any, BakeoffError | None]:
        """What the main function returned, or the error that was reported."""
        debug = bool(cfg.get("debug", False))
        try:
            return self._call(cfg), None
        except BakeoffError as error:
            failure = error
        except Exception as error:
            failure = internal_error(error)
        report(failure, debug=debug)
        return None, failure

    def _call(self, cfg: DictConfig) -> Any:
        from omegaconf import OmegaConf

        from bakeoff.config.allowlist import allow
        from bakeoff.config.catalog import Catalog
        from bakeoff.config.composition import use_trees
        from bakeoff.config.validation import validate

        use_trees(self.folders)
        errors = validate(cfg, self.pipeline, catalog=Catalog(self.folders)) if self.multirun else []
        if errors:
            raise ErrorGroup(errors)
        config = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
        assert isinstance(config, dict)
        allow(config.get("allow_code") or [])
        if self.ahead is not None:
            imported(self.ahead)(config)
        function = imported(self.main)
        told = {"multirun": self.multirun} if "multirun" in inspect.signature(function).parameters else {}
        return function({**config, "command": self.command}, **told)


def plain(config: DictConfig) -> dict[str, Any]:
    """The configuration that all jobs share, without Hydra's section; values that a job must give stay ``???``."""
    from omegaconf import OmegaConf

    own = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    resolved = OmegaConf.to_container(own, resolve=True, throw_on_missing=False)
    assert isinstance(resolved, dict)
    return {str(name): value for name, value in resolved.items()}


def imported(function: Main) -> Callable[..., Any]:
    """The function itself, or the one that ``"package.module:function"`` names."""
    if not isinstance(function, str):
        return function
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def report(error: BakeoffError, *, debug: bool) -> int:
    """Prints an error's line, after its traceback when debugging; returns its exit code.

    Of several processes that torchrun or Slurm started on a machine, the first one tells of what all of them find.
    """
    if debug:
        traceback.print_exception(error)
    local_rank = os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0"))
    if local_rank == "0" or error.code == "internal":
        with suppress(OSError):  # a full disk may be what it tells of, and where it goes
            print(error.line(), file=sys.stderr, flush=True)
    return error.exit_code


def internal_error(error: Exception) -> BakeoffError:
    """A mistake of ours, or a disk that is full, as one line."""
    if is_no_room(error):
        return no_room(error)
    failure = BakeoffError("internal", type(error).__name__, None, str(error) or "no message", next_step="debug=true")
    failure.__cause__ = error
    return failure
