"""What a setting may be searched over: a range, or choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.config.annotations import holds_nonfinite, mismatch
from bakeoff.errors import ConfigError

FORMATS = "{low, high, scale: log or linear}, {choices}"


def range_error(key: str, space: Any) -> ConfigError | None:
    """Why ``space`` is nothing to search over; None where it is.

    Args:
        key: what to blame.
        space: ``{low, high, scale}`` or ``{choices}``.
    """
    if not isinstance(space, Mapping):
        return ConfigError("config.bad_value", key, space, "is no range", allowed=FORMATS)
    if isinstance(space.get("choices"), list | tuple) and space["choices"]:
        return None
    low, high = space.get("low"), space.get("high")
    if any(mismatch(end, "float") or holds_nonfinite(end) for end in (low, high)):
        return ConfigError("config.bad_value", key, dict(space), "is no range", allowed=FORMATS)
    if not low < high:  # type: ignore[operator]  # both are numbers, by the line above
        return ConfigError("config.bad_value", key, f"{low} to {high}", "is no range, as it does not rise")
    if space.get("scale") == "log" and low <= 0:  # type: ignore[operator]
        return ConfigError("config.bad_value", key, low, "a logarithmic range starts above 0")
    return None
