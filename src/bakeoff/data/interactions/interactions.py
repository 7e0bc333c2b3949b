"""Interactions as a Lightning data module: what every trial of recommendation reads."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.batches.buckets import BucketedPlan
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.contract import LazyRows, NewExamples, Reading, Split
from bakeoff.data.interactions.columns import InteractionColumns
from bakeoff.data.interactions.histories import History, KnownTokens, Pieces, last_steps, padded
from bakeoff.data.interactions.prediction import new_histories
from bakeoff.data.interactions.prepared import (
    UNKNOWN,
    InteractionPreparation,
    PreparedInteractions,
    prepare_interactions,
)
from bakeoff.data.interactions.rule import HistorySplit, InteractionRule
from bakeoff.data.interactions.spec import FIRST, PAD, InteractionSpec
from bakeoff.data.labels import OnMissing
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import PreparedData
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.splits.train_part import train_part
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_SHOWN_ITEMS = 4


class Interactions(BatchedByLength[InteractionSpec], PreparedData[InteractionSpec]):
    """What users had, in order of time, to predict each item from those before it.

    One batch of training, ``batch_size=2`` and ``max_length=4``, of one user with the items ``a b c`` and another one's
    later piece ``x y z w`` after ``v``; ``^`` is START, ``.`` is padding::

        history_BT   int64 (2, 4)    ^ a b .     targets_BT   int64 (2, 4)    a b c .
                                     v x y z                                  x y z w

    Inputs are ``(history_BT,)`` in training. In evaluation they are ``(history_BT, seen_BS)``, with the items that must
    not be recommended, and only the last step of a history has a target.

    Training examples are users; their histories are learnt in pieces, every item once an epoch. An example of
    validation or test is one interaction to predict. The catalogue is the items of train.

    Args:
        name: what the data is called in tables and reports.
        source: where the interactions come from.
        columns: which columns hold what.
        split: what is predicted.
        rule: which interactions count, and the order of those of one time.
        max_length: the most steps of a history that models read.
        mask_seen: leave out what a user had from that user's lists: from those of validation what train has of the
            user, from those of the test validation too. RecBole does so, but not for sequential models.
        batch_size: pieces of histories an optimizer step; evaluation uses larger batches.
        on_missing: what becomes of rows without user, item or time: ``error``, or ``drop`` them, with a note.
        chunk: batches an item of the training loader.
        seed: the trial's seed: the order of training.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = InteractionSpec
    noun = "user"
    sent_as = (".jsonl", ".csv")
    copies_leak = False
    preparation_class = InteractionPreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: InteractionColumns,
        split: HistorySplit,
        rule: InteractionRule,
        max_length: Count = 50,
        mask_seen: bool = True,
        batch_size: Count = 64,
        on_missing: OnMissing = "error",
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        if max_length < 2:
            problem, allowed = "leaves no step for a history", "2 or more"
            raise ConfigError("config.out_of_range", "data.max_length", max_length, problem, allowed=allowed)
        self.rule, self.on_missing, by = rule, on_missing, cast(Any, split)
        super().__init__(
            name=name, source=source, columns=columns, split=by, batch_size=batch_size, chunk=chunk, seed=seed
        )
        self._max_length = max_length
        self._mask_seen = mask_seen
        self._pieces_of: tuple[Rows, Pieces] | None = None

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the catalogue that a finished run was trained with."""
        assert isinstance(trained, InteractionSpec)
        token_of = dict(zip(trained.items, range(FIRST, trained.vocab_size), strict=True))
        names = self._histories.item_names
        self._tokens_named_N = np.array([token_of.get(str(name), UNKNOWN) for name in names], dtype=np.int32)
        self._max_length, self._mask_seen = trained.max_length, trained.masks_seen
        self._spec = trained
        for name in ("_known", "_other", "_tokens"):
            self.__dict__.pop(name, None)

    def train_dataloader(self) -> MadeLoader:
        """``(history_BT,)`` and ``targets_BT``, pieces of like length in the order of ``(seed, epoch)``."""
        plan = self._training_plan()
        return MadeLoader(plan, lambda rows: self._learnt(rows, plan.sampler.epoch), chunk=self.chunk)

    def labels(self, split: Split) -> pa.Table:
        """The ``target`` of each example, a place in the catalogue or -1, and its ``name``.

        Of the test, where the order of ties matters, also what the other order asks for (``other``).
        """
        if split == "train":
            return table_of(target=np.full(len(self._split_rows(split)), -1, dtype=np.int32))
        places, prepared = self._split_rows(split), self._histories
        names = prepared.item_names[prepared.names[places]].tolist()
        found = {"target": np.maximum(self._tokens[places] - FIRST, -1), "name": pa.array(names, pa.string())}
        if self._tells(split):
            found["other"] = np.maximum(prepared.other_tokens[prepared.other_test] - FIRST, -1)
        return table_of(**found)

    def examples(self, split: Split) -> list[str]:
        """The user, and which of the user's interactions is to be predicted."""
        rows, prepared = self._split_rows(split), self._histories
        if split == "train":
            return [f"user {user}" for user in prepared.user_names[rows].tolist()]
        users = prepared.users_of(rows)
        named = zip(prepared.user_names[users].tolist(), (rows - prepared.starts[users] + 1).tolist(), strict=True)
        return [f"user {user}, no. {number}" for user, number in named]

    def units(self, split: Split) -> list[str] | None:
        """The user; None where each has one example."""
        rows, prepared = self._split_rows(split), self._histories
        users = rows if split == "train" else prepared.users_of(rows)
        return None if len(np.unique(users)) == len(users) else prepared.user_names[users].tolist()

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """The last items before what is to be predicted, and that."""
        prepared, rows = self._histories, self._split_rows(split)
        told = []
        for index, history in zip(indices, self._raw(split, indices), strict=True):
            shown = "; ".join(self.spec.title(place) for place in history.items[-_SHOWN_ITEMS:].tolist())
            told.append(shown if split == "train" else f"{shown} -> {prepared.titles[prepared.names[rows[index]]]}")
        return told

    def raw(self, split: Split) -> Sequence[Any]:
        """The `History` of each example."""
        return LazyRows(self.num_examples(split), lambda indices: self._raw(split, indices))

    def attributes(self, split: Split) -> dict[str, list[float] | list[str]]:
        """How much each history holds."""
        return {"items before": [float(len(history.items)) for history in self.raw(split)]}

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's user and the place of what is predicted: histories repeat by nature."""
        names = (f"{split} {name}".encode() for name in self.examples(split))
        return [hashlib.blake2b(name, digest_size=16).digest() for name in names]

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether the catalogue that a trial used is that of the items outside of validation and test."""
        prepared = self._histories
        outside = np.setdiff1d(np.arange(len(prepared.names)), np.concatenate([prepared.val, prepared.test]))
        allowed = set(map(str, prepared.item_names[np.unique(prepared.names[outside])]))
        foreign = [name for name in recorded["items"] if name not in allowed]
        return f"{len(foreign):,} items used are not of the train part ({foreign[0]}, ...)" if foreign else None

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A table of interactions, whose users are to be given lists, or one history as a text of items."""
        assert isinstance(spec, InteractionSpec)
        return new_histories(spec, reading)

    # What loaders are made of ----------------------------------------------------------------------------------------

    def _prepare(self) -> PreparedInteractions:
        return prepare_interactions(self.source, self._preparation)

    @property
    def _histories(self) -> PreparedInteractions:
        found: PreparedInteractions = self._prepared
        return found

    _tokens_named_N: NDArray[np.int32] | None = None

    @cached_property
    def _tokens(self) -> NDArray[np.int32]:
        named_N, prepared = self._tokens_named_N, self._histories
        return prepared.tokens if named_N is None else named_N[prepared.names]

    @cached_property
    def _known(self) -> KnownTokens:
        return KnownTokens(self._tokens)

    @cached_property
    def _other(self) -> KnownTokens:
        return KnownTokens(self._histories.other_tokens)

    def _tells(self, split: Split) -> bool:
        """Whether what is said of a split is told for the other order of ties too; not with a foreign catalogue."""
        return split == "test" and len(self._histories.other_test) > 0 and self._tokens_named_N is None

    def _draw(self) -> dict[str, Rows]:
        prepared = self._histories
        users = np.flatnonzero(np.diff(prepared.train_starts))
        return {"train": users, "val": prepared.val, "test": prepared.test}

    def _train_part(self, rows: Rows) -> Rows:
        return train_part(rows, self._train_fraction, seed=self._seed)

    @property
    def _learnt_histories(self) -> tuple[NDArray[np.int32], Rows]:
        """The tokens of the users of train, and where each user's begin."""
        prepared, counts_U = self._histories, np.diff(self._histories.train_starts)
        is_learnt_U = np.isin(np.arange(len(counts_U)), self._split_rows("train"))
        starts = np.concatenate([[0], np.cumsum(np.where(is_learnt_U, counts_U, 0))])
        return prepared.train_tokens[np.repeat(is_learnt_U, counts_U)], starts

    @property
    def _pieces(self) -> Pieces:
        users = self._split_rows("train")
        if self._pieces_of is None or self._pieces_of[0] is not users:
            self._pieces_of = users, Pieces(*self._learnt_histories, max_length=self._max_length)
        return self._pieces_of[1]

    def _training_plan(self) -> BucketedPlan:
        sampler = EpochSampler(np.arange(len(self._pieces)), seed=self.seed)
        return BucketedPlan(sampler, lengths=self._pieces.lengths, batch_size=self.batch_size, drop_single=True)

    def _learnt(self, rows: Rows, epoch: int) -> Batch:
        history_BT, targets_BT = map(torch.from_numpy, self._pieces.batch(rows, seed=self.seed, epoch=epoch))
        return Batch((history_BT,), targets_BT, len(rows))

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        prepared = self._histories
        places = np.arange(len(prepared.names))
        return np.minimum(places - prepared.starts[prepared.users_of(places)] + 1, self._max_length)

    def _inputs(self, split: Split, rows: Rows) -> Tree:
        """Histories and what they mask; of the test, where the other order of ties matters, in that order too."""
        own = self._before(self._known, rows)
        return (*own, *self._before(self._other, self._in_other_order(rows))) if self._tells(split) else own

    def _in_other_order(self, rows: Rows) -> Rows:
        prepared = self._histories
        return prepared.other_test[np.searchsorted(prepared.test, rows)]

    def _before(self, known: KnownTokens, places: Rows) -> tuple[Tensor, Tensor]:
        """What stands before these interactions: the last steps of it, and all of it that is masked."""
        begins, ends = self._range_before(known, places)
        history_BT = torch.from_numpy(last_steps(known.values, begins, ends, self._max_length))
        seen_BS = torch.from_numpy(padded(known.values, begins, ends))
        return history_BT, seen_BS if self._mask_seen else seen_BS[:, :0]

    def _range_before(self, known: KnownTokens, places: Rows) -> tuple[Rows, Rows]:
        prepared = self._histories
        return known.ranges(prepared.starts[prepared.users_of(places)], places)

    def _batch(self, split: Split, rows: Rows) -> Batch:
        """What stands before some interactions, and the item that comes next at the last step of each history."""
        history_BT, seen_BS = self._before(self._known, rows)
        targets_BT = torch.full_like(history_BT, PAD)
        targets_BT[torch.arange(len(rows)), (history_BT != PAD).sum(dim=1) - 1] = torch.from_numpy(
            self._tokens[rows].astype(np.int64)
        )
        return Batch((history_BT, seen_BS), targets_BT, len(rows))

    def _raw(self, split: Split, indices: Sequence[int]) -> list[History]:
        prepared, rows = self._histories, self._split_rows(split)[np.asarray(indices, dtype=np.int64)]
        if split == "train":
            spans = prepared.train_starts[rows], prepared.train_starts[rows + 1]
            return self._cut(prepared.train_tokens, *spans, prepared.user_names[rows])
        names = prepared.user_names[prepared.users_of(rows)]
        own = self._cut(self._known.values, *self._range_before(self._known, rows), names)
        if not self._tells(split):
            return own
        spans = self._range_before(self._other, self._in_other_order(rows))
        others = self._cut(self._other.values, *spans, names)
        return [dataclasses.replace(one, other=other) for one, other in zip(own, others, strict=True)]

    def _cut(self, tokens: NDArray[np.int32], begins: Rows, ends: Rows, names: NDArray[Any]) -> list[History]:
        found = []
        for begin, end, name in zip(begins.tolist(), ends.tolist(), names.tolist(), strict=True):
            items = tokens[begin:end].astype(np.int64) - FIRST
            found.append(History(str(name), items, items if self._mask_seen else items[:0]))
        return found

    def _describe(self, common: dict[str, Any]) -> InteractionSpec:
        prepared = self._histories
        names = prepared.item_names[prepared.catalogue].tolist()
        titles = prepared.titles[prepared.catalogue].tolist()
        tokens, _ = self._learnt_histories
        counts = np.bincount(tokens - FIRST, minlength=len(names))
        column_of, num_repeats, num_test = prepared.column_of, prepared.num_repeats, len(prepared.test)
        note = (
            f"{num_repeats:,} of {num_test:,} test items are masked, since the user had them before: no list can have "
        )
        repeats = (f"{note}them (data.mask_seen=false).",) * bool(num_repeats and self._mask_seen)
        own = {"num_train": self._training_plan().num_examples, "notes": (*common["notes"], *repeats)}
        return InteractionSpec(
            **common | own,
            items=tuple(map(str, names)),
            titles=() if titles == names else tuple(map(str, titles)),
            counts=tuple(counts.tolist()),
            num_interactions=len(tokens),
            max_length=self._max_length,
            typical_length=max(2, round(float(self._pieces.lengths.mean()))),
            masks_seen=self._mask_seen,
            user_column=column_of["user"],
            item_column=column_of["item"],
            time_column=column_of["time"],
        )
