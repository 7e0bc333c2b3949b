"""Refusals of settings that no data can have."""

from __future__ import annotations

from bakeoff.errors import ConfigError


def require_positive(**settings: int) -> None:
    """Counts are at least 1.

    Raises:
        ConfigError: one is not.
    """
    for name, value in settings.items():
        if value < 1:
            problem = "must be at least 1"
            raise ConfigError("config.out_of_range", f"data.{name}", value, problem, allowed="1, 2, 3, ...")


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """A setting is one of those allowed.

    Raises:
        ConfigError: it is not.
    """
    if value not in allowed:
        raise ConfigError("config.unknown_choice", f"data.{name}", value, "is not one of them", allowed=allowed)
