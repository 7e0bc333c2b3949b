"""``bakeoff data FILE|FOLDER``: what will be read, before anything else, and the command that trains on it."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Sequence
from typing import Any

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.options_of_data import Answer, answer_for
from bakeoff.commands.surveyed import print_survey
from bakeoff.config.composition import Composer

_COMMANDS = ("train", "compare")


def run(argv: Sequence[str]) -> None:
    """Prints what will be read; what training would refuse comes last, as the error that it is.

    Raises:
        ConfigError: no such option, or no option that reads this.
        DataError: training would refuse the data, and no setting helps.
    """
    if argv and argv[0] == "preview":
        from bakeoff.commands.preview import run as preview  # torch, which looking at files does without

        preview(argv[1:])
        return
    parser = Parser(prog="bakeoff data", description="What will be read of a file or folder, before anything else.")
    parser.add_argument(
        "words", nargs="+", metavar="PATH|KEY=VALUE", help="a file or folder, and settings of data and task"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    add_own_code(parser)
    arguments = parser.parse_intermixed_args(argv)
    use_own_code(arguments)
    composer = Composer(config_dir=arguments.config_dir)
    answer = answer_for(composer, arguments.words)
    commands = [shlex.join(["bakeoff", command, *answer.words]) for command in _COMMANDS]
    if arguments.json:
        print(json.dumps(_plain(answer, commands), indent=2))
    else:
        print_survey(answer.survey, taken=answer.taken, commands=commands)
    if answer.survey.refusal is not None:
        raise answer.survey.refusal


def _plain(answer: Answer, commands: Sequence[str]) -> dict[str, Any]:
    found = dataclasses.asdict(dataclasses.replace(answer.survey, refusal=None))
    refusal = answer.survey.refusal
    return {"schema": 1, **found, "refusal": refusal and refusal.line(), "taken": answer.taken, "commands": commands}
