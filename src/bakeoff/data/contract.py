"""What every kind of data promises to trials, the scorer, the guards, the report and `predict`."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, overload

import numpy as np
import pyarrow as pa
import pytorch_lightning as pl

from bakeoff.data.batches.batch import Tree
from bakeoff.data.corruption import Corruption
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.spec import Spec
from bakeoff.tables import to_arrow

Split: TypeAlias = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class LazyRows(Sequence[Any]):
    """Raw rows that are read when they are asked for, so that two of them do not cost the whole split.

    Args:
        count: how many there are.
        read: the rows of some indices.
    """

    def __init__(self, count: int, read: Callable[[Sequence[int]], list[Any]]) -> None:
        self._count = count
        self._read = read

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """One row, or some."""
        if isinstance(index, slice):
            return self._read(range(self._count)[index])
        return self._read([range(self._count)[index]])[0]

    def __iter__(self) -> Any:
        """All rows, read at once."""
        return iter(self._read(range(self._count)))


@dataclass(frozen=True)
class Cases:
    """Some examples of a split.

    Attributes:
        names: a stable one for each.
        labels: what each should be answered with, a row each.
        raw: each as it came.
        shown: each as a person would look at it, where that is at hand; None: as it came.
    """

    names: Sequence[str]
    labels: pa.Table
    raw: Sequence[Any]
    shown: Sequence[Any] | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def first(self, count: int) -> Cases:
        """The first of them."""
        return Cases(self.names[:count], self.labels.slice(0, count), self.raw[:count])

    def at(self, positions: Sequence[int]) -> Cases:
        """Those at these places."""
        names, raw = ([rows[position] for position in positions] for rows in (self.names, self.raw))
        return Cases(names, self.labels.take(to_arrow(np.asarray(positions, dtype=np.int64))), raw)


class Loader(Protocol):
    """Inputs in batches."""

    @property
    def positions(self) -> np.ndarray | None:
        """Where in the split's order each row stands; None: in that order."""

    def __iter__(self) -> Any:
        """Trees of inputs."""


@dataclass(frozen=True)
class Inputs:
    """Batches of inputs that are at hand, and where each of their rows stands."""

    batches: Iterable[Tree]
    positions: np.ndarray | None = None

    def __iter__(self) -> Any:
        """The batches."""
        return iter(self.batches)


@dataclass(frozen=True)
class NewExamples:
    """New inputs for a finished run.

    Attributes:
        shown: columns that name and show each, such as ``{"file": [...]}``; they come first in the table of `predict`.
        raw: each as it came, for models that bring their own features and for tasks that read prompts.
        loader: their batches, in the form that the run's training data had.
        notes: what was left out, a sentence each.
    """

    shown: Mapping[str, Sequence[Any]]
    raw: Sequence[Any]
    loader: Loader
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How `predict` was asked to read its input.

    Args:
        source: a path, or what stands for itself, such as a text.
        is_text: whether it is a text itself, though it may look like a path.
        column: of a table; None finds it.
        sep: between the columns of a CSV file; None: as in training where that cuts the first lines, else found.
        quote: around fields of a CSV file; None: as in training.
        header: the names of a CSV file's columns, where its first line is a row already.
        encoding: of text files; None: UTF-8, or else as in training.
        on_bad: what becomes of what can't be read, ``error`` or ``skip``.
        batch_size: examples a batch at the most.
        trained: the ``data`` section of the run.
    """

    source: str
    is_text: bool = False
    column: str | None = None
    sep: str | None = None
    quote: str | None = None
    header: Sequence[str] | None = None
    encoding: str | None = None
    on_bad: Literal["error", "skip"] = "error"
    batch_size: int = 256
    trained: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table_format(self) -> TableFormat:
        """How tables are read, by default in the format of the files of training; UTF-8 is tried first."""
        quote = self.quote or self.trained.get("quote")
        usual, encoding = self.trained.get("sep"), self.encoding or "utf-8"
        header = tuple(self.header or ())
        return TableFormat(sep=self.sep, usual_sep=usual, quote=quote, encoding=encoding, header=header)


class TaskData(pl.LightningDataModule, abc.ABC):
    """Examples, split, preprocessed and batched: what every trial of a task reads.

    The test split is fixed; the validation split is drawn anew for every ``seed`` unless `val_follows_seed` is false.
    Everything a trial needs is prepared once, by `prepare_data`, into a cache that all trials share.

    Loaders have ``num_examples`` (an epoch), ``set_epoch``, ``sampler`` (where Lightning sets the epoch), ``skip`` (of
    batches, to resume within an epoch) and ``len``. With ``chunk > 1`` an item of the training loader is a list of up
    to so many batches. They yield a `bakeoff.data.batches.batch.Batch`.
    """

    spec_class: ClassVar[type[Spec]]
    """What describes this kind of data in ``spec.json``."""
    noun: ClassVar[str] = "example"
    """What one of its examples is called: image, text, utterance, window."""
    sent_as: ClassVar[tuple[str, ...]] = ()
    """How files end in which strangers may send new examples to a server; none of these names files of its own."""
    copies_leak: ClassVar[bool] = True
    """Whether examples of equal content in two splits are a leak; series and interactions repeat by nature."""

    corruptions: ClassVar[Mapping[str, Corruption]] = {}
    """What may befall its inputs, by name."""

    name: str
    """What the data is called in tables and reports."""
    batch_size: int
    """Training examples an optimizer step."""
    chunk: int
    """Batches an item of the training loader."""

    @property
    @abc.abstractmethod
    def seed(self) -> int:
        """The trial's seed; setting it draws the validation split anew."""

    @seed.setter
    @abc.abstractmethod
    def seed(self, seed: int) -> None: ...

    @property
    @abc.abstractmethod
    def train_fraction(self) -> float:
        """What share of the train examples is learnt from; validation and test are the same for all. 1.0 is all.

        Setting it draws the part by the seed; a smaller part of the same seed lies within a larger one.
        """

    @train_fraction.setter
    @abc.abstractmethod
    def train_fraction(self, fraction: float) -> None: ...

    @property
    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A hash of all prepared rows, targets and the fixed split; the same for every seed."""

    @property
    @abc.abstractmethod
    def spec(self) -> Spec:
        """What the data is, as this trial's train rows show it."""

    @property
    @abc.abstractmethod
    def val_follows_seed(self) -> bool:
        """Whether trials of different seeds validate on different examples."""

    @abc.abstractmethod
    def setup(self, stage: str | None = None) -> None:
        """Opens what was prepared and draws the validation split; again does nothing."""

    @abc.abstractmethod
    def preprocess_as(self, trained: Spec) -> None:
        """Takes what was fitted for a finished run (normalisation, vocabulary), instead of what these rows say.

        Raises:
            DataError: this data can't be brought to that form.
        """

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """Settings of the ``data`` section without which other data would not take the form of a finished run's."""
        return {}

    @abc.abstractmethod
    def train_dataloader(self) -> Any:
        """Batches in an order that is a function of ``(seed, epoch)``."""

    @abc.abstractmethod
    def val_dataloader(self) -> Any:
        """In a fixed order, every example."""

    @abc.abstractmethod
    def predict_dataloader(self, split: Split = "test") -> Loader:
        """The inputs alone. Its ``positions`` (or None) tell where in `labels` and `examples` each one stands."""

    @abc.abstractmethod
    def labels(self, split: Split) -> pa.Table:
        """What each example of a split should be answered with, a row each, as the task's scorer takes it."""

    @abc.abstractmethod
    def examples(self, split: Split) -> list[str]:
        """A stable name for each example of a split, in the order of `labels`."""

    def units(self, split: Split) -> list[str] | None:
        """The independent unit of each example (a speaker, a patient, a series); None: each is its own."""
        return None

    def attributes(self, split: Split) -> dict[str, list[float] | list[str]]:
        """What each example is like, by name: numbers, such as a length, or words, such as a place; for slices of the
        test."""
        return {}

    @abc.abstractmethod
    def show(self, split: Split, indices: Sequence[int]) -> list[Any]:
        """Some examples as a page would print them: text, or uint8 images ``(height, width, channels)``."""

    @abc.abstractmethod
    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's content, equal for copies (after normalisation of what does not matter)."""

    @abc.abstractmethod
    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """What is wrong with the preprocessing that a trial recorded in its ``spec.json``, or None.

        Fits anew, by a computation of its own, on the rows that may be used with the present ``seed``.
        """

    def raw(self, split: Split) -> Sequence[Any]:
        """Each example as it came, for baselines that bring their own features; read when asked for."""
        return LazyRows(self.num_examples(split), lambda indices: self.show(split, indices))

    def num_examples(self, split: Split) -> int:
        """How many there are to answer in a split."""
        return len(self.examples(split))

    def cases(self, split: Split) -> Cases:
        """The examples of a split."""
        return Cases(self.examples(split), self.labels(split), self.raw(split))

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """The inputs of a split, spoilt in one of the ways of `corruptions`: the same at every call.

        Raises:
            NotImplementedError: this kind of data has none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no corruptions")

    @classmethod
    @abc.abstractmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """New inputs, brought to the form that a finished run's training data had.

        Raises:
            DataError: nothing there, or nothing that can be read as this kind of data.
        """
