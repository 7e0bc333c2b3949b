"""Documents as contiguous streams of tokens, so that a recurrent state goes on from batch to batch.

B batch (streams side by side), T tokens of a piece, M tokens of a whole stream.
"""

from __future__ import annotations

import dataclasses
import itertools
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


class StreamPlan:
    """The pieces of an epoch: documents in the sampler's order, cut into streams that are read side by side.

    Args:
        tokens: of all documents.
        sampler: the order of the documents.
        start: the START token.
        num_streams: B, those of all ranks together; a rank's are the same in all batches.
        piece: T, tokens of a piece.
        num_pieces: of each stream.
    """

    def __init__(
        self, tokens: Ragged, sampler: EpochSampler, *, start: int, num_streams: int, piece: int, num_pieces: int
    ) -> None:
        self.sampler = sampler
        self._tokens = tokens
        self._start = start
        self._num_streams = num_streams
        self._piece = piece
        self._num_pieces = num_pieces
        self._share = Share()
        self._skipped = 0

    @classmethod
    def training(
        cls, tokens: Ragged, sampler: EpochSampler, *, start: int, batch_size: int, sequence_length: int
    ) -> StreamPlan:
        """``batch_size`` streams; what does not fill their last pieces is left out, something else in each epoch."""
        num_pieces = max(0, num_targets(tokens, sampler.rows)) // (batch_size * sequence_length)
        cut = {"num_streams": batch_size, "piece": sequence_length, "num_pieces": num_pieces}
        return cls(tokens, sampler, start=start, **cut)

    @classmethod
    def evaluation(cls, tokens: Ragged, rows: Rows, *, start: int, num_streams: int, piece: int) -> StreamPlan:
        """Every token of every document once, in a fixed order; there are fewer streams where pieces are few."""
        num_scored = num_targets(tokens, rows)
        num_pieces = -(-num_scored // (num_streams * piece))
        cut = {"num_streams": -(-num_scored // (num_pieces * piece)), "piece": piece, "num_pieces": num_pieces}
        return cls(tokens, EpochSampler(rows, seed=None), start=start, **cut)

    @property
    def num_examples(self) -> int:
        """Pieces an epoch, of all streams."""
        return self._num_pieces * self._num_streams

    def share(self, share: Share) -> None:
        """From the next iteration on, yield this part of each piece: the same streams in all of them."""
        share.require(self._num_streams)
        self._share = share

    def skip(self, num_batches: int) -> None:
        """Leave out the first batches of the next iteration, and of that one only."""
        self._skipped = num_batches

    def __len__(self) -> int:
        """Batches an epoch, skipped ones included."""
        return self._num_pieces

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        """As `Stream.pieces`."""
        first, self._skipped = self._skipped, 0
        stream = Stream.of(self._tokens, self.sampler.order(), start=self._start)
        pieces = stream.pieces(self._num_streams, self._num_pieces * self._piece, self._piece, start=self._start)
        for piece in itertools.islice(pieces, first, None):
            inputs_BT, targets_BT, documents_BT = map(self._share.of, piece)
            yield inputs_BT, targets_BT, documents_BT


def num_targets(tokens: Ragged, rows: Rows) -> int:
    """The tokens of these documents and their START tokens, but for the very first, which follows nothing."""
    return int(tokens.lengths(rows).sum()) + len(rows) - 1
