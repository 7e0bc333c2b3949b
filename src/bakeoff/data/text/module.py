"""What the three kinds of texts share: tokens, raw texts and the check of the vocabulary."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import AnySpec, PreparedData
from bakeoff.data.text.prediction import new_texts
from bakeoff.data.text.prepared import PreparedTexts, encode, prepare_texts
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizer import Tokenizer
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from


class TextData(PreparedData[AnySpec]):
    """Texts, split and tokenised."""

    role: ClassVar[str]
    """What `predict` calls the column of new texts."""
    noun = "text"
    sent_as = (".jsonl", ".csv")
    _tokens: dict[str, Ragged]
    _tokenizers: dict[str, Tokenizer]

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's text, equal for copies that differ in case or white space only."""
        return [row.tobytes() for row in self._corpus.digests[self._split_rows(split)]]

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """Some examples as text, uncut."""
        texts, rows = next(iter(self._corpus.texts.values())), self._split_rows(split)
        return [texts.text(rows[index]) for index in indices]

    def attributes(self, split: Split) -> dict[str, list[float] | list[str]]:
        """The words of each text, or of each source."""
        texts = self.show(split, range(self.num_examples(split)))
        return {"words": [float(len(text.split())) for text in texts]}

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether the vocabulary that a trial used is that of the rows outside of test (of train, where val is given).

        The texts are read again from their bytes; neither the cached tokens nor the cached vocabulary take part.
        """
        for key, fresh in self._fitted_again.items():
            if problem := vocabulary_difference(recorded[key], fresh):
                return f"{key}: {problem}"
        return None

    @cached_property
    def _fitted_again(self) -> dict[str, dict[str, Any]]:
        """The tokenizer of each role as plain values, by the spec's key; the same for every seed."""
        corpus, rule = self._corpus, self._preparation.tokenizer
        rows = np.setdiff1d(corpus.pool, np.concatenate([corpus.val, corpus.test]))
        texts = {key: [corpus.texts[role].text(row) for row in rows] for role, key in self._tokenizer_keys().items()}
        return {key: fit_tokenizer(rule, own).to_dict() for key, own in texts.items()}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A table of texts, a file of one text a line, or a text itself; see `bakeoff.data.text.prediction`."""
        return new_texts(spec, reading, shown_as=cls.role)

    @abc.abstractmethod
    def _tokenizer_keys(self) -> dict[str, str]:
        """The spec's key of each role's tokenizer."""

    def _is_spelled(self, role: str, row: int) -> bool:
        """Whether a text is what its tokens spell."""
        return self._tokenizers[role].decode(self._tokens[role].row(row).tolist()) == self._corpus.texts[role].text(row)

    def _prepare(self) -> PreparedTexts:
        prepared = prepare_texts(self.source, self._preparation)
        self._tokens, self._tokenizers = prepared.tokens, prepared.tokenizers
        return prepared

    @property
    def _corpus(self) -> PreparedTexts:
        return self._prepared

    def _tokenise_as(self, trained: Spec, *, max_length: dict[str, int | None]) -> None:
        """All texts anew, with the tokenizers of a finished run, cut where that run cut them."""
        corpus = self._corpus
        for role, key in self._tokenizer_keys().items():
            state = getattr(trained, key)
            if state == self._tokenizers[role].to_dict() and max_length[role] == self._preparation.max_length:
                continue
            tokenizer, texts = tokenizer_from(state), corpus.texts[role]
            every = [texts.text(row) for row in range(len(texts.offsets) - 1)]
            labelled = trained.kind == "labelled_text"
            ids, _ = encode(every, tokenizer, role=role, labelled=labelled, max_length=max_length[role])
            self._tokens = {**self._tokens, role: Ragged.of(ids, dtype=np.int32)}
            self._tokenizers = {**self._tokenizers, role: tokenizer}
        self._spec = None


def longest(lengths: NDArray[np.int64]) -> int:
    """The greatest length, 1 where there is none."""
    return int(lengths.max(initial=1))


def vocabulary_difference(recorded: dict[str, Any], fresh: dict[str, Any]) -> str | None:
    """Where two tokenizers differ, in words."""
    if recorded == fresh:
        return None
    for name in ("words", "characters"):
        if name in recorded and name in fresh:
            foreign = [entry for entry in recorded[name] if entry not in set(fresh[name])]
            if foreign:
                return f"{len(foreign):,} entries used are not of the training rows ({', '.join(foreign[:3])})"
            return f"{len(recorded[name]):,} entries used, {len(fresh[name]):,} fitted, or in another order"
    return "the vocabulary used is not the one fitted on the training rows"
