"""What contenders did with a few test inputs, from ``illustrations.json``: their words, and where they looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from bakeoff.report.figures.attention import attention_figure

_LONGEST_MAP = 60


@dataclass(frozen=True)
class Illustration:
    """One contender's answer to one input; ``figure`` is where it looked, or ``None``."""

    name: str
    input: str
    output: str
    figure: Markup | None


def illustrations_context(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """The section's cards, contender by contender."""
    every = [(name, entry) for name, entries in found.items() for entry in entries]
    cards = [
        Illustration(name, str(entry["input"]), str(entry["output"]), _figure(name, number, entry))
        for number, (name, entry) in enumerate(every)
    ]
    return {"illustrations": cards}


def _figure(name: str, number: int, entry: Mapping[str, Any]) -> Markup | None:
    if entry["kind"] != "attention" or max(len(entry["rows"]), len(entry["columns"])) > _LONGEST_MAP:
        return None
    label = f"What {name} looked at in the source for each token of its answer {entry['output']}."
    weights_LS = np.asarray(entry["weights"], dtype=float)
    return attention_figure(entry["rows"], entry["columns"], weights_LS, name=f"attention-{number}", label=label)
