"""Checks a command line before Hydra sees it: every override, every choice of a sweep, and what they compose to."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from bakeoff.config import overrides as words
from bakeoff.config.composition import Composer, apply_overrides, unknown_option
from bakeoff.config.keys import KeyState, find_key, known_keys
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.validation import root_fields, validate
from bakeoff.errors import ConfigError, ErrorGroup

_FOLLOWING = {"config.missing_value": (), "config.data_misfit": ("task",), "config.model_misfit": ("task",)}
"""Errors that are not told where their own key or one of these was given, but refused: they only follow from that."""

_SEVERAL = ("experiment",)
"""Groups of which several files can be put together."""


class Checker:
    """Checks overrides against what a pipeline composes to.

    Args:
        composer: the trees in use.
        pipeline: the pipeline's name, as in `bakeoff.config.schema.PIPELINES`.
        config_name: the primary file; None is the pipeline's own.
        multirun: whether sweeps are meant.
        validating: False stops after composition (``--cfg``), so that an incomplete configuration can be looked at.
    """

    def __init__(
        self,
        composer: Composer,
        *,
        pipeline: str,
        config_name: str | None = None,
        multirun: bool = False,
        validating: bool = True,
    ) -> None:
        self.composer = composer
        self.pipeline = pipeline
        self.config_name = config_name or pipeline
        self.multirun = multirun
        self.validating = validating
        self.errors: list[ConfigError] = []
        self.root = root_fields(pipeline, composer.catalog)
        self.groups = composer.option_groups()
        self._bases: dict[tuple[str, ...], DictConfig | None] = {}
        self._new_keys: set[str] = set()

    def check(self, arguments: Sequence[str]) -> list[str]:
        """The overrides as Hydra should get them.

        A key that a constructor takes but no YAML file mentions becomes an addition (``++key``), so that nobody needs
        to know which of the two it is.

        Raises:
            ErrorGroup: everything that is wrong, one line an error.
        """
        parsed = words.parse(arguments, self.composer.loader)
        self.errors += parsed.errors
        overrides = [item for item in parsed.overrides if self._sweep_is_sound(item)]
        overrides = [item for item in overrides if not self._is_group(item) or self._option_exists(item)]
        sampled = any(item.key_or_group == "hydra/sweeper" for item in overrides)
        if self.multirun and not sampled:
            overrides = self._check_sweep(overrides, yes="yes=true" in (word.lower() for word in arguments))
        hydra = [str(item.input_line) for item in overrides if item.is_hydra_override()]
        for job in words.jobs_to_check([item for item in overrides if not item.is_hydra_override()]):
            self._check_job(job, hydra)
        if self.errors:
            refused = {error.key for error in self.errors if error.code not in _FOLLOWING}
            told = [error for error in self.errors if not _follows(error, refused)]
            raise ErrorGroup(list({error.line(): error for error in told}.values()))
        return [self._line(item) for item in overrides]

    def _sweep_is_sound(self, override: Override) -> bool:
        key, value = override.key_or_group, _text(override)
        if not override.is_sweep_override():
            empty = self.multirun and value == "" and not override.is_delete()
        elif not self.multirun:
            problem, step = "is several values for one run", f"-m to run each, or {key}=[{value}] for a list"
            if " " in value:
                step = f"if it is text, quote it: {words.quoted(key, value)}"
            self.errors.append(ConfigError("config.sweep_without_m", key, value, problem, next_step=step))
            return False
        else:
            empty = override.is_discrete_sweep() and words.sweep_size(override) == 0
        if empty:
            self.errors.append(words.empty_sweep(key, value))
        return not empty

    def _is_group(self, override: Override) -> bool:
        return override.key_or_group in self.groups and not override.is_delete()

    def _option_exists(self, override: Override) -> bool:
        group, value = override.key_or_group, override.value()
        options = self.composer.options(group)
        if isinstance(value, dict):
            problem = "takes the name of one of its files"
            self.errors.append(ConfigError("config.wrong_type", group, _text(override), problem, allowed=options))
            return False
        if isinstance(value, list) and group not in _SEVERAL:
            problem = "takes one of its files, and a list would mix them"
            step = f"-m {group}={','.join(map(str, value))} runs each"
            if group == "model" and "contenders" in self.root:
                step = f"contenders={_text(override)}"
            self.errors.append(ConfigError("config.wrong_type", group, _text(override), problem, next_step=step))
            return False
        chosen = [str(name) for name in value] if isinstance(value, list) else words.choices(override)
        wrong = [name for name in chosen if name not in (*options, "null")]
        self.errors += [unknown_option(group, name, options) for name in wrong]
        return not wrong

    def _check_sweep(self, overrides: list[Override], *, yes: bool) -> list[Override]:
        """The overrides that are worth checking one by one: none of a sweep that is far too large."""
        intervals = [item for item in overrides if item.is_interval_sweep()]
        for item in intervals:
            problem = "an interval has no list of values to run through"
            step = f"hydra/sweeper=optuna, or {item.key_or_group}=VALUE1,VALUE2"
            self.errors.append(
                ConfigError("config.sweep_kind", item.key_or_group, _text(item), problem, next_step=step)
            )
        count = words.count_jobs([item for item in overrides if item not in intervals])
        if count <= words.MAX_JOBS or yes:
            return overrides
        problem, step = f"the sweep expands to {count:,} jobs", "yes=true to run them all the same"
        allowed = f"{words.MAX_JOBS:,} jobs"
        self.errors.append(ConfigError("config.sweep_too_large", "-m", None, problem, allowed=allowed, next_step=step))
        return [item for item in overrides if not item.is_sweep_override()]

    def _check_job(self, job: list[str], hydra: list[str]) -> None:
        overrides = words.parse(job, self.composer.loader).overrides
        groups = [item for item in overrides if self._is_group(item)]
        base = self._base((*hydra, *(str(item.input_line) for item in groups)))
        if base is None:
            return
        sound = [item for item in overrides if item not in groups and self._key_is_sound(item, base)]
        cfg = copy.deepcopy(base)
        try:
            apply_overrides(cfg, [self._line(item) for item in sound])
        except ConfigError as error:
            self.errors.append(error)
            return
        if self.validating:
            self.errors += validate(cfg, self.pipeline, catalog=self.composer.catalog)

    def _base(self, groups: tuple[str, ...]) -> DictConfig | None:
        """What the groups alone compose to; None, and one error, when they don't."""
        if groups not in self._bases:
            self._bases[groups] = None
            try:
                self._bases[groups] = self.composer.compose(self.config_name, groups).cfg
            except ConfigError as error:
                self.errors.append(self._blame_pipeline(error))
        return self._bases[groups]

    def _blame_pipeline(self, error: ConfigError) -> ConfigError:
        """Says so when a group exists, but not in this pipeline."""
        if "No match in the defaults list" not in error.problem:
            return error
        group = error.problem.split("'")[1]
        allowed = nearest_keys(group, (name for name in self.groups if name in self.root)) or None
        problem = f"the {self.pipeline} pipeline has no {group}"
        return ConfigError("config.unknown_key", group, None, problem, allowed=allowed)

    def _key_is_sound(self, override: Override, base: DictConfig) -> bool:
        key, value = override.key_or_group, override.value()
        state = find_key(base, key, self.root)
        if state is KeyState.UNKNOWN:
            allowed = nearest_keys(key, [*known_keys(_raw(base)), *self.composer.catalog.groups()])
            self.errors.append(ConfigError("config.unknown_key", key, None, "there is no such key", allowed=allowed))
            return False
        if state is KeyState.SECTION and not override.is_delete() and not (value is None or isinstance(value, dict)):
            inner = [name for name in known_keys(_raw(base)) if name.rpartition(".")[0] == key]
            problem = "is a section with keys of its own, not a value"
            self.errors.append(ConfigError("config.wrong_type", key, _text(override), problem, allowed=inner))
            return False
        if state is KeyState.NEW or override.type in (OverrideType.ADD, OverrideType.FORCE_ADD):
            self._new_keys.add(key)
        return True

    def _line(self, override: Override) -> str:
        if override.key_or_group not in self._new_keys or self._is_group(override):
            return str(override.input_line)
        return f"{replace(override, type=OverrideType.FORCE_ADD).get_key_element()}={_text(override)}"


def _follows(error: ConfigError, refused: set[str]) -> bool:
    causes = _FOLLOWING.get(error.code)
    return causes is not None and not refused.isdisjoint({error.key, *causes})


def _raw(cfg: DictConfig) -> Any:
    return OmegaConf.to_container(cfg, resolve=False)


def _text(override: Override) -> str:
    """What stands after the first ``=``."""
    return str(override.input_line).partition("=")[2]
