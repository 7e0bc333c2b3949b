"""Plain text as a Lightning data module: what every trial of language modelling reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.checks import require_positive
from bakeoff.data.contract import Split
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.columns import DocumentColumns
from bakeoff.data.text.module import TextData
from bakeoff.data.text.prepared import TextPreparation
from bakeoff.data.text.spec import TextStreamSpec
from bakeoff.data.text.streams import StreamPlan, num_targets
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_EVALUATION_STREAMS = 64  # apart from batch_size, so that scores do not depend on it
_SUBSET_STREAM = 6
_DOCUMENTS_TRIED = 16
_LONGEST_CHARACTER = 4  # bytes of UTF-8; a block holds whole ones


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TextStream(TextData[TextStreamSpec]):
    """Documents joined to long streams of tokens, to predict each token from those before it.

    Two batches of training, ``batch_size=2`` and ``sequence_length=4``, on the documents "abcdef" and "uvw"; ``^`` is
    the START token that opens each document::

        stream          ^ a b c d e f ^ u v w         cut in two rows, ^ a b c ... and d e f ^ ...

        tokens_BT   int64 (2, 4)    ^ a b c     targets_BT   int64 (2, 4)    a b c d
                                    e f ^ u                                  f 0 u v

    Targets are the tokens that follow. 0 (PAD) is not scored: START is given, and never asked for. Row ``b`` of a batch
    continues row ``b`` of the batch before it, so that a recurrent network can carry its state along.

    Documents are split as wholes. One document alone is cut into blocks, of which the last are test and those before
    them validation. Validation and prediction score each token of each document once, in pieces of half the
    ``sequence_length``: a model without a state sees the piece before as context.

    Args:
        tokenizer: what a token is; one without unknown tokens makes bits per byte comparable.
        sequence_length: tokens of a training piece, as far as gradients reach back.
        batch_size: streams side by side, that is, pieces an optimizer step.
        block_bytes: bytes of a block, where there is one document only.
        max_eval_documents: so many documents of validation and of test are used, drawn once and for all; null: all.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = TextStreamSpec
    role = "prompt"
    noun = "document"

    preparation_class = TextPreparation

    columns: DocumentColumns
    tokenizer: TokenizerRule
    sequence_length: Count = 128
    batch_size: Count = 32
    block_bytes: Count = 4096
    max_eval_documents: Count | None = None

    def __post_init__(self) -> None:
        require_positive(max_eval_documents=self.max_eval_documents or 1)
        if self.block_bytes < _LONGEST_CHARACTER:
            problem = "is less than a character may have"
            allowed = f"{_LONGEST_CHARACTER} or more bytes"
            raise ConfigError("config.out_of_range", "data.block_bytes", self.block_bytes, problem, allowed=allowed)
        if self.sequence_length < 2:
            problem, allowed, length = "leaves no half for context", "2 or more tokens", self.sequence_length
            raise ConfigError("config.out_of_range", "data.sequence_length", length, problem, allowed=allowed)
        super().__post_init__()

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the vocabulary that a finished run was trained with."""
        assert isinstance(trained, TextStreamSpec)
        self._tokenise_as(trained, max_length={"text": None})

    def train_dataloader(self) -> MadeLoader:
        """``(tokens_BT, targets_BT)``, documents in the order of ``(seed, epoch)``."""
        return MadeLoader(self._training_plan(), _without_documents, chunk=self.chunk)

    def val_dataloader(self) -> MadeLoader:
        """``(tokens_BT, targets_BT)`` in a fixed order, every token once; T is half the sequence length."""
        return MadeLoader(self._evaluation_plan("val"), _without_documents)

    def predict_dataloader(self, split: Split = "test") -> MadeLoader:
        """``(tokens_BT, targets_BT, documents_BT)``: with each target's document in the order of ``labels(split)``."""
        return MadeLoader(self._evaluation_plan(split), _with_documents)

    def labels(self, split: Split) -> pa.Table:
        """UTF-8 ``bytes`` of each document: what bits per byte divide by."""
        return table_of(bytes=self._corpus.texts["text"].lengths(self._split_rows(split)))

    def _training_plan(self) -> StreamPlan:
        sampler, tokens = EpochSampler(self._split_rows("train"), seed=self.seed), self._tokens["text"]
        start, size, length = self._tokenizers["text"].start, self.batch_size, self.sequence_length
        plan = StreamPlan.training(tokens, sampler, start=start, batch_size=size, sequence_length=length)
        if not len(plan):
            found = num_targets(tokens, sampler.rows) + 1
            problem = f"{size} streams of {length} tokens exceed the {found:,} tokens of train: 0 steps"
            next_step = "a smaller data.batch_size or data.sequence_length, or more text"
            raise DataError("data.too_few_rows", "data.batch_size", size, problem, next_step=next_step)
        return plan

    def _evaluation_plan(self, split: Split) -> StreamPlan:
        rows, tokens = self._split_rows(split), self._tokens["text"]
        start, piece = self._tokenizers["text"].start, self.sequence_length // 2
        return StreamPlan.evaluation(tokens, rows, start=start, num_streams=_EVALUATION_STREAMS, piece=piece)

    def _draw(self) -> dict[str, Rows]:
        rows, count = super()._draw(), self.max_eval_documents
        if count is None:
            return rows
        return {"train": rows["train"]} | {part: self._some(rows[part], count) for part in ("val", "test")}

    def _some(self, rows: Rows, count: int) -> Rows:
        rng = np.random.default_rng([self._preparation.split.seed, _SUBSET_STREAM])
        return np.sort(rng.permutation(rows)[:count])

    def _tokenizer_keys(self) -> dict[str, str]:
        return {"text": "tokenizer"}

    def _describe(self, common: dict[str, Any]) -> TextStreamSpec:
        tokenizer, train = self._tokenizers["text"], self._rows["train"]
        num_bytes = int(self._corpus.texts["text"].lengths(train).sum())
        common |= {"num_train": self._training_plan().num_examples, "notes": (*common["notes"], *self._loss_notes())}
        return TextStreamSpec(
            **common,
            tokenizer=tokenizer.to_dict(),
            vocab_size=tokenizer.vocab_size,
            sequence_length=self.sequence_length,
            bytes_per_token=num_bytes / int(self._tokens["text"].lengths(train).sum()),
        )

    def _loss_notes(self) -> list[str]:
        """Whether tokens leave out some of the text; an unknown character is paid for, and bytes leave out nothing."""
        kind = self._tokenizers["text"].kind
        if kind not in ("word", "pretrained"):
            return []
        if kind == "pretrained" and all(self._is_spelled("text", row) for row in self._corpus.pool[:_DOCUMENTS_TRIED]):
            return []
        return [
            f"Tokens of kind {kind} leave out some of the text (white space, letters of unknown words), which costs "
            "no bits: bits per byte are too low to be compared with other tokenizers or with the baselines."
        ]


def _with_documents(piece: tuple[Any, Any, Any]) -> tuple[Tensor, Tensor, Tensor]:
    tokens_BT, targets_BT, documents_BT = map(torch.from_numpy, piece)
    return tokens_BT, targets_BT, documents_BT


def _without_documents(piece: tuple[Any, Any, Any]) -> Batch:
    tokens_BT, targets_BT, _ = _with_documents(piece)
    return Batch(tokens_BT, targets_BT, len(tokens_BT))
