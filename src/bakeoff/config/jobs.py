"""One job of a pipeline: calls its main function, and keeps what went wrong from taking the others with it."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bakeoff.errors import BakeoffError, ErrorGroup

if TYPE_CHECKING:
    from omegaconf import DictConfig

Main: TypeAlias = str | Callable[..., Any]
"""What a pipeline calls with its resolved configuration: a function, or its ``"package.module:function"``."""


@dataclass
class Failures:
    """The failed jobs of a multirun, in a file, since a launcher may run jobs in processes of their own."""

    path: Path

    def add(self, error: BakeoffError, overrides: Sequence[str]) -> None:
        """Notes a failed job."""
        record = {"code": error.exit_code, "overrides": list(overrides)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def summary(self) -> int:
        """Says which jobs failed, if any; returns the first one's exit code, or 0."""
        if not self.path.exists():
            return 0
        records = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        failed = "; ".join(" ".join(record["overrides"]) for record in records)
        print(f"failed jobs: {len(records)} ({failed})", file=sys.stderr)
        return int(records[0]["code"])


class Job:
    """The function that Hydra calls, once a job.

    Args:
        main: what to call with the resolved configuration; where it has an argument ``multirun``, it is told.
        pipeline: the pipeline's name.
        folders: the configuration trees in use.
        command: the command line, for the record.
        multirun: whether there are other jobs.
    """

    def __init__(
        self, main: Main, *, pipeline: str, folders: Sequence[Path], command: str, multirun: bool = False
    ) -> None:
        self.main = main
        self.pipeline = pipeline
        self.folders = list(folders)
        self.command = command
        self.multirun = multirun
        self.failures: Failures | None = None
        self.__module__ = pipeline  # Hydra names the job after it

    def __call__(self, cfg: DictConfig) -> Any:
        """The main function's return value; None after an error in a multirun on this machine.

        Raises:
            SystemExit: after an error in a single run, or where a scheduler should see that the job failed.
        """
        debug = bool(cfg.get("debug", False))
        try:
            return self._call(cfg)
        except BakeoffError as error:
            failure = error
            code = report(error, debug=debug)
        except Exception as error:
            failure = internal_error(error)
            code = report(failure, debug=debug)
        if self.failures is None:
            raise SystemExit(code)
        from hydra.core.hydra_config import HydraConfig

        self.failures.add(failure, list(HydraConfig.get().overrides.task))
        return None

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
        function = imported(self.main)
        told = {"multirun": self.multirun} if "multirun" in inspect.signature(function).parameters else {}
        return function({**config, "command": self.command}, **told)


def imported(function: Main) -> Callable[..., Any]:
    """The function itself, or the one that ``"package.module:function"`` names."""
    if not isinstance(function, str):
        return function
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def report(error: BakeoffError, *, debug: bool) -> int:
    """Prints an error's line, after its traceback when debugging; returns its exit code."""
    if debug:
        traceback.print_exception(error)
    print(error.line(), file=sys.stderr, flush=True)
    return error.exit_code


def internal_error(error: Exception) -> BakeoffError:
    """A mistake of ours, as one line."""
    failure = BakeoffError("internal", type(error).__name__, None, str(error) or "no message", next_step="debug=true")
    failure.__cause__ = error
    return failure
