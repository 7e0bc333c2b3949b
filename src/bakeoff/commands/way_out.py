"""Beside the first fault of the data that ends a training, the others, and the command that has none of them."""

from __future__ import annotations

import itertools
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bakeoff.commands.options_of_data import answer_for
from bakeoff.config.composition import Composer
from bakeoff.errors import BakeoffError, DataError

_OF_DATA = re.compile(r"\+{0,2}(task|data|experiment)(\.[\w.]+)?=")


@contextmanager
def with_a_way_out(config: Mapping[str, Any]) -> Iterator[None]:
    """Prints what else is in the way where data are refused, before the refusal.

    Args:
        config: of the command, with the ``command`` itself.

    Raises:
        DataError: the data were refused.
    """
    try:
        yield
    except DataError as error:
        for line in way_out(str(config.get("command") or ""), error):
            print(line, file=sys.stderr)
        raise


def way_out(command: str, error: DataError) -> list[str]:
    """The settings that errors advise one after another, why, and the command with them; empty where there are none.

    Args:
        command: as it was typed.
        error: which is told anyway.
    """
    words = shlex.split(command)
    folders = [after for word, after in itertools.pairwise(words) if word == "--config-dir"]
    composer = Composer(config_dir=Path(folders[-1]) if folders else None)
    settings = [word for word in words if _OF_DATA.match(word)]
    try:
        answer = answer_for(composer, settings)
    except BakeoffError:  # it is the same, or one that no setting helps against
        return []
    added = [word for word in answer.words if word not in settings]
    keys = {word.partition("=")[0] for word in added}
    lines = [f"also in the way: {why}" for why in answer.taken if error.problem not in why]
    if added and answer.survey.refusal is None:
        corrected = [*(word for word in words if word.partition("=")[0] not in keys), *added]
        lines.append(f"with that mended: {shlex.join(corrected)}")
    return lines
