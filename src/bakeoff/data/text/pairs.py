"""Texts and their translations as a Lightning data module: what every trial of translation reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.buckets import BucketedPlan
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.checks import require_positive
from bakeoff.data.contract import LazyRows, Split
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.columns import PairColumns
from bakeoff.data.text.module import TextData, longest
from bakeoff.data.text.prepared import TextPreparation
from bakeoff.data.text.ragged import shifted
from bakeoff.data.text.spec import TextPairSpec
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_REFERENCES_TRIED = 256


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TextPairs(TextData[TextPairSpec], BatchedByLength[TextPairSpec]):
    """Source texts and target texts, tokenised and batched by length.

    One batch, ``batch_size=2``, with characters as tokens; ``^`` is START, ``$`` is END, ``.`` is padding (0)::

        source_BS      int64 (2, 4)    o n e $        six numbers to words:  show("train", [0]) == ["one => eins"]
                                       s i x $
        target_in_BT   int64 (2, 6)    ^ e i n s .    what the decoder is given
                                       ^ s e c h s
        target_out_BT  int64 (2, 6)    e i n s $ .    what it should say next
                                       s e c h s $

    Inputs are ``(source_BS, target_in_BT)``, targets ``target_out_BT``. The two sides have a vocabulary each, fitted on
    the rows that are not test (on train alone where the source gives a validation split).

    Args:
        tokenizer: what a token is, on both sides.
        max_length: tokens of a text that are used, on either side; the rest is cut off.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = TextPairSpec
    role = "source"
    noun = "pair"

    preparation_class = TextPreparation

    columns: PairColumns
    tokenizer: TokenizerRule
    max_length: Count = 256

    def __post_init__(self) -> None:
        require_positive(max_length=self.max_length)
        super().__post_init__()

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the vocabularies that a finished run was trained with."""
        assert isinstance(trained, TextPairSpec)
        limit = self._preparation.max_length
        self._tokenise_as(trained, max_length={"source": limit, "target": limit})

    def labels(self, split: Split) -> pa.Table:
        """The ``reference`` translation of each source, uncut."""
        texts = self._corpus.texts["target"]
        return table_of(reference=[texts.text(row) for row in self._split_rows(split)])

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """``source => reference``."""
        rows, texts = self._split_rows(split), self._corpus.texts
        return [f"{texts['source'].text(rows[index])} => {texts['target'].text(rows[index])}" for index in indices]

    def raw(self, split: Split) -> Sequence[str]:
        """The source texts, uncut."""
        rows, texts = self._split_rows(split), self._corpus.texts["source"]
        return LazyRows(len(rows), lambda indices: [texts.text(rows[index]) for index in indices])

    def padding_waste(self, epoch: int = 0) -> float:
        """The share of an epoch's training tokens, of both sides, that are padding."""
        plan = self._training_plan()
        plan.sampler.set_epoch(epoch)
        return 1 - self._real_tokens(plan) / sum(self._padded_tokens(plan))

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        sources, targets = (np.diff(self._tokens[role].offsets) for role in ("source", "target"))
        return sources if inputs_only else sources + targets

    def _inputs(self, split: Split, rows: Rows) -> Tensor:
        return torch.from_numpy(self._tokens["source"].padded(rows))

    def _batch(self, split: Split, rows: Rows) -> Batch:
        target_in_BT, target_out_BT = shifted(self._tokens["target"], rows, self._tokenizers["target"])
        return Batch((self._inputs(split, rows), target_in_BT), target_out_BT, len(rows))

    def _real_tokens(self, plan: BucketedPlan) -> int:
        rows = np.concatenate(plan.batches())
        return sum(int(tokens.lengths(rows).sum()) for tokens in self._tokens.values()) + len(rows)

    def _padded_tokens(self, plan: BucketedPlan) -> tuple[int, int]:
        """Tokens of an epoch's batches, padding and end tokens included: sources and targets."""
        source, target = self._tokens["source"], self._tokens["target"]
        batches = plan.batches()
        num_source = sum(longest(source.lengths(rows)) * len(rows) for rows in batches)
        num_target = sum((longest(target.lengths(rows)) + 1) * len(rows) for rows in batches)
        return num_source, num_target

    def _tokenizer_keys(self) -> dict[str, str]:
        return {"source": "source_tokenizer", "target": "target_tokenizer"}

    def _describe(self, common: dict[str, Any]) -> TextPairSpec:
        rows, source, target = self._rows["train"], self._tokenizers["source"], self._tokenizers["target"]
        plan = self._training_plan()
        typical = [max(1, round(count / plan.num_examples)) for count in self._padded_tokens(plan)]
        return TextPairSpec(
            **common | {"notes": (*common["notes"], *self._unreachable_notes())},
            source_tokenizer=source.to_dict(),
            target_tokenizer=target.to_dict(),
            source_vocab_size=source.vocab_size,
            target_vocab_size=target.vocab_size,
            max_source_length=longest(self._tokens["source"].lengths(rows)),
            max_target_length=longest(self._tokens["target"].lengths(rows)) + 1,
            typical_source_length=typical[0],
            typical_target_length=typical[1],
            source_column=self._corpus.column_of["source"],
            max_length=self._preparation.max_length,
        )

    def _unreachable_notes(self) -> list[str]:
        """How many references no answer can equal: their own tokens do not spell them."""
        tried = self._corpus.pool[:_REFERENCES_TRIED]
        lost = sum(not self._is_spelled("target", row) for row in tried)
        if not lost:
            return []
        kind = self._tokenizers["target"].kind
        return [
            f"{lost:,} of {len(tried):,} references are not what their tokens of kind {kind} spell "
            "(white space, unknown words, cut at data.max_length): no answer matches such a reference exactly."
        ]
