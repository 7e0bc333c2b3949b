"""``predict``: a finished run on new files, or a language model on a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from bakeoff.commands.predict_text import continue_texts, label_texts, translate_texts
from bakeoff.data.image.prediction import load_images
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.text.spec import LabelledTextSpec, TextPairSpec, TextStreamSpec
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.files import atomic_writer
from bakeoff.training.trial.answering import predict
from bakeoff.training.trial.saved_run import SavedRun, load_run

WRITERS = {
    ".csv": lambda table, file: table.to_csv(file, index=False),
    ".parquet": lambda table, file: table.to_parquet(file, index=False),
    ".jsonl": lambda table, file: table.to_json(file, orient="records", lines=True),
}


def run(config: Mapping[str, Any]) -> pd.DataFrame:
    """Writes one row an input: a classifier's ``prediction``, ``confidence`` and ``p(<class>)``, or the text it writes.

    Raises:
        ConfigError: an output of another kind than .csv, .parquet or .jsonl.
        CheckpointError: not a run to trust.
        DataError: no inputs, or unreadable ones.
        EnvironmentFault: the output can't be written.
    """
    output = Path(config["output"])
    if output.suffix not in WRITERS:
        raise ConfigError("config.bad_value", "output", output, "unknown kind of table", allowed=WRITERS)
    saved = load_run(config["run"])
    table, noun = _answers(saved, config)
    try:
        with atomic_writer(output) as file:
            WRITERS[output.suffix](table, file)
    except OSError as error:
        problem = f"can't be written ({error.strerror})"
        raise EnvironmentFault("env.not_writable", "output", output, problem, next_step="output=FILE.csv") from error
    print(f"{len(table)} {noun} in {output}")
    return table


def _answers(saved: SavedRun, config: Mapping[str, Any]) -> tuple[pd.DataFrame, str]:
    """The table to write, shown as it comes, and what its rows are."""
    if isinstance(saved.spec, TextStreamSpec):
        return continue_texts(saved, saved.spec, config), "continuations"
    if isinstance(saved.spec, TextPairSpec):
        table = translate_texts(saved, saved.spec, config)
        print(table[["source", "translation"]].head(10).to_string(index=False))
        return table, "translations"
    if isinstance(saved.spec, LabelledTextSpec):
        table = label_texts(saved, saved.spec, config)
        print(table[["text", "prediction", "confidence"]].head(10).to_string(index=False))
    else:
        table = _label_images(saved, config)
        print(table[["file", "prediction", "confidence"]].head(10).to_string(index=False))
    return table, "predictions"


def _label_images(saved: SavedRun, config: Mapping[str, Any]) -> pd.DataFrame:
    assert isinstance(saved.spec, ImageSpec)
    images_NCHW, names = load_images(config["input"], saved.spec, column=config["column"], on_bad=config["on_bad"])
    batches = torch.split(images_NCHW, int(config["batch_size"]))
    probabilities_NK = predict(saved.task(), batches, saved.settings)["probabilities"]
    best = probabilities_NK.argmax(axis=1)
    class_names = saved.spec.class_names
    columns = {f"p({name})": probabilities_NK[:, index] for index, name in enumerate(class_names)}
    answers = {"prediction": [class_names[index] for index in best], "confidence": probabilities_NK.max(axis=1)}
    return pd.DataFrame({"file": names, **answers, **columns})
