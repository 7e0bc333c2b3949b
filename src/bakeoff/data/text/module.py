"""What the three data modules of texts share: preparation, splits, names, raw texts and the check of the vocabulary."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import hash_arrays
from bakeoff.data.contract import NewExamples, Reading, Split, TaskData
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.drawing import Rows, carve_val
from bakeoff.data.text.prediction import new_texts
from bakeoff.data.text.prepared import PreparedTexts, TextPreparation, encode, prepare_texts
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizers import Tokenizer, fit_tokenizer, tokenizer_from
from bakeoff.errors import ConfigError


class TextData(TaskData):
    """Texts, split and tokenised.

    Args:
        name: what the data is called in tables and reports.
        source: where the texts come from.
        preparation: how they are read, split and tokenised.
        batch_size: training examples an optimizer step.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a setting outside of its range.
    """

    role: ClassVar[str]
    """What `predict` calls the column of new texts."""

    def __init__(
        self, *, name: str, source: Source, preparation: TextPreparation, batch_size: int, chunk: int, seed: int
    ) -> None:
        super().__init__()
        require_positive(batch_size=batch_size, chunk=chunk)
        require_choice("dedup", preparation.dedup, ("error", "drop"))
        self.name = name
        self.batch_size = batch_size
        self.chunk = chunk
        self._source = source
        self._preparation = preparation
        self._seed = seed
        self._prepared: PreparedTexts | None = None
        self._rows: dict[str, Rows] = {}
        self._spec: Any = None
        self._tokens: dict[str, Ragged] = {}
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def seed(self) -> int:
        """The trial's seed; setting it draws the validation split anew."""
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed, self._rows, self._spec = seed, {}, None

    @property
    def fingerprint(self) -> str:
        """A hash of all prepared rows, labels and the fixed split; the same for every seed."""
        return self._corpus.fingerprint

    def prepare_data(self) -> None:
        """Read, tokenise and cache the texts, unless that has been done."""
        if self._prepared is not None:
            return
        self._prepared = prepare_texts(self._source, self._preparation)
        self._tokens, self._tokenizers = self._prepared.tokens, self._prepared.tokenizers

    def setup(self, stage: str | None = None) -> None:
        """Open the prepared texts and draw the validation split; again does nothing."""
        if self._rows:
            return
        corpus, split = self._corpus, self._preparation.split
        val = corpus.val
        if not len(val):
            groups = corpus.groups if len(corpus.groups) else None
            val = carve_val(corpus.pool, split, seed=self._seed, classes=corpus.strata, groups=groups)
        self._rows = self._in_use({"train": np.setdiff1d(corpus.pool, val), "val": val, "test": corpus.test})

    def examples(self, split: Split) -> list[str]:
        """A stable name for each example of a split, in the order of `labels`."""
        return self._corpus.examples[self._split_rows(split)].tolist()

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's text, equal for copies that differ in case or white space only."""
        return [row.tobytes() for row in self._corpus.digests[self._split_rows(split)]]

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """Some examples as text."""
        texts, rows = next(iter(self._corpus.texts.values())), self._split_rows(split)
        return [texts.text(rows[index]) for index in indices]

    def raw(self, split: Split) -> list[str]:
        """Each example's text, uncut."""
        texts = next(iter(self._corpus.texts.values()))
        return [texts.text(row) for row in self._split_rows(split)]

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether the vocabulary that a trial used is that of the rows outside of test (of train, where val is given).

        The texts are read again from their bytes; neither the cached tokens nor the cached vocabulary take part.
        """
        for key, fresh in self._fitted_again.items():
            if problem := _difference(recorded[key], fresh):
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
    def _describe(self, common: dict[str, Any]) -> Spec:
        """The spec of this trial's split; ``common`` is what every kind of data has."""

    @abc.abstractmethod
    def _tokenizer_keys(self) -> dict[str, str]:
        """The spec's key of each role's tokenizer."""

    def _in_use(self, rows: dict[str, Rows]) -> dict[str, Rows]:
        """The rows of each split that are used."""
        return rows

    def _is_spelled(self, role: str, row: int) -> bool:
        """Whether a text is what its tokens spell."""
        return self._tokenizers[role].decode(self._tokens[role].row(row).tolist()) == self._corpus.texts[role].text(row)

    @property
    def _corpus(self) -> PreparedTexts:
        if self._prepared is None:
            self.prepare_data()
        assert self._prepared is not None
        return self._prepared

    def _split_rows(self, split: Split) -> Rows:
        require_choice("split", split, ("train", "val", "test"))
        self.setup()
        return self._rows[split]

    def _own_spec(self) -> Any:
        if self._spec is None:
            self.setup()
            corpus, rows = self._corpus, self._rows
            common = {
                "name": self.name,
                "fingerprint": corpus.fingerprint,
                "split_fingerprint": hash_arrays(*rows.values()),
                "num_train": len(rows["train"]),
                "num_val": len(rows["val"]),
                "num_test": len(rows["test"]),
                "leaked_rows": corpus.leaked_rows,
                "notes": corpus.notes,
            }
            self._spec = self._describe(common)
        return self._spec

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


def require_positive(**settings: int) -> None:
    """Counts are at least 1.

    Raises:
        ConfigError: one is not.
    """
    for name, value in settings.items():
        if value < 1:
            problem = "must be at least 1"
            raise ConfigError("config.out_of_range", f"data.{name}", value, problem, allowed="1, 2, 3, ...")


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """A setting is one of those allowed.

    Raises:
        ConfigError: it is not.
    """
    if value not in allowed:
        raise ConfigError("config.unknown_choice", f"data.{name}", value, "is not one of them", allowed=allowed)


def longest(lengths: NDArray[np.int64]) -> int:
    """The greatest length, 1 where there is none."""
    return int(lengths.max(initial=1))


def _difference(recorded: dict[str, Any], fresh: dict[str, Any]) -> str | None:
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
