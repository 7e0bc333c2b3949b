"""Metrics, parameters and tags in the form and the portions that MLflow takes."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from bakeoff.tracking.secrets import mask_text, mask_value

LARGEST_BATCH = 700
"""Metrics in one call; MLflow takes 1,000 metrics, parameters and tags together, in a megabyte."""
LARGEST_PAIRS = 100
"""Parameters, and tags, in one call."""
LONGEST_PARAM = 500
"""Characters; longer values are left to the configuration artifact instead of being cut in silence."""
LONGEST_TAG = 5000
LONGEST_NAME = 250

Entry = tuple[str, float, int, int]
"""Name, value, time in Unix milliseconds, step."""


@dataclass
class Portion:
    """What goes out in one call."""

    metrics: list[Metric] = field(default_factory=list)
    params: list[Param] = field(default_factory=list)
    tags: list[RunTag] = field(default_factory=list)


def batches(
    metrics: Iterable[Entry] = (), params: Mapping[str, Any] | None = None, tags: Mapping[str, str] | None = None
) -> Iterator[Portion]:
    """As few batches as possible; parameters that are too long, and numbers that are not finite, are left out."""
    sent = [
        Metric(tracker_name(name), value, time, step) for name, value, time, step in metrics if math.isfinite(value)
    ]
    values = {name: mask_value(name, value) for name, value in (params or {}).items()}
    pairs = [Param(tracker_name(name), value) for name, value in values.items() if len(value) <= LONGEST_PARAM]
    labels = [RunTag(name, mask_text(str(value))[:LONGEST_TAG]) for name, value in (tags or {}).items()]
    while sent or pairs or labels:
        yield Portion(sent[:LARGEST_BATCH], pairs[:LARGEST_PAIRS], labels[:LARGEST_PAIRS])
        sent, pairs, labels = sent[LARGEST_BATCH:], pairs[LARGEST_PAIRS:], labels[LARGEST_PAIRS:]


def tracker_name(name: str) -> str:
    """A name that every tracker takes, different for different names: ``hr@10`` is ``hr_at_10``.

    Any other change adds four digits of a hash, so that no two metrics end up as one.
    """
    plain = name.replace("@", "_at_")
    allowed = re.sub(r"[^A-Za-z0-9_./ -]", "_", plain)
    allowed = re.sub(r"/{2,}", "/", allowed).strip("/")
    if allowed == plain and len(allowed) <= LONGEST_NAME and not re.search(r"(^|/)\.{0,2}(/|$)", allowed):
        return allowed
    digest = hashlib.sha256(name.encode()).hexdigest()[:4]
    return f"{re.sub(r'(^|/)[.]+(?=/|$)', r'_', allowed)[: LONGEST_NAME - 5]}_{digest}"


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"optimizer.lr": 0.003, ...}``; lists stay whole."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat
