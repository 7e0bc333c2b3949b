"""Byte-level byte-pair encoding, trained with the `tokenizers` library.

Source: Sennrich et al. 2016, arXiv:1508.07909; on bytes: Radford et al. 2019 (GPT-2).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.data.text.spec import SPECIAL_TOKENS
from bakeoff.data.text.tokenizer import NUM_SPECIAL, Ids, Tokenizer, TokenizerRule

# trials are forked from a process that may have tokenised; the library warns of that unless told to use one thread
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


class BytePairTokenizer(Tokenizer):
    """Merged bytes; nothing is unknown, decoding is exact.

    The library does not know the four special tokens: it would find "<s>" in a text and take it for one. Its ids are
    shifted by four instead.

    Args:
        model: the library's own JSON form.
    """

    kind = "bpe"

    def __init__(self, model: Mapping[str, Any]) -> None:
        from tokenizers import Tokenizer as Library

        self._model = dict(model)
        self._library = Library.from_str(json.dumps(self._model))

    @classmethod
    def fit(cls, rule: TokenizerRule, texts: Sequence[str]) -> BytePairTokenizer:
        """The merges of the most frequent pairs, up to the vocabulary's size."""
        from tokenizers import Tokenizer as Library
        from tokenizers import decoders, models, pre_tokenizers, trainers

        library = Library(models.BPE())
        library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        library.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=rule.vocab_size - NUM_SPECIAL,
            min_frequency=max(rule.min_count, 2),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        library.train_from_iterator(texts, trainer)
        return cls(json.loads(library.to_str()))

    @property
    def vocab_size(self) -> int:
        """Special tokens, bytes and merges."""
        return NUM_SPECIAL + self._library.get_vocab_size()

    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """An id a merge."""
        encoded = self._library.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(item.ids, dtype=np.int32) + np.int32(NUM_SPECIAL) for item in encoded]

    def decode(self, ids: Iterable[int]) -> str:
        """The bytes of all merges, joined."""
        return self._library.decode([int(index) - NUM_SPECIAL for index in ids if index >= NUM_SPECIAL])

    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """Each merge as text; parts of a character as U+FFFD."""
        return [self.decode([index]) if index >= NUM_SPECIAL else SPECIAL_TOKENS[index] for index in ids]

    def to_dict(self) -> dict[str, Any]:
        """The library's JSON."""
        return {"kind": self.kind, "model": self._model}
