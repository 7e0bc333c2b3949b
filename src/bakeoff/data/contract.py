"""What every kind of data promises to trials, the scorer, the guards and the report."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, TypeAlias, overload

import pytorch_lightning as pl
from numpy.typing import NDArray

from bakeoff.data.spec import Spec

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


class TaskData(pl.LightningDataModule, abc.ABC):
    """Examples, split, preprocessed and batched: what every trial of a task reads.

    The test split is fixed; the validation split is drawn anew for every ``seed`` unless `val_follows_seed` is false.
    Everything a trial needs is prepared once, by `prepare_data`, into a cache that all trials share.

    Loaders have ``num_examples`` (an epoch), ``set_epoch``, ``sampler`` (where Lightning sets the epoch), ``skip`` (of
    batches, to resume within an epoch) and ``len``. With ``chunk > 1`` an item of the training loader is a list of up
    to so many batches. A batch is ``(inputs, targets)``, inputs being a tensor or a tuple of tensors.
    """

    noun: ClassVar[str] = "example"
    """What one of its examples is called: image, text, utterance, window."""
    copies_leak: ClassVar[bool] = True
    """Whether examples of equal content in two splits are a leak; series and interactions repeat by nature."""

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

    @abc.abstractmethod
    def train_dataloader(self) -> Any:
        """Batches in an order that is a function of ``(seed, epoch)``."""

    @abc.abstractmethod
    def val_dataloader(self) -> Any:
        """In a fixed order, every example."""

    @abc.abstractmethod
    def predict_dataloader(self, split: Split = "test") -> Any:
        """The inputs alone. Its ``positions`` (or None) tell where in `labels` and `examples` each one stands."""

    @abc.abstractmethod
    def labels(self, split: Split) -> NDArray[Any]:
        """The target of each example of a split, as the task's scorer takes it; no Python objects."""

    @abc.abstractmethod
    def examples(self, split: Split) -> list[str]:
        """A stable name for each example of a split, in the order of `labels`."""

    def units(self, split: Split) -> list[str] | None:
        """The independent unit of each example (a speaker, a patient, a series); None: each is its own."""
        return None

    @abc.abstractmethod
    def show(self, split: Split, indices: Sequence[int]) -> list[Any]:
        """Some examples as a person would look at them: text, or uint8 images ``(height, width, channels)``."""

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
        return LazyRows(len(self.examples(split)), lambda indices: self.show(split, indices))
