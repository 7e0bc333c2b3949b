"""Documents as contiguous streams of tokens, so that a recurrent state goes on from batch to batch.

B batch (streams side by side), T tokens of a piece, M tokens of a whole stream.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.batches.order import EpochSampler, Share
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import PAD

NOT_SCORED = -1
"""Instead of a document's number, where a target is no part of a document."""


@dataclasses.dataclass(frozen=True)
class Stream:
    """Documents one after another, each behind a START token.

    ``documents`` holds each token's document, counted in the order of the rows; `NOT_SCORED` at the START tokens.
    """

    tokens: NDArray[Any]
    documents: NDArray[np.int64]

    @classmethod
    def of(cls, tokens: Ragged, rows: Rows, *, start: int) -> Stream:
        """The documents of these rows, in this order."""
        lengths = tokens.lengths(rows) + 1
        documents = np.repeat(np.arange(len(rows)), lengths)
        heads = np.cumsum(lengths) - lengths
        documents[heads] = NOT_SCORED
        joined = np.full(len(documents), start, dtype=tokens.values.dtype)
        joined[documents != NOT_SCORED] = np.concatenate([tokens.row(row) for row in rows])
        return cls(joined, documents)

    def pieces(self, num_streams: int, length: int, piece: int, *, start: int) -> Iterator[tuple[Any, Any, Any]]:
        """Cut into ``num_streams`` rows of ``length`` tokens, then these into pieces, in order of time.

        Row ``b`` of a piece continues row ``b`` of the piece before. Beyond the end, tokens are START and nothing is
        scored.

        Yields:
            Inputs, the tokens that follow them, and the document of each of those: int64 ``(B, T)``. A target that is
            no part of a document is PAD.
        """
        total = num_streams * length
        missing = max(0, total + 1 - len(self.tokens))
        tokens = np.pad(self.tokens[: total + 1], (0, missing), constant_values=start)
        documents = np.pad(self.documents[: total + 1], (0, missing), constant_values=NOT_SCORED)
        inputs_BM = tokens[:-1].reshape(num_streams, length)
        targets_BM, documents_BM = (array[1:].reshape(num_streams, length) for array in (tokens, documents))
        for begin in range(0, length, piece):
            part = slice(begin, begin + piece)
            documents_BT = documents_BM[:, part]
            targets_BT = np.where(documents_BT == NOT_SCORED, PAD, targets_BM[:, part]).astype(np.int64)
            yield inputs_BM[:, part].astype(np.int64), targets_BT, documents_BT.copy()


class TrainingPlan:
    """The pieces of an epoch: documents in an order drawn by ``(seed, epoch)``, cut into ``batch_size`` streams.

    What does not fill the last pieces of all streams is left out; the next epoch leaves out something else.

    Args:
        tokens: of all documents.
        sampler: the order of the documents.
        start: the START token.
        batch_size: streams side by side, those of all ranks together; a rank's are the same in all batches.
        sequence_length: T, tokens of a piece.
    """

    def __init__(
        self, tokens: Ragged, sampler: EpochSampler, *, start: int, batch_size: int, sequence_length: int
    ) -> None:
        self.sampler = sampler
        self._tokens = tokens
        self._start = start
        self._batch_size = batch_size
        self._sequence_length = sequence_length
        self.num_tokens = int(tokens.lengths(sampler.rows).sum()) + len(sampler)
        self._num_batches = max(0, self.num_tokens - 1) // (batch_size * sequence_length)
        self._share = Share()
        self._skipped = 0

    @property
    def num_examples(self) -> int:
        """Pieces an epoch, of all streams."""
        return self._num_batches * self._batch_size

    def share(self, share: Share) -> None:
        """From the next iteration on, yield this part of each piece: the same streams in all of them."""
        share.require(self._batch_size)
        self._share = share

    def skip(self, num_batches: int) -> None:
        """Leave out the first batches of the next iteration, and of that one only."""
        self._skipped = num_batches

    def __len__(self) -> int:
        """Batches an epoch, skipped ones included."""
        return self._num_batches

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """As `Stream.pieces`."""
        first, self._skipped = self._skipped, 0
        stream = Stream.of(self._tokens, self.sampler.order(), start=self._start)
        length = self._num_batches * self._sequence_length
        pieces = stream.pieces(self._batch_size, length, self._sequence_length, start=self._start)
        for number, piece in enumerate(pieces):
            if number >= first:
                yield share_of_piece(self._share, piece)


class EvaluationPlan:
    """Every token of every document once, in a fixed order.

    Args:
        tokens: of all documents.
        rows: the documents.
        start: the START token.
        num_streams: B at most; there are fewer where pieces are few.
        piece: T, tokens of a piece.
    """

    def __init__(self, tokens: Ragged, rows: Rows, *, start: int, num_streams: int, piece: int) -> None:
        self.sampler = EpochSampler(rows, seed=None)
        self._tokens = tokens
        self._start = start
        self._piece = piece
        num_scored = int(tokens.lengths(rows).sum()) + len(rows) - 1
        self._length = -(-num_scored // (num_streams * piece)) * piece
        self._num_streams = -(-num_scored // self._length)
        self._share = Share()
        self._skipped = 0

    @property
    def num_examples(self) -> int:
        """Pieces, of all streams."""
        return len(self) * self._num_streams

    def share(self, share: Share) -> None:
        """From the next iteration on, yield this part of each piece: the same streams in all of them."""
        share.require(self._num_streams)
        self._share = share

    def skip(self, num_batches: int) -> None:
        """Leave out the first batches of the next iteration, and of that one only."""
        self._skipped = num_batches

    def __len__(self) -> int:
        """Batches, skipped ones included."""
        return self._length // self._piece

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """As `Stream.pieces`."""
        first, self._skipped = self._skipped, 0
        stream = Stream.of(self._tokens, self.sampler.rows, start=self._start)
        for number, piece in enumerate(stream.pieces(self._num_streams, self._length, self._piece, start=self._start)):
            if number >= first:
                yield share_of_piece(self._share, piece)


def share_of_piece(share: Share, piece: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """A rank's rows of inputs, targets and documents."""
    inputs_BT, targets_BT, documents_BT = map(share.of, piece)
    return inputs_BT, targets_BT, documents_BT
