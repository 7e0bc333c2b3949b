"""The contenders' configurations side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.record.contenders import Contender


@dataclass(frozen=True)
class Setting:
    """One key of the resolved configurations and its value for each contender; empty where it has none."""

    key: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether any two contenders differ in it."""
        return len(set(self.values)) > 1

    @property
    def is_odd(self) -> list[bool]:
        """For each contender, whether its value is not the one that most have."""
        (usual, times), *_ = Counter(self.values).most_common(1)
        return [value != usual or times == 1 for value in self.values]


def settings(contenders: Sequence[Contender]) -> list[Setting]:
    """The configurations side by side, key by key in dotted form, those that differ first."""
    flat = [flattened(contender.config) for contender in contenders]
    keys = sorted({key for config in flat for key in config})
    rows = [Setting(key, tuple(config.get(key, "") for config in flat)) for key in keys]
    return sorted(rows, key=lambda row: not row.differs)


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A nested mapping as dotted keys and printed values: ``{"optimizer.lr": "0.001"}``."""
    flat: dict[str, str] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{name}.")
        else:
            flat[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat
