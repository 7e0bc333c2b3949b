"""``bakeoff data preview``: a page with some training examples and their labels, before anything is trained."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.options_of_data import answer_for
from bakeoff.config import build
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.data.contract import Cases, TaskData
from bakeoff.errors import EnvironmentFault
from bakeoff.report.pages.preview import write_preview
from bakeoff.tasks.contract import Task

DEFAULT_COUNT = 12


def run(argv: Sequence[str]) -> None:
    """Writes the page, and prints where it is.

    Raises:
        ConfigError: no such option, or no option that reads this.
        DataError: training would refuse the data.
        EnvironmentFault: the page can't be written.
    """
    parser = Parser(prog="bakeoff data preview", description="A page with some training examples and their labels.")
    parser.add_argument(
        "words", nargs="+", metavar="PATH|KEY=VALUE", help="a file or folder, and settings of data and task"
    )
    parser.add_argument("--out", default="preview.html", help="the page (default: preview.html)")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help=f"examples (default: {DEFAULT_COUNT})")
    add_own_code(parser)
    arguments = parser.parse_intermixed_args(argv)
    use_own_code(arguments)
    composer = Composer(config_dir=arguments.config_dir)
    answer = answer_for(composer, arguments.words)
    if answer.survey.refusal is not None:
        raise answer.survey.refusal
    data, task = _opened(composer, answer.words)
    cases = _spread(data, max(1, arguments.count))
    exhibits = task.samples(cases)
    command = shlex.join(["bakeoff", "data", "preview", *answer.words])
    title, path = f"Examples of {data.name}", Path(arguments.out)
    about = f"{len(cases)} of {data.num_examples('train'):,} training examples"
    try:
        write_preview(path, [one.to_dict() for one in exhibits], title=title, about=about, command=command)
    except OSError as error:
        problem = f"can't be written ({error.strerror})"
        raise EnvironmentFault("env.not_writable", "--out", path, problem, next_step="--out FILE.html") from error
    print(f"{about} in {path}")


def _opened(composer: Composer, words: Sequence[str]) -> tuple[TaskData, Task[Any]]:
    sound = Checker(composer, pipeline="train").check(list(words))
    config = composer.compose("train", sound).cfg
    section: Any = OmegaConf.to_container(config, resolve=True)
    data: TaskData = build(section["data"]["module"], "data.module", seed=0)
    data.prepare_data()
    data.setup()
    return data, build(section["task"]["module"], "task.module", spec=data.spec)


def _spread(data: TaskData, count: int) -> Cases:
    """Some train examples, at even distances."""
    every = data.examples("train")
    rows = sorted({int(row) for row in np.linspace(0, len(every) - 1, count)})
    raw = data.raw("train")
    names, labels = [every[row] for row in rows], data.labels("train").take(rows)
    return Cases(names, labels, [raw[row] for row in rows], data.show("train", rows))
