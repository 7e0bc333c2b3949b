"""What data of rows has in common, whatever its rows are: splits of a seed, names, and the spec that follows them."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar, Generic, TypeVar, get_args

from bakeoff.data.cache import hash_arrays
from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.contract import SPLITS, Split, TaskData
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.labels import OnMissing, OnRare
from bakeoff.data.prepared import Preparation, PreparedRows
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Facts, Rows
from bakeoff.data.splits.train_part import train_part
from bakeoff.ranges import Count

AnySpec = TypeVar("AnySpec", bound=Spec)


class SplitData(TaskData, Generic[AnySpec]):
    """Rows by number, of which each split has some.

    Args:
        name: what the data is called in tables and reports.
        batch_size: training examples an optimizer step.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a size below 1.
    """

    def __init__(self, *, name: str, batch_size: int, chunk: int, seed: int) -> None:
        super().__init__()
        require_positive(batch_size=batch_size, chunk=chunk)
        self.name = name
        self.batch_size = batch_size
        self.chunk = chunk
        self._seed = seed
        self._train_fraction = 1.0
        self._rows: dict[str, Rows] = {}
        self._spec: AnySpec | None = None

    @property
    def seed(self) -> int:
        """The trial's seed; setting it draws the validation split anew."""
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed = seed
        self._forget()

    @property
    def train_fraction(self) -> float:
        """What share of the train rows is learnt from; setting it draws that part by the seed."""
        return self._train_fraction

    @train_fraction.setter
    def train_fraction(self, fraction: float) -> None:
        self._train_fraction = fraction
        self._forget()

    @property
    def spec(self) -> AnySpec:
        """What the data is, as this trial's train rows show it."""
        if self._spec is None:
            self.setup()
            self._spec = self._describe(self._common())
        return self._spec

    def setup(self, stage: str | None = None) -> None:
        """Open what was prepared and draw the validation split; again does nothing."""
        if not self._rows:
            rows = self._draw()
            self._rows = rows | {"train": self._train_part(rows["train"])}

    def _forget(self) -> None:
        """Drops what follows from the seed and the part that is learnt from."""
        self._rows, self._spec = {}, None

    @abc.abstractmethod
    def _draw(self) -> dict[str, Rows]:
        """The rows of train, val and test, for the present seed."""

    def _train_part(self, rows: Rows) -> Rows:
        """Those of the train rows that are learnt from."""
        return train_part(rows, self._train_fraction, seed=self._seed)

    @abc.abstractmethod
    def _describe(self, common: dict[str, Any]) -> AnySpec:
        """The spec of this trial's splits; ``common`` is what every kind of data has."""

    def _common(self) -> dict[str, Any]:
        rows = self._rows
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "split_fingerprint": hash_arrays(*rows.values()),
            **{f"num_{split}": len(rows[split]) for split in SPLITS},
        }

    def _split_rows(self, split: Split) -> Rows:
        require_choice("split", split, SPLITS)
        self.setup()
        return self._rows[split]


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class PreparedData(SplitData[AnySpec]):
    """Rows that are prepared once, into a folder that all trials share.

    A kind of data is a subclass, and a dataclass too, of the settings that it has beside these; those that its
    ``preparation_class`` names decide what is prepared.

    Args:
        name: what the data is called in tables and reports.
        source: where the rows come from.
        columns: which columns hold what.
        split: how missing splits are made; given ones are used as they are.
        batch_size: training examples an optimizer step; evaluation uses larger batches.
        dedup: what to do about copies of a row on both sides of a split: ``error``, or ``drop`` the train row.
        allow_leak: keep such copies; the report says so.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    preparation_class: ClassVar[type[Preparation]]

    name: str = dataclasses.field()
    source: Source
    columns: Any
    split: SplitRule
    batch_size: Count = 64
    dedup: OnDuplicate = "error"
    allow_leak: bool = False
    chunk: Count = 1
    seed: int = 0

    def __post_init__(self) -> None:
        super().__init__(name=self.name, batch_size=self.batch_size, chunk=self.chunk, seed=self.seed)
        names = [field.name for field in dataclasses.fields(self.preparation_class)]
        own = {name: getattr(self, name) for name in names if hasattr(self, name)}
        self._preparation: Any = self.preparation_class(**own | self._read_as())
        for key, allowed in (("dedup", OnDuplicate), ("on_missing", OnMissing), ("on_rare", OnRare)):
            require_choice(key, getattr(self._preparation, key), get_args(allowed))
        self._opened: Any = None

    def _read_as(self) -> dict[str, Any]:
        """What the preparation has otherwise than these settings."""
        return {}

    @abc.abstractmethod
    def _prepare(self) -> Any:
        """What the folder holds, prepared now if it is not in the cache."""

    def prepare_data(self) -> None:
        """Read, prepare and cache the rows, unless that has been done."""
        if self._opened is None:
            self._opened = self._prepare()

    @property
    def _prepared(self) -> Any:
        """What `_prepare` gave."""
        self.prepare_data()
        return self._opened

    @property
    def fingerprint(self) -> str:
        """A hash of all prepared rows, labels and the fixed split; the same for every seed."""
        return self._prepared.fingerprint

    @property
    def val_follows_seed(self) -> bool:
        """Whether trials of different seeds validate on different examples."""
        return self.split.splitting.follows_seed and not len(self._prepared.val)

    def examples(self, split: Split) -> list[str]:
        """A stable name for each example of a split, in the order of `labels`."""
        return self._prepared.examples[self._split_rows(split)].tolist()

    def units(self, split: Split) -> list[str] | None:
        """What each example belongs to, by ``split.group``, ``group_from`` or ``user``; None without one."""
        units = self._prepared.units
        return units[self._split_rows(split)].tolist() if len(units) else None

    def _draw(self) -> dict[str, Rows]:
        prepared: PreparedRows = self._prepared
        parted = self.split.splitting.draw_val(prepared.parted, prepared.facts, seed=self.seed)
        return {"train": parted.train, "val": parted.val, "test": parted.test}

    def _train_part(self, rows: Rows) -> Rows:
        facts: Facts = self._prepared.facts
        classes, groups = (None if own is None else own[rows] for own in (facts.classes, facts.groups))
        return train_part(rows, self._train_fraction, classes=classes, groups=groups, seed=self._seed)

    def _common(self) -> dict[str, Any]:
        prepared = self._prepared
        units = [self.units(split) for split in SPLITS]
        num_groups = tuple(len(set(found)) for found in units if found is not None)
        told = {"leaked_rows": prepared.leaked_rows, "num_groups": num_groups, "notes": prepared.notes}
        return super()._common() | told


del PreparedData.seed  # the field's default, which hides the property that draws anew
