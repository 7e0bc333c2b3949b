"""A text as its words, whatever their case and punctuation."""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"\w+(?:['-]\w+)*")


@functools.lru_cache(maxsize=1 << 16)
def as_words(text: str) -> str:
    """The words in lower case with single blanks between them; signs are left out, but for those within words.

    As the scorer of COCO's captions does (Chen et al. 2015, arXiv:1504.00325), whose tokenizer also parts forms such as
    "dog's". A text of signs alone keeps them.
    """
    return " ".join(_WORD.findall(text.casefold().replace("\u2019", "'"))) or " ".join(text.split())
