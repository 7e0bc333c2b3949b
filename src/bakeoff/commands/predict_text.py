"""What a finished run says of new texts: their labels, their translation, or how they go on.

N texts, K classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.config import build
from bakeoff.data.text.prediction import NewTexts, TextSpec, load_texts, token_batches
from bakeoff.data.text.spec import LabelledTextSpec, TextPairSpec, TextStreamSpec
from bakeoff.data.text.tokenizers import Tokenizer, tokenizer_from
from bakeoff.errors import ConfigError, DataError
from bakeoff.tasks.language_modeling.generation import Sampling, continue_text
from bakeoff.tasks.language_modeling.network import LanguageModel, PretrainedLanguageModel
from bakeoff.training.trial.answering import predict
from bakeoff.training.trial.saved_run import SavedRun


@dataclass(frozen=True)
class _Batches:
    """Batches of inputs, and where each of their rows stands among the texts."""

    batches: list[Tensor]
    positions: NDArray[np.int64]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches)


def label_texts(saved: SavedRun, spec: LabelledTextSpec, config: Mapping[str, Any]) -> pd.DataFrame:
    """A row a text: its name and itself, the predicted class (or classes, above one half) and all probabilities."""
    found = _read(saved, spec, config)
    probabilities_NK = _responses(saved, spec, found, config)["probabilities"]
    if spec.multi_label:
        said = [
            "|".join(name for name, p in zip(spec.class_names, row, strict=True) if p > 0.5) for row in probabilities_NK
        ]
    else:
        said = [spec.class_names[index] for index in probabilities_NK.argmax(axis=1)]
    columns = {f"p({name})": probabilities_NK[:, index] for index, name in enumerate(spec.class_names)}
    answers = {"prediction": said, "confidence": probabilities_NK.max(axis=1)}
    return pd.DataFrame({"input": found.names, "text": found.texts, **answers, **columns})


def translate_texts(saved: SavedRun, spec: TextPairSpec, config: Mapping[str, Any]) -> pd.DataFrame:
    """A row a text: its name, itself and its translation."""
    found = _read(saved, spec, config)
    answers = _responses(saved, spec, found, config)["text"]
    return pd.DataFrame({"input": found.names, "source": found.texts, "translation": answers})


def continue_texts(saved: SavedRun, spec: TextStreamSpec, config: Mapping[str, Any]) -> pd.DataFrame:
    """A row a prompt: its name, itself and what follows it, printed token by token as it is drawn.

    Raises:
        ConfigError: the run counts or compresses, and draws nothing.
    """
    if saved.is_fitted:
        name = saved.result["model"]
        raise ConfigError("config.no_generator", "run", saved.folder, f"{name} scores text, but writes none")
    sampling: Sampling = build(config["sampling"], "sampling")
    found = _read(saved, spec, config)
    tokenizer, net = tokenizer_from(spec.tokenizer), saved.task().net
    assert isinstance(net, LanguageModel | PretrainedLanguageModel)
    rows = []
    for name, text in zip(found.names, found.texts, strict=True):
        drawn = continue_text(net, text, spec, num_tokens=int(config["num_tokens"]), sampling=sampling)
        print(text, end="", flush=True)
        rows.append({"input": name, "prompt": text, "continuation": _stream(drawn, tokenizer)})
    return pd.DataFrame(rows)


def _stream(tokens: Iterator[int], tokenizer: Tokenizer) -> str:
    """Prints a text as it grows; a token that ends within a character shows with the next."""
    drawn: list[int] = []
    shown = ""
    for token in tokens:
        drawn.append(token)
        text = tokenizer.decode(drawn)
        if not text.endswith("\ufffd"):
            sys.stdout.write(text[len(shown) :])
            sys.stdout.flush()
            shown = text
    print()
    return tokenizer.decode(drawn)


def _read(saved: SavedRun, spec: TextSpec, config: Mapping[str, Any]) -> NewTexts:
    """The texts, by default in the format of the files of training; UTF-8 is recognised, other encodings are not."""
    trained, source = saved.config["data"], config["input"]
    sep = config["sep"] or (None if source.lower().endswith(".tsv") else trained.get("sep"))
    encoding = config["encoding"] or "utf-8"
    try:
        found = load_texts(source, spec, column=config["column"], sep=sep, encoding=encoding)
    except DataError as error:
        if error.code != "data.encoding" or config["encoding"] or trained.get("encoding", encoding) == encoding:
            raise
        found = load_texts(source, spec, column=config["column"], sep=sep, encoding=trained["encoding"])
    if found.num_empty:
        print(f"{found.num_empty:,} rows without text were left out")
    return found


def _responses(saved: SavedRun, spec: TextSpec, found: NewTexts, config: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if saved.is_fitted:
        return saved.fitted().respond(found.texts)
    batches, positions = token_batches(found.texts, spec, batch_size=int(config["batch_size"]))
    return predict(saved.task(), _Batches(batches, positions), saved.settings)
