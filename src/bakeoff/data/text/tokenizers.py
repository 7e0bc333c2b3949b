"""The tokenizer of a rule, or of what a run kept, of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.data.text.byte_pairs import BytePairTokenizer
from bakeoff.data.text.pretrained import PretrainedTokenizer
from bakeoff.data.text.tokenizer import Tokenizer, TokenizerRule
from bakeoff.data.text.vocabularies import ByteTokenizer, CharacterTokenizer, SpacedTokenizer, WordTokenizer

_OF_WORDS = {made.kind: made for made in (WordTokenizer, SpacedTokenizer)}


def fit_tokenizer(rule: TokenizerRule, texts: Sequence[str]) -> Tokenizer:
    """The tokenizer of a rule, its vocabulary fitted on these texts: those of train, never of test.

    Raises:
        DataError: the texts give an empty vocabulary.
        EnvironmentFault: a pretrained tokenizer that neither this machine nor a reachable hub has.
    """
    if rule.kind == "byte":
        return ByteTokenizer()
    if rule.kind == "character":
        return CharacterTokenizer.fit(rule, texts)
    if rule.kind in _OF_WORDS:
        return _OF_WORDS[rule.kind].fit(rule, texts)
    if rule.kind == "bpe":
        return BytePairTokenizer.fit(rule, texts)
    return PretrainedTokenizer.load(str(rule.path), revision=rule.revision)


def tokenizer_from(plain: Mapping[str, Any]) -> Tokenizer:
    """The inverse of `Tokenizer.to_dict`, for every kind."""
    state = dict(plain)
    kind = state.pop("kind")
    if kind == "byte":
        return ByteTokenizer()
    if kind == "character":
        return CharacterTokenizer(tuple(state["characters"]), byte_fallback=state["byte_fallback"])
    if kind in _OF_WORDS:
        return _OF_WORDS[kind](tuple(state["words"]), lowercase=state["lowercase"])
    if kind == "bpe":
        return BytePairTokenizer(state["model"])
    return PretrainedTokenizer(state["content"])
