"""What data without files says of itself, by the contract of all data: it is opened, as for training."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from bakeoff.config import build
from bakeoff.data.contract import SPLITS, TaskData
from bakeoff.data.spec import ClassSpec
from bakeoff.data.survey import NUM_EXAMPLES, Survey

_LONGEST_LABEL = 60


def survey_opened(section: Mapping[str, Any]) -> Survey:
    """As `bakeoff.data.survey.survey`, for kinds that have no surveyor.

    Raises:
        DataError: whatever is wrong with the data.
    """
    data: TaskData = build(section["module"], "data.module", seed=0)
    data.prepare_data()
    data.setup()
    digests = [digest for split in SPLITS for digest in data.digests(split)] if data.copies_leak else []
    units = [unit for split in SPLITS for unit in data.units(split) or ()] if data.copies_leak else []
    shown = [int(row) for row in range(min(NUM_EXAMPLES, data.num_examples("train")))]
    labels = data.labels("train").slice(0, len(shown)).to_pylist()
    return Survey(
        columns=(),
        splits={split: data.num_examples(split) for split in SPLITS},
        given=() if "split" in section["module"] else SPLITS,
        classes=_classes(data),
        copies=len(digests) - len(set(digests)) if data.copies_leak else None,
        groups=len(set(units)) or None,
        notes=data.spec.notes,
        noun=data.noun,
        examples=tuple(
            (
                name,
                shorten(", ".join(map(str, label.values())), _LONGEST_LABEL, placeholder=" ..."),
                content if isinstance(content, str) else type(content).__name__,
            )
            for name, label, content in zip(data.examples("train"), labels, data.show("train", shown), strict=False)
        ),
    )


def _classes(data: TaskData) -> dict[str, dict[str, int]]:
    if not isinstance(data.spec, ClassSpec) or data.spec.multi_label:
        return {}
    counts = {split: collections.Counter(data.labels(split)["label"].to_pylist()) for split in SPLITS}
    return {
        name: {split: counts[split][number] for split in SPLITS} for number, name in enumerate(data.spec.class_names)
    }
