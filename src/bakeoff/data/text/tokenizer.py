"""What a tokenizer is, and how one is asked for.

Ids 0 to 3 of our own kinds are PAD, UNKNOWN, START and END (`bakeoff.data.text.spec`). A tokenizer is plain JSON in a
run's ``spec.json``, and `bakeoff.data.text.tokenizers.tokenizer_from` makes it again.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.text.spec import END, SPECIAL_TOKENS, START, UNKNOWN
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count

Ids: TypeAlias = NDArray[np.int32]
Kind: TypeAlias = Literal["byte", "character", "word", "spaced", "bpe", "pretrained"]
KINDS: tuple[Kind, ...] = ("byte", "character", "word", "spaced", "bpe", "pretrained")
NUM_SPECIAL = len(SPECIAL_TOKENS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenizerRule:
    """Which tokenizer, and how its vocabulary is fitted.

    Args:
        kind: ``byte``, ``character``, ``word``, ``spaced`` (what stands between blanks), ``bpe`` (byte-level) or
            ``pretrained``.
        vocab_size: the most entries, the four special ones included; the most frequent stay. Not for ``byte``.
        min_count: characters and words seen less often in train are unknown; pairs that rare are no BPE merge.
        lowercase: whether words are lowercased.
        byte_fallback: unknown characters become their UTF-8 bytes, so that every text is kept exactly.
        path: a pretrained tokenizer: a file ``tokenizer.json``, a folder that has one, or a name on the hub.
        revision: the hub's commit, so that the tokenizer cannot change.

    Raises:
        ConfigError: an unknown kind, a size without room for tokens, or a pretrained one without a path.
    """

    kind: Kind = "word"
    vocab_size: Count = 8000
    min_count: Count = 1
    lowercase: bool = False
    byte_fallback: bool = False
    path: str | None = None
    revision: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be fitted."""
        if self.kind not in KINDS:
            raise ConfigError(
                "config.unknown_choice", "data.tokenizer.kind", self.kind, "is no tokenizer", allowed=KINDS
            )
        least = {"bpe": NUM_SPECIAL + 256}.get(self.kind, NUM_SPECIAL + 1)
        if self.kind not in ("byte", "pretrained") and self.vocab_size < least:
            problem = f"leaves no room for tokens beside the {NUM_SPECIAL} special ones"
            key, allowed = "data.tokenizer.vocab_size", f"{least} or more for {self.kind}"
            raise ConfigError("config.out_of_range", key, self.vocab_size, problem, allowed=allowed)
        if self.min_count < 1:
            key = "data.tokenizer.min_count"
            raise ConfigError("config.out_of_range", key, self.min_count, "must be at least 1", allowed="1, 2, 3, ...")
        if self.kind == "pretrained" and not self.path:
            allowed = "a file tokenizer.json, a folder that has one, or OWNER/NAME on the hub"
            problem = "a pretrained tokenizer needs a path"
            raise ConfigError("config.missing_value", "data.tokenizer.path", None, problem, allowed=allowed)


class Tokenizer(abc.ABC):
    """A vocabulary, and the two ways between texts and ids.

    Padding is id 0 in all tokenizers, so that a mask is ``tokens == 0``; no text is ever encoded to it.
    """

    kind: ClassVar[str]
    unknown: int = UNKNOWN
    """What stands for what is not in the vocabulary."""
    start: int = START
    """What a decoded sequence begins with."""
    end: int = END
    """What a decoded sequence ends with."""

    @property
    @abc.abstractmethod
    def vocab_size(self) -> int:
        """How many ids there are, special ones included; ids are ``0 .. vocab_size - 1``."""

    @abc.abstractmethod
    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """The ids of each text; a text of nothing gives no ids.

        Args:
            texts: without lone surrogates.
            framed: with the special tokens that a pretrained model expects around a text ([CLS] ... [SEP]); the other
                kinds have none.
        """

    @abc.abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """The text, special tokens left out."""

    @abc.abstractmethod
    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """Each token as a person would read it, for the axes of attention maps."""

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, for `bakeoff.data.text.tokenizers.tokenizer_from`."""

    def cut(self, ids: Ids, max_length: int) -> Ids:
        """The first ``max_length`` ids."""
        return ids[:max_length]
