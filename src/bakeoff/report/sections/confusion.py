"""What is taken for what: each contender's confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.report.analysis.confusions import Errors
from bakeoff.report.pictures import heat_uri

_NUM_CONFUSIONS = 5
_LARGEST_TABLE = 20
_LARGEST_HEAT = 400
_HEAT_COLOUR = (140, 95, 180)


def confusion_context(errors: Mapping[str, Errors], class_names: Sequence[str], *, first: str | None) -> dict[str, Any]:
    """A matrix a contender, that of ``first`` before the others."""
    order = sorted(errors, key=lambda name: name != first)
    return {"confusions": [_view(name, errors[name], class_names) for name in order], "class_names": class_names}


def _view(name: str, errors: Errors, class_names: Sequence[str]) -> dict[str, Any]:
    """Shares of each true class by predicted class, as a table where classes are few and a picture where many."""
    shares = errors.confusion / np.maximum(errors.confusion.sum(1, keepdims=True), 1)
    is_table = len(class_names) <= _LARGEST_TABLE
    is_heat = not is_table and len(class_names) <= _LARGEST_HEAT
    return {
        "name": name,
        "num_seeds": errors.num_seeds,
        "shares": shares.tolist() if is_table else [],
        "heat": heat_uri(shares, colour=_HEAT_COLOUR) if is_heat else None,
        "top": [(class_names[t], class_names[p], n) for t, p, n in errors.most_confused(count=_NUM_CONFUSIONS)],
    }
