"""An epoch of which each class has an equal share: for one process and for several."""

import numpy as np
import pytest

from bakeoff.data.batches.order import BatchPlan, EpochSampler, Share
from bakeoff.errors import ConfigError
from tests.data.test_text_labelled import labelled, table

ROWS = np.arange(100, 200)
CLASSES = np.repeat([0, 1, 2], [90, 7, 3])


def sampler(**options):
    return EpochSampler(ROWS, seed=4, classes=CLASSES, **options)


def test_every_epoch_has_equally_many_of_each_class_and_as_many_rows_as_there_are():
    made = sampler()
    for epoch in (0, 1):
        made.set_epoch(epoch)
        order = made.order()
        assert len(order) == len(made) == 100
        assert sorted(np.bincount(CLASSES[order - 100])) == [33, 33, 34]


def test_rows_of_a_rare_class_come_equally_often_and_those_of_a_common_one_once():
    times = np.bincount(sampler().order() - 100, minlength=100)
    assert times[:90].max() == 1
    assert times[90:97].max() - times[90:97].min() <= 1
    assert times[97:].max() - times[97:].min() <= 1


def test_the_order_is_of_seed_and_epoch_alone():
    first, again, other = sampler(), sampler(), sampler()
    other.set_epoch(1)
    assert first.order().tolist() == again.order().tolist() != other.order().tolist()


def test_two_processes_have_the_rows_of_one_between_them():
    def batches(share):
        plan = BatchPlan(sampler(), batch_size=16, drop_single=True)
        plan.share(share)
        return list(plan)

    whole, first, second = batches(Share()), batches(Share(0, 2)), batches(Share(1, 2))
    for together, one, two in zip(whole, first, second, strict=True):
        assert sorted(together) == sorted([*one, *two])


def test_texts_are_drawn_by_class_and_those_with_several_labels_are_refused():
    data = labelled(table(["no"] * 110 + ["yes"] * 10), sampler="balanced")
    counts = np.bincount(np.concatenate([batch.targets.numpy() for batch in data.train_dataloader()]))
    assert counts.max() - counts.min() <= 1
    assert data.spec.class_counts[0] > 5 * data.spec.class_counts[1]
    validated = np.concatenate([batch.targets.numpy() for batch in data.val_dataloader()])
    assert (validated == 0).sum() > 5 * (validated == 1).sum()
    several = labelled(table([["x"] * (row % 2) + ["y"] * (row % 3 == 0) for row in range(60)]), sampler="balanced")
    with pytest.raises(ConfigError, match="several labels have no one class"):
        _ = several.spec
