"""The console entry point ``bakeoff``: pipelines and commands, each imported only when it is asked for."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from bakeoff.errors import BakeoffError, ConfigError, EnvironmentFault, nearest
from bakeoff.files import is_no_room, no_room
from bakeoff.scratch import Scratch
from bakeoff.version import __version__

PIPELINES = {
    "train": "one training run, or many with -m",
    "compare": "the bakeoff: contenders at one budget, to a verdict and a report",
    "scale": "time and memory of contenders against sequence length and width",
    "gradients": "how far back the loss reaches in sequence models",
    "evaluate": "a finished run on a split of its data",
    "predict": "a finished run on new files",
    "export": "a finished run to take home: ONNX, held against the network, and a model card",
    "report": "the report of a finished bakeoff, built again",
}
"""What each pipeline is for."""

COMMANDS = {
    "data": ("bakeoff.commands.data:run", "what will be read of a file or folder: bakeoff data reviews.csv"),
    "replay": (
        "bakeoff.commands.replay:run",
        "a published claim, put to the test: bakeoff replay copy_memory",
    ),
    "contest": (
        "bakeoff.commands.contest:run",
        "rulings on claims, and tasks by families, in one page: bakeoff contest DIR",
    ),
    "verdict": ("bakeoff.commands.verdict:run", "the verdict on scores from any tool: bakeoff verdict scores.parquet"),
    "plan": ("bakeoff.commands.plan:run", "how many seeds and test examples a difference takes: bakeoff plan runs/x"),
    "audit": ("bakeoff.commands.audit:run", "whether a finished bakeoff's figures follow from what it stored"),
    "checks": ("bakeoff.commands.checks:run", "what would mislead whoever reads a finished bakeoff or run, by code"),
    "why": ("bakeoff.commands.why:run", "what each contender looks at, and whether that holds: bakeoff why runs/x"),
    "curve": ("bakeoff.commands.curve:run", "the test score against the number of training examples, by one command"),
    "robustness": ("bakeoff.commands.robustness:run", "what each contender is worth on noise, blur, typos or gaps"),
    "summary": ("bakeoff.commands.summary:run", "several bakeoffs on several datasets"),
    "list": ("bakeoff.commands.listing:run", "what there is to choose from: bakeoff list models"),
    "explain": ("bakeoff.commands.explain:run", "what a key, a group or a model means: bakeoff explain optimizer.lr"),
    "doctor": ("bakeoff.commands.doctor:run", "whether this machine has what bakeoff needs"),
    "sync": ("bakeoff.commands.sync:run", "sends to MLflow what it has missed of runs and bakeoffs"),
    "register": ("bakeoff.commands.register:run", "a run, or a bakeoff's winner, in MLflow's model registry"),
    "serve": ("bakeoff.commands.serve:run", "a run, or a bakeoff's winner, answers over HTTP on this machine"),
    "completion": ("bakeoff.commands.completion:run", "completion in your shell: bakeoff completion bash, zsh or fish"),
    "ui": ("bakeoff.commands.ui:run", "the MLflow page of your runs"),
}
"""What each command calls, and what it is for."""


def main(argv: Sequence[str] | None = None) -> None:
    """Runs ``bakeoff WORDS``; returns when all went well.

    Raises:
        SystemExit: with the exit code of what went wrong.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return
    if words[0] == "--version":
        print(f"bakeoff {__version__}")
        return
    name, rest = words[0], words[1:]
    if name in PIPELINES:
        from bakeoff.config.running import run_pipeline

        run_pipeline(name, argv=rest)
        return
    try:
        _run_command(name, rest)
    except BakeoffError as error:
        print(error.line(), file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader had enough, as in `bakeoff list models | head`
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        if not is_no_room(error):
            raise
        print(no_room(error).line(), file=sys.stderr)
        sys.exit(EnvironmentFault.exit_code)


def program(pipeline: str | None = None) -> None:
    """`main` as a program, which ends without taking apart what it has loaded.

    Python would visit each of torch's objects several times at its end: more than a second, and 140 MB.

    Args:
        pipeline: what a script is for; None takes the first word.
    """
    words = [*([pipeline] if pipeline else []), *sys.argv[1:]]
    codes: list[int] = []
    scratch = Scratch() if words and words[0] in PIPELINES and not _is_multirun(words) else None
    atexit.register(_leave, codes, scratch)  # the first to be registered is the last to be called
    try:
        main(words)
        codes.append(0)
    except SystemExit as stop:
        codes += [stop.code] if isinstance(stop.code, int) else []
        raise


def _is_multirun(words: Sequence[str]) -> bool:
    """Whether jobs may run on other machines, where a folder of this one means nothing."""
    return "-m" in words or "--multirun" in words


def _leave(codes: Sequence[int], scratch: Scratch | None) -> None:
    """Ends the process now, if its exit code is known; whatever else had to be done at the end has been."""
    if scratch is not None:
        scratch.close()
    if codes:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads it any more
                stream.flush()
        os._exit(codes[0])


def _run_command(name: str, rest: list[str]) -> None:
    if name not in COMMANDS:
        names = [*PIPELINES, *COMMANDS]
        allowed = nearest(name, names, count=len(names))
        raise ConfigError("config.unknown_command", "bakeoff", name, "there is no such command", allowed=allowed)
    module, _, function = COMMANDS[name][0].partition(":")
    told = [[*PIPELINES, *COMMANDS]] if name == "completion" else []
    getattr(importlib.import_module(module), function)(rest, *told)


def _help() -> str:
    lines = ["bakeoff: CNN, RNN or Transformer, for your task and your data?", ""]
    for title, table in (("Pipelines", PIPELINES), ("Commands", {name: what for name, (_, what) in COMMANDS.items()})):
        lines += [title, *(f"  bakeoff {name:<11}{what}" for name, what in table.items()), ""]
    return "\n".join([*lines, "bakeoff COMMAND --help says more; bakeoff --version says which version this is."])


if __name__ == "__main__":
    program()
