"""Tokenizers whose vocabulary is a list: bytes, characters, words, and what stands between blanks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.text.spec import SPECIAL_TOKENS, UNKNOWN
from bakeoff.data.text.tokenizer import NUM_SPECIAL, Ids, Tokenizer, TokenizerRule
from bakeoff.errors import DataError

_WORD = re.compile(r"[#@]?\w+(?:['\u2019]\w+)*|[^\w\s]")
"""A word with its apostrophes, hashtag or mention; else one sign, such as a punctuation mark or an emoji."""


class ByteTokenizer(Tokenizer):
    """UTF-8 bytes: nothing to fit, nothing unknown, decoding is exact."""

    kind = "byte"

    @property
    def vocab_size(self) -> int:
        """256 bytes and the special tokens."""
        return NUM_SPECIAL + 256

    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """An id a byte."""
        return [np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int32) + NUM_SPECIAL for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """Bytes that are no UTF-8 (a model may write them) become U+FFFD."""
        return _bytes_of(ids).decode("utf-8", errors="replace")

    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """ASCII as it is, other bytes in hexadecimal."""
        return [_show_byte(index - NUM_SPECIAL) if index >= NUM_SPECIAL else SPECIAL_TOKENS[index] for index in ids]

    def to_dict(self) -> dict[str, Any]:
        """The kind alone."""
        return {"kind": self.kind}


class CharacterTokenizer(Tokenizer):
    """Unicode characters; decoding is exact for characters of the vocabulary, and for all with ``byte_fallback``.

    Args:
        characters: the vocabulary, without the special tokens.
        byte_fallback: other characters become their UTF-8 bytes instead of UNKNOWN; those bytes follow the characters.
    """

    kind = "character"

    def __init__(self, characters: Sequence[str], *, byte_fallback: bool = False) -> None:
        self._characters = tuple(characters)
        known = set(characters)
        # a character below 128 is its own byte: no second id for it
        self._bytes = [byte for byte in range(256) if byte >= 128 or chr(byte) not in known] if byte_fallback else []
        self._byte_fallback = byte_fallback
        order = np.argsort([ord(character) for character in characters])
        self._points = np.array([ord(characters[index]) for index in order], dtype=np.uint32)
        self._ids = (order + NUM_SPECIAL).astype(np.int32)
        self._id_of_byte = {byte: NUM_SPECIAL + len(characters) + index for index, byte in enumerate(self._bytes)}

    @classmethod
    def fit(cls, rule: TokenizerRule, texts: Sequence[str]) -> CharacterTokenizer:
        """The most frequent characters."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        return cls(_most_frequent(counts, rule), byte_fallback=rule.byte_fallback)

    @property
    def vocab_size(self) -> int:
        """Special tokens, characters and fallback bytes."""
        return NUM_SPECIAL + len(self._characters) + len(self._bytes)

    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """An id a character, or several for one that falls back to bytes."""
        return [self._encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """Characters and fallback bytes, joined."""
        out, first_byte = bytearray(), NUM_SPECIAL + len(self._characters)
        for index in ids:
            if index >= first_byte:
                out.append(self._bytes[index - first_byte])
            elif index >= NUM_SPECIAL:
                out += self._characters[index - NUM_SPECIAL].encode()
        return out.decode("utf-8", errors="replace")

    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """The characters; fallback bytes in hexadecimal."""
        names = [*SPECIAL_TOKENS, *self._characters, *map(_show_byte, self._bytes)]
        return [names[index] for index in ids]

    def to_dict(self) -> dict[str, Any]:
        """The characters in the order of their ids."""
        return {"kind": self.kind, "characters": list(self._characters), "byte_fallback": self._byte_fallback}

    def _encode(self, text: str) -> Ids:
        points: NDArray[np.uint32] = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        places = np.minimum(np.searchsorted(self._points, points), len(self._points) - 1)
        known = self._points[places] == points
        ids = np.where(known, self._ids[places], np.int32(UNKNOWN))
        if known.all() or not self._byte_fallback:
            return ids
        pieces, begin = [], 0
        for place in np.flatnonzero(~known).tolist():
            fallback = [self._id_of_byte[byte] for byte in chr(points[place]).encode()]
            pieces += [ids[begin:place], np.array(fallback, dtype=np.int32)]
            begin = place + 1
        return np.concatenate([*pieces, ids[begin:]])


class WordTokenizer(Tokenizer):
    """Words and single signs; white space is not kept, so decoding joins with blanks.

    Args:
        words: the vocabulary, without the special tokens.
        lowercase: whether texts are lowercased first.
    """

    kind = "word"
    pattern = _WORD

    def __init__(self, words: Sequence[str], *, lowercase: bool) -> None:
        self._words = tuple(words)
        self._lowercase = lowercase
        self._id_of_word = {word: NUM_SPECIAL + index for index, word in enumerate(words)}

    @classmethod
    def fit(cls, rule: TokenizerRule, texts: Sequence[str]) -> WordTokenizer:
        """The most frequent words."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(cls.split(text, lowercase=rule.lowercase))
        return cls(_most_frequent(counts, rule), lowercase=rule.lowercase)

    @classmethod
    def split(cls, text: str, *, lowercase: bool) -> list[str]:
        """Words and signs in their order."""
        return cls.pattern.findall(text.lower() if lowercase else text)

    @property
    def vocab_size(self) -> int:
        """Special tokens and words."""
        return NUM_SPECIAL + len(self._words)

    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """An id a word."""
        of = self._id_of_word
        ids = [[of.get(word, UNKNOWN) for word in self.split(text, lowercase=self._lowercase)] for text in texts]
        return [np.array(row, dtype=np.int32) for row in ids]

    def decode(self, ids: Iterable[int]) -> str:
        """The words with blanks between them."""
        return " ".join(self._words[index - NUM_SPECIAL] for index in ids if index >= NUM_SPECIAL)

    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """The words."""
        names = [*SPECIAL_TOKENS, *self._words]
        return [names[index] for index in ids]

    def to_dict(self) -> dict[str, Any]:
        """The words in the order of their ids."""
        return {"kind": self.kind, "words": list(self._words), "lowercase": self._lowercase}


class SpacedTokenizer(WordTokenizer):
    """What stands between blanks, such as the phonemes of a phrase: texts that are split already."""

    kind = "spaced"
    pattern = re.compile(r"\S+")


def _most_frequent(counts: Counter[str], rule: TokenizerRule) -> list[str]:
    """By falling count, then by spelling, so that equal texts in another order give the same ids."""
    enough = [(entry, count) for entry, count in counts.items() if count >= rule.min_count]
    if not enough:
        most = max(counts.values(), default=0)
        problem = f"the vocabulary is empty: no {rule.kind} stands {rule.min_count:,} times in train (at most {most:,})"
        next_step = "data.tokenizer.min_count=1, or check that the text column holds text"
        raise DataError(
            "data.empty_vocabulary", "data.tokenizer.min_count", rule.min_count, problem, next_step=next_step
        )
    enough.sort(key=lambda item: (-item[1], item[0]))
    return [entry for entry, _ in enough[: rule.vocab_size - NUM_SPECIAL]]


def _bytes_of(ids: Iterable[int]) -> bytes:
    return bytes(index - NUM_SPECIAL for index in ids if index >= NUM_SPECIAL)


def _show_byte(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"<{byte:02X}>"
