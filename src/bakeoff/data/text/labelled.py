"""Labelled texts as a Lightning data module: what every trial of text classification reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.batches.order import SAMPLERS, Sampler
from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.contract import Inputs, NewExamples, Split
from bakeoff.data.labels import OnMissing, OnRare
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.columns import LabelledColumns
from bakeoff.data.text.module import TextData
from bakeoff.data.text.prediction import token_batches
from bakeoff.data.text.prepared import TextPreparation
from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.typos import CORRUPTIONS, with_typos
from bakeoff.errors import ConfigError, DataError
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_EVALUATION_ROWS = 256


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class LabelledTexts(TextData[LabelledTextSpec], BatchedByLength[LabelledTextSpec]):
    """Texts with one label each, or any number of labels, tokenised and batched by length.

    One batch of tweets, ``batch_size=2``, with words as tokens::

        tokens_BT  int64 (2, 4)    [[ 17, 204,   9,   5],      "love this phone !"
                                    [311,  12,   0,   0]]      "meh ."   and padding
        labels_B   int64 (2,)      [2, 1]                      spec.class_names[2] == "positive"

    With several labels a text, the targets are ``targets_BK``, float32, 1 where text and label belong together.

    Tokens are made once, into a cache that all trials share. The vocabulary is fitted on the rows that are not test
    (on train alone where the source gives a validation split), so that all trials have the same.

    Args:
        tokenizer: what a token is.
        max_length: tokens of a text that are used; the rest is cut off.
        on_missing: what becomes of rows without a label: ``error``, or ``drop`` them, with a note.
        on_rare: what becomes of classes with a single row: ``error`` where splits are drawn by class, ``drop`` them, or
            make them one class, ``other``.
        sampler: an epoch of training is all texts, ``shuffled``, or as many ``balanced``: of each class equally many.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = LabelledTextSpec
    corruptions = CORRUPTIONS
    role = "text"

    preparation_class = TextPreparation

    columns: LabelledColumns
    tokenizer: TokenizerRule
    max_length: Count = 256
    on_missing: OnMissing = "error"
    on_rare: OnRare = "error"
    sampler: Sampler = "shuffled"

    def __post_init__(self) -> None:
        require_positive(max_length=self.max_length)
        require_choice("sampler", self.sampler, SAMPLERS)
        super().__post_init__()

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the vocabulary that a finished run was trained with.

        Raises:
            DataError: other classes.
        """
        assert isinstance(trained, LabelledTextSpec)
        own = self.spec
        if (trained.class_names, trained.multi_label) != (own.class_names, own.multi_label):
            problem = f"its classes are {', '.join(own.class_names[:5])}, {_labels_a_text(own.multi_label)}"
            allowed = f"{', '.join(trained.class_names[:20])}, {_labels_a_text(trained.multi_label)}"
            raise DataError("data.other_classes", "data", self.name, problem, allowed=allowed)
        self.max_length = trained.max_length
        self._tokenise_as(trained, max_length={"text": trained.max_length})

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """With typos, tokenised as ever."""
        texts = with_typos(self.show(split, range(self.num_examples(split))), CORRUPTIONS[name].amount(severity))
        loader = Inputs(*token_batches(texts, self.spec, batch_size=max(self.batch_size, _EVALUATION_ROWS)))
        return NewExamples({"input": self.examples(split)}, texts, loader)

    def labels(self, split: Split) -> pa.Table:
        """``label`` of each text: int64, or K of 0 and 1 where it may have several."""
        return table_of(label=self._corpus.labels[self._split_rows(split)])

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        return np.diff(self._tokens["text"].offsets)

    def _classes_to_balance(self, rows: Rows) -> NDArray[np.int64] | None:
        """Of these rows, where they are to be drawn by class.

        Raises:
            ConfigError: texts with any number of labels have no one class.
        """
        if self.sampler != "balanced":
            return None
        if self._corpus.multi_label:
            problem = "texts with several labels have no one class to be drawn by"
            step = "task.module.class_weights=balanced"
            raise ConfigError("config.contradiction", "data.sampler", self.sampler, problem, next_step=step)
        found: NDArray[np.int64] = self._corpus.labels[rows]
        return found

    def _inputs(self, split: Split, rows: Rows) -> Tensor:
        return torch.from_numpy(self._tokens["text"].padded(rows))

    def _batch(self, split: Split, rows: Rows) -> Batch:
        targets = torch.from_numpy(self._corpus.labels[rows])
        targets = targets.to(torch.float32) if self._corpus.multi_label else targets
        return Batch(self._inputs(split, rows), targets, len(rows))

    def _tokenizer_keys(self) -> dict[str, str]:
        return {"text": "tokenizer"}

    def _describe(self, common: dict[str, Any]) -> LabelledTextSpec:
        corpus, tokenizer = self._corpus, self._tokenizers["text"]
        lengths = self._tokens["text"].lengths(self._rows["train"])
        return LabelledTextSpec(
            **common,
            tokenizer=tokenizer.to_dict(),
            vocab_size=tokenizer.vocab_size,
            **corpus.class_facts(self._rows["train"]),
            multi_label=corpus.multi_label,
            max_length=self.max_length,
            typical_length=max(1, round(lengths.mean() / (1 - self.padding_waste()))),
            text_column=corpus.column_of["text"],
        )


def _labels_a_text(multi_label: bool) -> str:
    return "any number a text" if multi_label else "one a text"
