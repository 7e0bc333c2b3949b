"""Several processes share each batch: all rows of it, each once, and nobody is left without."""

import numpy as np
import pytest

from bakeoff.data.batches.buckets import BucketedPlan
from bakeoff.data.batches.order import BatchPlan, EpochSampler, Share
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.streams import StreamPlan
from bakeoff.errors import DataError


def plan(num_rows, batch_size, *, training, share=None):
    sampler = EpochSampler(np.arange(num_rows), seed=3 if training else None)
    made = BatchPlan(sampler, batch_size=batch_size, drop_single=training)
    if share is not None:
        made.share(share)
    return made


def texts(num_documents, length):
    return Ragged.of([[7 + row] * length for row in range(num_documents)], dtype=np.int32)


@pytest.mark.parametrize("num_rows", [40, 41, 43, 47])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("num_ranks", [2, 3])
def test_shares_of_a_batch_are_its_rows_and_differ_by_one_at_most(num_rows, training, num_ranks):
    whole = list(plan(num_rows, 12, training=training, share=Share(0, 1)))
    shares = [list(plan(num_rows, 12, training=training, share=Share(rank, num_ranks))) for rank in range(num_ranks)]
    assert len({len(batches) for batches in shares}) == 1
    for batches in zip(*shares, strict=True):
        sizes = [len(rows) for rows in batches]
        assert min(sizes) >= 1
        assert max(sizes) - min(sizes) <= 1
    together = [np.sort(np.concatenate(batches)) for batches in zip(*shares, strict=True)]
    for rows, expected in zip(together, whole[: len(together) - 1], strict=False):
        assert rows.tolist() == sorted(expected.tolist())
    if not training:
        assert np.concatenate(together).tolist() == list(range(num_rows))


def test_in_training_a_last_batch_without_a_row_for_each_is_left_out():
    shares = [plan(26, 12, training=True, share=Share(rank, 3)) for rank in range(3)]
    assert [len(share) for share in shares] == [2, 2, 2]
    assert [share.num_examples for share in shares] == [24, 24, 24]
    assert len(plan(26, 12, training=True)) == 3


def test_in_evaluation_such_rows_join_the_batch_before():
    shares = [list(plan(26, 12, training=False, share=Share(rank, 3))) for rank in range(3)]
    assert [[len(rows) for rows in batches] for batches in shares] == [[4, 5], [4, 5], [4, 4]]


def test_more_processes_than_rows_are_refused():
    with pytest.raises(DataError, match=r"data\.too_few_rows"):
        plan(3, 12, training=False, share=Share(0, 4))


def test_what_is_left_out_on_resuming_is_counted_in_batches_of_all():
    resumed = plan(47, 12, training=True, share=Share(1, 2))
    undisturbed = list(resumed)
    resumed.skip(2)
    assert [rows.tolist() for rows in resumed] == [rows.tolist() for rows in undisturbed[2:]]


def test_batches_of_like_lengths_are_shared_row_by_row():
    lengths = np.arange(40) % 9
    made = [
        BucketedPlan(EpochSampler(np.arange(40), seed=1), lengths=lengths, batch_size=8, drop_single=True)
        for _ in range(3)
    ]
    made[1].share(Share(0, 2))
    made[2].share(Share(1, 2))
    for whole, first, second in zip(*made, strict=True):
        assert whole[0::2].tolist() == first.tolist()
        assert whole[1::2].tolist() == second.tolist()


@pytest.mark.parametrize("evaluation", [False, True])
def test_each_process_keeps_its_streams(evaluation):
    def pieces(share):
        tokens, rows = texts(6, 50), np.arange(6)
        if evaluation:
            made = StreamPlan.evaluation(tokens, rows, start=2, num_streams=4, piece=8)
        else:
            made = StreamPlan.training(tokens, EpochSampler(rows, seed=0), start=2, batch_size=4, sequence_length=16)
        made.share(share)
        return list(made)

    whole, first, second = pieces(Share()), pieces(Share(0, 2)), pieces(Share(1, 2))
    assert len(whole) == len(first) == len(second)
    for arrays, mine, theirs in zip(whole, first, second, strict=True):
        for array, upper, lower in zip(arrays, mine, theirs, strict=True):
            assert np.array_equal(array[0::2], upper)
            assert np.array_equal(array[1::2], lower)
