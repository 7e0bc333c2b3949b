"""What text data is: vocabulary, classes and lengths, read off the train split.

B batch, T tokens of a text (or of the source), K classes, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bakeoff.data.spec import ClassSpec, Spec

PAD, UNKNOWN, START, END = range(4)
"""The first tokens of every vocabulary. Padding is what stands after the end of the shorter texts of a batch."""
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")


def meaningless_tokens(batch_size: int, length: int) -> Tensor:
    """Real tokens, none of them padding, shape ``(B, length)``."""
    return torch.full((batch_size, length), END, dtype=torch.int64)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledTextSpec(ClassSpec):
    """Texts with one label, or any number of labels, each.

    ``tokenizer`` is what `bakeoff.data.text.tokenizers.tokenizer_from` makes the tokenizer of. ``typical_length`` is
    the mean number of tokens of a train text as batches hold them (cut at ``max_length``, padding included).
    ``text_column`` is what the column was called, so that it is found in a table of new texts.
    """

    kind = "labelled_text"
    length_fields = ("max_length", "typical_length")

    tokenizer: Mapping[str, Any]
    vocab_size: int
    max_length: int
    typical_length: int
    text_column: str = "text"

    def example_inputs(self, batch_size: int) -> Tensor:
        """Tokens, shape ``(B, typical_length)``."""
        return meaningless_tokens(batch_size, self.typical_length)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextStreamSpec(Spec):
    """Documents read as one stream, cut into pieces of ``sequence_length`` tokens.

    ``num_train`` counts the pieces of an epoch, ``num_val`` and ``num_test`` documents. ``bytes_per_token`` is that of
    the train text, in UTF-8.
    """

    kind = "text_stream"
    length_fields = ("sequence_length",)

    tokenizer: Mapping[str, Any]
    vocab_size: int
    sequence_length: int
    bytes_per_token: float

    def example_inputs(self, batch_size: int) -> Tensor:
        """Tokens, shape ``(B, sequence_length)``."""
        return meaningless_tokens(batch_size, self.sequence_length)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextPairSpec(Spec):
    """Texts and their translations; lengths in tokens, the end token counted.

    ``source_column`` is what the column was called, so that it is found in a table of new texts. ``max_length`` is
    where texts of either side are cut, new ones too; None in runs that did not keep it.
    """

    kind = "text_pair"
    length_fields = ("max_source_length", "max_target_length", "typical_source_length", "typical_target_length")

    source_tokenizer: Mapping[str, Any]
    target_tokenizer: Mapping[str, Any]
    source_vocab_size: int
    target_vocab_size: int
    max_source_length: int
    max_target_length: int
    typical_source_length: int
    typical_target_length: int
    source_column: str = "source"
    max_length: int | None = None

    @property
    def longest_source(self) -> int:
        """The most tokens that a model is given of a source."""
        return max(self.max_source_length, self.max_length or 0)

    def example_inputs(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Source tokens ``(B, typical_source_length)`` and shifted target tokens ``(B, typical_target_length)``."""
        source_BS = meaningless_tokens(batch_size, self.typical_source_length)
        return source_BS, meaningless_tokens(batch_size, self.typical_target_length)
