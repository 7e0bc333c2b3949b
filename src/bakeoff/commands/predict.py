"""``predict``: a finished run on new files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from bakeoff.data.prediction import load_images
from bakeoff.errors import ConfigError
from bakeoff.files import atomic_writer
from bakeoff.training.saved_run import load_run
from bakeoff.training.trial import predict

WRITERS = {
    ".csv": lambda table, file: table.to_csv(file, index=False),
    ".parquet": lambda table, file: table.to_parquet(file, index=False),
    ".jsonl": lambda table, file: table.to_json(file, orient="records", lines=True),
}


def run(config: Mapping[str, Any]) -> pd.DataFrame:
    """Writes one row a file: ``file``, ``prediction``, ``confidence``, and ``p(<class>)`` for every class.

    Raises:
        ConfigError: an output of another kind than .csv, .parquet or .jsonl.
        CheckpointError: not a run to trust.
        DataError: no images, or unreadable ones.
    """
    output = Path(config["output"])
    if output.suffix not in WRITERS:
        raise ConfigError("config.bad_value", "output", output, "unknown kind of table", allowed=WRITERS)
    saved = load_run(config["run"])
    images_NCHW, names = load_images(config["input"], saved.spec, column=config["column"], on_bad=config["on_bad"])
    batches = torch.split(images_NCHW, int(config["batch_size"]))
    probabilities_NK = predict(saved.task(), batches, saved.settings)["probabilities"]
    table = prediction_table(names, probabilities_NK, saved.spec.class_names)
    with atomic_writer(output) as file:
        WRITERS[output.suffix](table, file)
    print(table[["file", "prediction", "confidence"]].head(10).to_string(index=False))
    print(f"{len(table)} predictions in {output}")
    return table


def prediction_table(names: list[str], probabilities_NK: Any, class_names: tuple[str, ...]) -> pd.DataFrame:
    """The table that is written, in the order of the files."""
    best = probabilities_NK.argmax(axis=1)
    columns = {f"p({name})": probabilities_NK[:, index] for index, name in enumerate(class_names)}
    answers = {"prediction": [class_names[index] for index in best], "confidence": probabilities_NK.max(axis=1)}
    return pd.DataFrame({"file": names, **answers, **columns})
