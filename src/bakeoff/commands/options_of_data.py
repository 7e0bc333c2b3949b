"""Which option of data reads a file or a folder, and with which settings."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bakeoff.config.allowlist import resolve
from bakeoff.config.catalog import Catalog
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.config.overrides import parse, quoted
from bakeoff.data.sources.source import ARCHIVES, Source, existing_path
from bakeoff.data.sources.table_file import SUFFIXES, table_suffix
from bakeoff.data.survey import Survey, survey, surveyor_class
from bakeoff.errors import BakeoffError, ConfigError, DataError

_ADVICE = re.compile(r"(data\.[\w.]+)=((\S+).*)")
_MOST_ADVICE = 6


@dataclasses.dataclass(frozen=True)
class Answer:
    """What was found, with which settings.

    Attributes:
        survey: of the data.
        words: the settings of a command, as typed.
        taken: why settings were added: the refusals without them.
    """

    survey: Survey
    words: tuple[str, ...]
    taken: tuple[str, ...]


def answer_for(composer: Composer, words: Sequence[str]) -> Answer:
    """What is found at a path, or of the data set that settings name.

    Raises:
        ConfigError: no option reads this.
        DataError: its source cannot be loaded, with any option.
    """
    paths = [word for word in words if "=" not in word]
    settings = [word for word in words if "=" in word]
    if len(paths) > 1 or (not paths and not any(word.startswith("data=") for word in settings)):
        problem, step = f"{len(paths)} paths are given", "give one file or folder, or data=NAME"
        raise ConfigError("config.bad_flag", "bakeoff data", None, problem, next_step=step)
    if not paths:
        return _surveyed(composer, settings)
    path = existing_path(paths[0], key="bakeoff data")
    options = _options_for(path, paths[0], composer.catalog, settings)
    first: BakeoffError | Answer | None = None
    for option in options:
        try:
            answer = _surveyed(composer, [*option, *settings])
        except BakeoffError as error:  # also settings that this option lacks, and another has
            first = first or error
            continue
        if answer.survey.refusal is None:
            return answer
        first = first if isinstance(first, Answer) else answer
    if isinstance(first, Answer):
        return first
    raise first or _unknown(path)


def _options_for(path: Path, given: str, catalog: Catalog, settings: Sequence[str]) -> list[list[str]]:
    """The settings with which each option of data reads the path, one kind of data after the other.

    Where a source is certain that the path is meant for it, no other one is asked.
    """
    asked = {key: value for key, _, value in (word.partition("=") for word in settings) if key in ("data", "task")}
    tasks: dict[Any, str] = {}
    for name in catalog.options("task"):  # of several that read the same data, the first
        tasks.setdefault(catalog.content("task", name).get("data_kind"), name)
    kind_of = {name: str(catalog.content("data", name).get("kind")) for name in catalog.options("data")}
    endings = [suffix[1:].lower() for suffix in path.suffixes]
    names = sorted(kind_of, key=lambda name: (kind_of[name], not any(e.startswith(name) for e in endings), name))
    found, tried = [], set()
    for name in names:
        source = catalog.content("data", name)["module"].get("source", {})
        key = _key_for(path, source)
        task = tasks.get(kind_of[name])
        if key is None or task is None or asked.get("data", name) != name or asked.get("task", task) != task:
            continue
        if (task, source["_target_"]) in tried:  # another option of the same reader reads nothing else
            continue
        tried.add((task, source["_target_"]))
        chosen = [f"task={task}"] * ("task" not in asked) + [f"data={name}"] * ("data" not in asked)
        found.append((_source_class(source), [*chosen, typed(key, given)]))
    certain = [option for made, option in found if made is not None and made.is_certain]
    return certain or [option for _, option in found]


def _source_class(source: Mapping[str, Any]) -> type[Source] | None:
    made = resolve(source["_target_"]) if "_target_" in source else None
    return made if isinstance(made, type) and issubclass(made, Source) else None


def _key_for(path: Path, source: Mapping[str, Any]) -> str | None:
    """The setting that names the path, of a section that makes a source."""
    made = _source_class(source)
    argument = made.argument_for(path) if made is not None else None
    reference = re.fullmatch(r"\$\{(data\.\w+)\}", str(source.get(argument))) if argument else None
    return reference[1] if reference else None


def _surveyed(composer: Composer, words: list[str]) -> Answer:
    """The survey with these settings, and with those that errors advise."""
    taken: list[str] = []
    advised: dict[str, str] = {}
    refusal: BakeoffError | None = None
    while True:
        current = [*(word for word in words if word.partition("=")[0] not in advised), *advised.values()]
        try:
            section = _section(composer, current)
        except BakeoffError:
            if refusal is None:
                raise
            raise refusal from None  # what it advises is no setting of this option
        found: Survey | None = None
        try:
            found = look(section)
            refusal = found.refusal
        except (ConfigError, DataError) as error:
            if isinstance(error, ConfigError) and _advice(error) is None:
                raise
            refusal = error
        advice = _advice(refusal) if refusal else None
        if advice is None or advice[0] in advised or len(taken) == _MOST_ADVICE:
            if found is None:
                assert refusal is not None
                raise refusal
            return Answer(found, tuple(current), tuple(taken))
        assert refusal is not None
        key, word = advice
        taken.append(f"{word}: without it, {refusal.problem}")
        advised[key] = word


def look(section: Mapping[str, Any]) -> Survey:
    """The survey of a resolved ``data`` section.

    Raises:
        DataError: its source cannot be loaded.
    """
    surveyor = surveyor_class(section)
    if surveyor is not None:
        return survey(section, surveyor)
    from bakeoff.data.opened_survey import survey_opened  # torch, which looking at files does without

    return survey_opened(section)


def _advice(refusal: BakeoffError) -> tuple[str, str] | None:
    """The setting, and the word that sets it, with which an error's advice begins; of a path the whole of it."""
    found = _ADVICE.match(refusal.next_step or "")
    if found is None:
        return None
    key, whole, first = found.groups()
    return key, typed(key, whole) if Path(whole).exists() else f"{key}={first}"


def _section(composer: Composer, words: list[str]) -> dict[str, Any]:
    """The data section that training would get."""
    sound = Checker(composer, pipeline="train").check(words)
    section = OmegaConf.to_container(composer.compose("train", sound).cfg.data, resolve=True)
    assert isinstance(section, dict)
    return {str(key): value for key, value in section.items()}


def typed(key: str, value: str) -> str:
    """A setting as one word of a command, quoted for Hydra where its grammar would read it otherwise."""
    word = f"{key}={value}"
    found = parse([word]).overrides
    if len(found) == 1 and not found[0].is_sweep_override() and found[0].value() == value:
        return word
    return shlex.split(quoted(key, value))[0]


def _unknown(path: Path) -> ConfigError:
    problem = f"nothing reads {path} as examples"
    allowed = "a table (.csv, .jsonl, .parquet, ...), a folder of images or of text files, a text file"
    step = "unpack it, and give the folder" if path.suffix.lower() in ARCHIVES else "bakeoff list data"
    if tables := sorted(file.name for file in path.glob("*") if table_suffix(file.name) in SUFFIXES):
        problem, step = f"{problem}; it holds tables", f"give one of them: {', '.join(tables[:5])}"
    return ConfigError("config.unknown_data", "bakeoff data", path.name, problem, allowed=allowed, next_step=step)
