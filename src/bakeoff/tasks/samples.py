"""Examples with what they should be answered with: a look at data before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.data.contract import Cases
from bakeoff.data.spec import ClassSpec, Spec
from bakeoff.tasks.exhibits import Exhibit, PictureExhibit, TextExhibit


def sampled(cases: Cases, spec: Spec) -> list[Exhibit]:
    """A picture or a text for each example, with its label in words."""
    names = spec.class_names if isinstance(spec, ClassSpec) else ()
    rows = zip(cases.names, cases.raw if cases.shown is None else cases.shown, cases.labels.to_pylist(), strict=True)
    return [_sample(name, raw, label_in_words(label, names)) for name, raw, label in rows]


def _sample(name: str, raw: Any, label: str) -> Exhibit:
    if isinstance(raw, np.ndarray) and raw.ndim == 3:
        return PictureExhibit(title=name, pixels_HWC=raw, caption=label)
    return TextExhibit(title=name, input=str(raw), output=label)


def label_in_words(label: Mapping[str, Any], names: Sequence[str]) -> str:
    """Classes by name, several parted by ``|``; anything else as it is."""
    value = label.get("label")
    if names and isinstance(value, int):
        return names[value]
    if names and isinstance(value, list):
        return "|".join(name for name, has in zip(names, value, strict=True) if has)
    return ", ".join(str(value) for value in label.values())
