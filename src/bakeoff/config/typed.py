"""Values against the types that the arguments they are given to are annotated with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bakeoff.config.annotations import choices, holds_nonfinite, is_list, mismatch, names_folder, outside
from bakeoff.config.overrides import quoted
from bakeoff.config.signatures import Parameter, Signature
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.tree import UNRESOLVED
from bakeoff.errors import ConfigError

INSTEAD = {
    "seed": "seed=0",
    "optimizer.lr": "optimizer.lr=1e-3",
    "trainer.max_epochs": "to score a finished run without training, use bakeoff evaluate run=FOLDER",
}
"""What to do where a number is out of range, by its key."""


def type_errors(
    node: dict[str, Any], key: str, declared: Signature, *, explained: str | None = None
) -> list[ConfigError]:
    """The values of a section that are of no type that its constructor, or schema, takes.

    Args:
        node: the section.
        key: its dotted key.
        declared: what it is given to.
        explained: what ``bakeoff explain`` has to say of an argument, by its name for ``{}``; None: by its key.
    """
    errors = []
    for name, value in node.items():
        full, parameter = f"{key}.{name}".lstrip("."), declared.get(name)
        if parameter and (
            error := _type_error(full, value, parameter, (explained or f"{key}.{{}}".lstrip(".")).format(name))
        ):
            errors.append(error)
    return errors


def _type_error(key: str, value: Any, parameter: Parameter, explained: str) -> ConfigError | None:
    if parameter.annotation is None or _has_unresolved(value) or (isinstance(value, dict) and "_target_" in value):
        return None
    problem = mismatch(value, parameter.annotation)
    if problem:
        names = [str(name) for name in choices(parameter.annotation)]
        problem = "is none of its values" if names and isinstance(value, str) else problem
        allowed = nearest_keys(str(value), names, count=len(names)) or None
        is_text = not isinstance(value, dict | list) and not names and not mismatch(str(value), parameter.annotation)
        step = f"if it is text, quote it: {quoted(key, value)}" if is_text else f"bakeoff explain {explained}"
        return ConfigError("config.wrong_type", key, value, problem, allowed=allowed, next_step=step)
    if holds_nonfinite(value) and not any(text in (parameter.default or "") for text in ("inf", "nan")):
        return ConfigError(
            "config.out_of_range", key, value, "is no finite number", next_step=f"bakeoff explain {explained}"
        )
    if names_folder(parameter.ranges or "") and isinstance(value, str) and not Path(value).expanduser().is_dir():
        problem, step = f"there is no folder {Path(value).expanduser().absolute()}", f"train it first, or {key}=null"
        return ConfigError("config.no_run", key, value, problem, next_step=step)
    if parameter.ranges and (inside := outside(value, parameter.ranges)):
        step = INSTEAD.get(key, f"bakeoff explain {explained}")
        return ConfigError("config.out_of_range", key, value, "is out of range", allowed=inside, next_step=step)
    if value == [] and is_list(parameter.annotation) and parameter.default not in ("()", "[]"):
        return ConfigError("config.empty_list", key, "[]", "needs at least one entry", next_step=f"{key}=[...]")
    return None


def _has_unresolved(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(_has_unresolved(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is UNRESOLVED
