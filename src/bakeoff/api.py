"""The bakeoff from Python: what ``bakeoff compare`` does, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bakeoff.commands.compare import run
from bakeoff.config.composition import Composer, use_trees
from bakeoff.config.validation import validate
from bakeoff.errors import ErrorGroup
from bakeoff.statistics import Verdict

Choice = str | Mapping[str, Any] | tuple[str, Mapping[str, Any]]
"""An option of a configuration group by name, changes of the default option's settings, or both."""


def compare(
    *,
    task: Choice = "image_classification",
    data: Choice | None = None,
    contenders: Sequence[str | Mapping[str, Any]] | None = None,
    seeds: int | Sequence[int] | None = None,
    output_dir: str | Path | None = None,
    config_dir: str | Path | None = None,
    **settings: Any,
) -> Verdict:
    """Plans, trains, opens the test and says who wins; writes the report into the bakeoff's folder.

    Args:
        task: the task family.
        data: ``"digits"``, or ``("image_folder", {"path": "flowers", "image_size": 64})``.
        contenders: names, or mappings with changes: ``{"model": "vit", "depth": 6}``; None takes the task's own.
        seeds: how many, or which; None: 5, or as many as the last of ``looks``.
        output_dir: the folder; None chooses one under ``outputs/compare``.
        config_dir: a folder with YAML files of your own.
        **settings: any other key of ``conf/compare.yaml``: a group as above (``budget={"value": 30_000}``,
            ``augment="light"``), or a value (``alpha=0.01``).

    Returns:
        The verdict: ``.verdict`` (the word), ``.winner``, ``.sentence``, ``.pairs``, ``.contenders``.

    Raises:
        BakeoffError: as the command; nothing is lost, and the same call goes on where it stopped.
    """
    composer = Composer(config_dir=Path(config_dir) if config_dir else None)
    given = {"task": task, "data": data, "contenders": contenders, "seeds": seeds, "output_dir": output_dir, **settings}
    given = {key: value for key, value in given.items() if value is not None}
    groups = set(composer.option_groups())
    chosen = {key: _split(value) for key, value in given.items() if key in groups}
    options = [f"{key}={option}" for key, (option, _) in chosen.items() if option]
    config = composer.compose("compare", options).cfg
    for key, (_, changes) in chosen.items():
        for name, value in changes.items():
            OmegaConf.update(config, f"{key}.{name}", value, merge=True)
    for key in given.keys() - chosen.keys():
        value = given[key]
        OmegaConf.update(
            config, key, str(value) if isinstance(value, Path) else value, merge=isinstance(value, Mapping)
        )
    use_trees(composer.folders)
    errors = validate(config, "compare", catalog=composer.catalog)
    if errors:
        raise ErrorGroup(errors)
    plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return run({str(key): value for key, value in plain.items()} | {"command": None}).verdict


def _split(choice: Choice) -> tuple[str | None, Mapping[str, Any]]:
    """The option's name, if any, and the changes of its settings."""
    if isinstance(choice, str):
        return choice, {}
    if isinstance(choice, Mapping):
        return None, choice
    return choice
