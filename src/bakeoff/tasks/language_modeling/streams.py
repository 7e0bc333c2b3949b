"""Streams that go on from batch to batch, read piece by piece.

B batch (streams side by side), T tokens of a piece, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.data.batches.batch import Batch, batch_in_parts, in_parts
from bakeoff.models.contracts import State, detached, joined, select_rows
from bakeoff.tasks.contract import Pass
from bakeoff.tasks.language_modeling.network import LanguageModel, PretrainedLanguageModel


class StreamReader:
    """Reads streams piece by piece, each piece with what went before it in the same row.

    A model that carries a state goes on from it. Any other is shown the piece before as context, and what it says of
    that context is dropped; pieces are half as long as in training, so that context and piece together are what the
    model was trained on.
    """

    def __init__(self) -> None:
        self.state: State | None = None
        self.previous_BT: Tensor | None = None

    def in_parts(self, count: int, num_rows: int) -> list[StreamReader]:
        """A reader for each part of the rows, as `bakeoff.data.batches.batch.in_parts` parts them."""
        rows = in_parts(torch.arange(num_rows), count)
        return [self._of_rows(part) for part in rows if isinstance(part, Tensor)]

    def _of_rows(self, rows_B: Tensor) -> StreamReader:
        part = StreamReader()
        part.state = None if self.state is None else select_rows(self.state, rows_B)
        part.previous_BT = None if self.previous_BT is None else self.previous_BT[rows_B]
        return part

    @classmethod
    def of_parts(cls, parts: Sequence[StreamReader]) -> StreamReader:
        """One reader of the rows of all."""
        whole = cls()
        whole.state = None if parts[0].state is None else joined([part.state for part in parts])
        previous = [part.previous_BT for part in parts if part.previous_BT is not None]
        whole.previous_BT = torch.cat(previous) if previous else None
        return whole

    def read(self, net: LanguageModel | PretrainedLanguageModel, tokens_BT: Tensor) -> Tensor:
        """Logits of the piece, shape ``(B, T, V)``."""
        if isinstance(net, LanguageModel) and net.carries_state:
            logits_BTV, self.state = net.forward_from(tokens_BT, self.state)
            return logits_BTV
        context_BT = self.previous_BT
        self.previous_BT = tokens_BT
        if context_BT is None:
            return net(tokens_BT)
        return net(torch.cat([context_BT, tokens_BT], dim=1))[:, context_BT.shape[1] :]


class StreamPass(Pass):
    """A pass over streams from their beginning.

    Args:
        training: recurrent models carry their state from batch to batch, cut off from its graph (truncated
            back-propagation through time; Williams and Peng 1990), and others read each piece by itself; else all see
            what went before.
    """

    def __init__(self, *, training: bool) -> None:
        self.training = training
        self.reader = StreamReader()

    def __call__(self, net: nn.Module, inputs: Tensor) -> Tensor:
        """Logits ``(B, T, V)`` of the next piece of each row's stream."""
        model: Any = net
        if not self.training:
            return self.reader.read(model, inputs)
        if not model.carries_state:
            return model(inputs)
        self._begin_anew_unless(len(inputs))
        logits_BTV, state = model.forward_from(inputs, self.reader.state)
        self.reader.state = detached(state)
        return logits_BTV

    def parts(self, batch: Batch, count: int) -> Iterator[Batch]:
        """A batch in parts, each of which goes on from the state of its own rows."""
        if count == 1:
            yield batch
            return
        self._begin_anew_unless(batch.size)
        readers = self.reader.in_parts(count, batch.size)
        for self.reader, part in zip(readers, batch_in_parts(batch, count), strict=True):
            yield part
        self.reader = StreamReader.of_parts(readers)

    def forget(self) -> None:
        """Streams start anew: their state is no finite number either."""
        self.reader = StreamReader()

    def state(self) -> State | None:
        """What the streams have reached."""
        return self.reader.state

    def restore(self, state: State | None) -> None:
        """Takes it up again."""
        self.reader.state = state

    def _begin_anew_unless(self, num_rows: int) -> None:
        """A batch of another number of rows continues nothing."""
        if self.reader.state is not None and _num_rows(self.reader.state) != num_rows:
            self.reader = StreamReader()


def _num_rows(state: Any) -> int:
    while isinstance(state, tuple):
        state = state[0]
    return len(state)
