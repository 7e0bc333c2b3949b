"""Configuration: where it is, what it may say, and the one way from it to objects."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bakeoff.config.allowlist import allow as allow
    from bakeoff.config.allowlist import resolve as resolve
    from bakeoff.config.building import build as build
    from bakeoff.config.composition import compose_section as compose_section
    from bakeoff.config.locate import conf_dir as conf_dir

_HOMES = {
    "allow": "allowlist",
    "resolve": "allowlist",
    "build": "building",
    "compose_section": "composition",
    "conf_dir": "locate",
}


def __getattr__(name: str) -> Any:
    """Each where it lives: Hydra is not for the process that tracks, nor for those that start trials."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
