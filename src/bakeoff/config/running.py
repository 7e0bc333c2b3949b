"""Runs a pipeline from a command line: checks it, hands it to Hydra, and turns every end into an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from bakeoff.config.jobs import Main, PipelineJob, imported, internal_error, report
from bakeoff.config.locate import conf_dir
from bakeoff.config.outcomes import Outcomes
from bakeoff.config.processes import Process, variable_set
from bakeoff.errors import BakeoffError, ConfigError
from bakeoff.version import __version__

if TYPE_CHECKING:
    import argparse

_OWN_MACHINE = ("basic", "joblib")
"""Launchers whose jobs see this machine's temporary folder."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")

_FINISH = {"train": "bakeoff.commands.train:finish"}
"""What a pipeline that may run many jobs does once, at the end: here, wait for the tracker."""

_AHEAD = {
    "train": "bakeoff.commands.ahead:refuse_training",
    "compare": "bakeoff.commands.ahead:prepare_comparison",
}
"""What comes before a pipeline's own module, which takes seconds to import: it may be refused without it."""

_AROUND_SWEEP = {"train": ("bakeoff.commands.sweeping:prepare", "bakeoff.commands.sweeping:settle")}
"""What a pipeline does in the program itself before the first and after the last job of a multirun."""


def run_pipeline(
    name: str,
    main: Main | None = None,
    *,
    finish: Main | None = None,
    argv: Sequence[str] | None = None,
    folder: Path | None = None,
) -> None:
    """Runs one pipeline; returns when all went well.

    Args:
        name: as in `bakeoff.config.schema.PIPELINES`; the primary file is ``conf/<name>.yaml``.
        main: what to call with the resolved configuration, a plain dict that also holds the ``command``: a function,
            or ``"package.module:function"``, imported only once the command line has been found sound. A function with
            an argument ``multirun`` is told whether there are other jobs. None is ``bakeoff.commands.<name>:run``.
        finish: called without arguments after the last job, unless a signal ended it; None is what `_FINISH` says.
        argv: the words after the program's name; None takes those of this process.
        folder: the configuration tree; None is bakeoff's.

    Raises:
        SystemExit: with the error's exit code; 130 after Ctrl-C, 143 after SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = any(word.lower() == "debug=true" for word in words)
    if main is None:
        finish = finish or _FINISH.get(name)
    with _signals() as received:
        try:
            code = _guarded(lambda: _run(name, main, words, folder), debug=debug)
            if finish is not None and not received and _started(finish):
                finished = _guarded(lambda: imported(finish)(), debug=debug)
                code = code or finished
        except KeyboardInterrupt:
            code = 130
    if received:
        print(f"stopped by {'Ctrl-C' if received[0] == signal.SIGINT else 'SIGTERM'}", file=sys.stderr)
        code = 128 + received[0]
    if code:
        sys.exit(code)


def _guarded(run: Callable[[], int | None], *, debug: bool) -> int:
    """The exit code of ``run``, whatever it raises but Ctrl-C."""
    try:
        code = run() or 0
        sys.stdout.flush()
        return code
    except BakeoffError as error:
        return report(error, debug=debug)
    except BrokenPipeError:  # the reader had enough, as in `bakeoff train --help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to say at exit goes nowhere
        return 141
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        return report(internal_error(error), debug=debug)


def _started(function: Main) -> bool:
    """Whether the pipeline got so far that there is something to finish."""
    return not isinstance(function, str) or function.partition(":")[0] in sys.modules


def _run(name: str, main: Main | None, words: list[str], folder: Path | None) -> int:
    folder = folder or conf_dir()
    program = _program(name)
    if "--help" in words or "-h" in words:
        from bakeoff.config.catalog import Catalog
        from bakeoff.config.help_page import help_page

        print(help_page(name, program, Catalog([folder])))
        return 0
    if "--version" in words:
        print(f"bakeoff {__version__}")
        return 0
    arguments = _parse_flags(words)
    folders = [folder]
    if not (arguments.hydra_help or arguments.shell_completion or arguments.info or arguments.experimental_rerun):
        folders = _check(name, arguments, folder)
    command = shlex.join([*program.split(), *words])
    own, several = main or f"bakeoff.commands.{name}:run", arguments.multirun
    job = PipelineJob(own, pipeline=name, folders=folders, program=program, command=command, multirun=several)
    if main is None:
        job.ahead = _AHEAD.get(name)
        job.before_sweep, job.after_sweep = _AROUND_SWEEP.get(name, (None, None))
    _hand_to_hydra(job, arguments, folder)
    return 0


def _check(name: str, arguments: argparse.Namespace, folder: Path) -> list[Path]:
    """Checks the overrides and puts them as Hydra wants them; returns the trees in use."""
    from bakeoff.config.checking import Checker
    from bakeoff.config.composition import Composer

    main_tree = Path(arguments.config_path) if arguments.config_path else folder
    composer = Composer(folder=main_tree, config_dir=Path(arguments.config_dir) if arguments.config_dir else None)
    checker = Checker(
        composer,
        pipeline=name,
        config_name=arguments.config_name,
        multirun=arguments.multirun,
        validating=arguments.cfg is None,
    )
    arguments.overrides = checker.check(arguments.overrides)
    return composer.folders


def _parse_flags(words: list[str]) -> argparse.Namespace:
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise ConfigError("config.bad_flag", "flags", None, message, next_step="--help lists the flags")

    parser.error = refuse  # type: ignore[method-assign, assignment]  # argparse has no hook that keeps the message
    return parser.parse_intermixed_args(words)  # flags may stand among the overrides


def _hand_to_hydra(job: PipelineJob, arguments: argparse.Namespace, folder: Path) -> None:
    """Does what `hydra.main` does, with the words that have been read and checked."""
    from hydra import version
    from hydra._internal.utils import _run_hydra, get_args_parser
    from hydra.main import _get_rerun_conf

    from bakeoff.config import machinery

    version.setbase("1.3")
    machinery.install()
    with ExitStack() as stack:
        if arguments.multirun:
            scratch = Path(stack.enter_context(_scratch_folder(arguments.overrides)))
            if not any(word.startswith("hydra.sweep.dir=") for word in arguments.overrides):
                # Hydra writes multirun.yaml into its sweep folder; what we keep of a run is our own.
                arguments.overrides.append(f"hydra.sweep.dir='{scratch}'")
            (scratch / "outcomes").mkdir()
            job.outcomes = Outcomes(scratch / "outcomes", Process.this())
            for variable in _THREADS:  # jobs side by side that each use all cores slow each other down many times
                stack.enter_context(variable_set(variable, os.environ.get(variable, "1")))
        stack.enter_context(variable_set("HYDRA_FULL_ERROR", "1"))
        try:
            if arguments.experimental_rerun is not None:
                job(_get_rerun_conf(arguments.experimental_rerun, arguments.overrides))
                return
            _run_hydra(
                args=arguments,
                args_parser=get_args_parser(),
                task_function=job,
                config_path=str(folder.resolve()),
                config_name=job.pipeline,
            )
        except Exception as error:
            if type(error).__module__.startswith(("hydra", "omegaconf")):
                text = str(error).split("\n")[0]
                raise ConfigError(
                    "config.invalid", job.pipeline, None, text, next_step="debug=true shows where"
                ) from error
            raise
        if job.outcomes is not None:
            job.outcomes.check()


def _scratch_folder(overrides: Sequence[str]) -> tempfile.TemporaryDirectory[str]:
    """What a multirun needs while it lasts: on this machine, or where the machines of a cluster see it too."""
    chosen = [word.partition("=")[2] for word in overrides if word.startswith("hydra/launcher=")]
    if all(launcher in _OWN_MACHINE for launcher in chosen):
        return tempfile.TemporaryDirectory(prefix="bakeoff-")
    roots = [word.partition("=")[2].strip("'\"") for word in overrides if word.startswith("output_dir=")]
    root = Path(roots[-1] if roots else "outputs").resolve()
    root.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=".sweep-", dir=root, ignore_cleanup_errors=True)


def _program(name: str) -> str:
    script = Path(sys.argv[0])
    return f"python {sys.argv[0]}" if script.suffix == ".py" and script.stem == name else f"bakeoff {name}"


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, each raised as what unwinds the stack; some libraries swallow what is raised."""
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():  # elsewhere signals can't be, and need not be, handled
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
