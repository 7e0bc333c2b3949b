"""The words of a command line as overrides, with errors that say what the shell or the person did."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, Quote, QuotedString, RangeSweep
from hydra.errors import HydraException

from bakeoff.errors import ConfigError

MAX_JOBS = 10_000
"""Jobs that a sweep may expand to without ``yes=true``."""

MAX_FULL = 12
"""Sweeps of up to so many jobs are checked job by job; of longer ones, each choice is checked once."""

MAX_CHECKED = 200

PATTERNS = ("data.split.group_from",)
"""Keys whose values are regular expressions: taken as they are, since Hydra's grammar gives most signs a meaning."""

_KEY = re.compile(r"[\w.+/@:-]+", re.ASCII)
_PLAIN = re.compile(r"[^\[\]{}()'\"\\$,=]+")
"""A value without anything that means more than itself in Hydra's grammar."""


@dataclass
class Words:
    """Parsed overrides, in order, and what was wrong with the others."""

    overrides: list[Override] = field(default_factory=list)
    errors: list[ConfigError] = field(default_factory=list)


def parse(words: Sequence[str], loader: ConfigLoader | None = None) -> Words:
    """Parses each word by itself, so that one bad word does not hide the next."""
    parsed, parser = Words(), OverridesParser.create(config_loader=loader)
    remaining = list(words)
    while remaining:
        word = _literal(remaining.pop(0))
        pieces = [word]
        while _is_open(" ".join(pieces)) and remaining:
            pieces.append(remaining.pop(0))
        if len(pieces) > 1 and not _is_open(" ".join(pieces)):
            parsed.errors.append(_mangled(pieces))
            continue
        remaining = pieces[1:] + remaining
        try:
            parsed.overrides.append(parser.parse_override(word))
        except HydraException as error:
            if text := _as_text(word, error):
                parsed.overrides.append(parser.parse_override(text))
            else:
                parsed.errors.append(_unreadable(word, error))
    return parsed


def _literal(word: str) -> str:
    """The word with its value quoted, if that is a regular expression that the shell has taken the quotes from."""
    key, _, value = word.partition("=")
    if key not in PATTERNS or value in ("", "null") or value[0] in "'\"":
        return word
    return f"{key}={QuotedString(value, Quote.single).with_quotes()}"


def _is_open(text: str) -> bool:
    """Whether a bracket, brace or parenthesis is still open."""
    return any(text.count(opening) > text.count(closing) for opening, closing in ("[]", "{}", "()"))


def _mangled(pieces: Sequence[str]) -> ConfigError:
    whole = " ".join(pieces)
    key, _, value = whole.partition("=")
    problem = f"the shell split this into {len(pieces)} words at its spaces"
    return ConfigError("config.shell", key, value, problem, next_step=f"quote it: {shlex.quote(whole)}")


def _as_text(word: str, error: HydraException) -> str | None:
    """The word with its value quoted, if all that is wrong are characters that Hydra's grammar lacks.

    Those are umlauts and other letters beyond ASCII, ``;`` and ``~``, and a lone ``"``; the shell leaves a home
    folder's ``~`` within a word as it is.
    """
    key, _, value = word.partition("=")
    value = str(Path(value).expanduser()) if value.startswith("~/") else value
    plain = _KEY.fullmatch(key) and (_PLAIN.fullmatch(value) or value == '"')
    return f"{key}='{value}'" if plain and "token recognition error" in str(error) else None


def _unreadable(word: str, error: HydraException) -> ConfigError:
    key, equals, value = word.partition("=")
    if not equals:
        problem = "is not of the form key=value"
        return ConfigError("config.not_an_override", word, None, problem, next_step="bakeoff list, bakeoff explain KEY")
    if value.strip() in ("choice()", "choice( )"):
        return empty_sweep(key, value)
    reason = str(error).split("\n")[0]
    step = f"if it is text, quote it: {quoted(key, value)}"
    return ConfigError("config.unreadable", key, value, reason, next_step=step)


def quoted(key: str, value: object) -> str:
    """What to type for a value to be text, whatever is in it."""
    return shlex.quote(f'{key}="{value}"')


def empty_sweep(key: str, value: str) -> ConfigError:
    """The error for a sweep over nothing."""
    return ConfigError("config.empty_sweep", key, value, "there is no value to try", next_step=f"{key}=VALUE1,VALUE2")


def sweep_size(override: Override) -> int:
    """How many values a discrete sweep tries, without listing them."""
    value = override.value()
    if isinstance(value, RangeSweep) and value.start is not None and value.stop is not None:
        return max(0, math.ceil((value.stop - value.start) / value.step)) if value.step else 0
    return len(list(override.sweep_string_iterator()))


def count_jobs(overrides: Sequence[Override]) -> int:
    """How many jobs the product of all sweeps has."""
    return math.prod(sweep_size(override) for override in overrides if override.is_sweep_override())


def choices(override: Override) -> list[str]:
    """The values to check of an override, as they would stand after the ``=``; both ends of a range or interval."""
    value = override.value()
    if isinstance(value, RangeSweep):
        return list(dict.fromkeys([str(value.start), *list(override.sweep_string_iterator())[-1:]]))
    if isinstance(value, IntervalSweep):
        return [str(value.start), str(value.end)]
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    iterator = override.sweep_string_iterator()
    return [text for text, _ in zip(iterator, range(MAX_CHECKED), strict=False)]


def jobs_to_check(overrides: Sequence[Override]) -> list[list[str]]:
    """Override lists that together show every choice: all combinations where they are few, else each choice once."""
    dimensions = [[_line(override, value) for value in choices(override)] for override in overrides]
    if math.prod(map(len, dimensions)) <= MAX_FULL:
        return [list(job) for job in product(*dimensions)]
    first = [lines[0] for lines in dimensions]
    jobs = [first]
    for index, lines in enumerate(dimensions):
        jobs += [[*first[:index], line, *first[index + 1 :]] for line in lines[1:]]
    return jobs[:MAX_CHECKED]


def _line(override: Override, value: str) -> str:
    if override.is_delete() and override.value() is None:
        return override.get_key_element()
    return f"{override.get_key_element()}={value}"
