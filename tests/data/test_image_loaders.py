"""Batches: the order a function of seed and epoch, chunks and skips exact, memory and workers alike."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.image.headers import Layout
from bakeoff.data.image.loaders import DecodedImages, ImageLoader, evaluation_batch_size
from tests.data.made_images import InMemory, noise_image, table


def plan(num_rows: int, *, batch_size: int = 4, seed: int | None = 0, drop_single: bool = True) -> BatchPlan:
    """Over rows 100, 101, ..."""
    sampler = EpochSampler(np.arange(100, 100 + num_rows), seed=seed)
    return BatchPlan(sampler, batch_size=batch_size, drop_single=drop_single)


def loader(num_rows: int, *, chunk: int = 1, seed: int | None = 0, batch_size: int = 4) -> ImageLoader:
    """One-pixel images that hold their row number, and labels that do too."""
    numbers = torch.arange(100 + num_rows)
    pixels_NCHW = numbers.to(torch.uint8).reshape(-1, 1, 1, 1)
    batches = plan(num_rows, seed=seed, batch_size=batch_size)
    how = {"make_batch": lambda images, rows: Batch(images, numbers[rows], len(rows)), "mean": [0.0], "std": [1 / 255]}
    return ImageLoader(DecodedImages(pixels_NCHW), batches, chunk=chunk, **how)


def seen(batches: list) -> list[list[int]]:
    """The labels of each batch, which must agree with its images."""
    for images_BCHW, labels_B, size in batches:
        assert torch.equal(images_BCHW.flatten(), labels_B.float())
        assert size == len(labels_B)
    return [labels_B.tolist() for _, labels_B, _ in batches]


def flat(batches: list[list[int]]) -> list[int]:
    """One epoch's rows in order."""
    return [row for batch in batches for row in batch]


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    first, again, other_seed = loader(20, seed=3), loader(20, seed=3), loader(20, seed=4)
    epoch_0 = seen(list(first))
    assert epoch_0 == seen(list(again)) == seen(list(first))
    assert epoch_0 != seen(list(other_seed))
    first.set_epoch(1)
    epoch_1 = seen(list(first))
    assert epoch_1 != epoch_0
    assert sorted(flat(epoch_1)) == sorted(flat(epoch_0)) == list(range(100, 120))


def test_the_global_generators_are_left_alone() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    list(loader(20))
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])


def test_only_a_last_batch_of_one_is_left_out_and_only_in_training() -> None:
    assert [len(batch) for batch in plan(9)] == [4, 4]
    assert plan(9).num_examples == 8
    assert [len(batch) for batch in plan(9, drop_single=False)] == [4, 4, 1]
    assert [len(batch) for batch in plan(10)] == [4, 4, 2]
    assert [len(batch) for batch in plan(3, batch_size=1)] == [1, 1, 1]


def test_chunks_hold_the_same_batches_in_the_same_order() -> None:
    single, chunked = loader(22), loader(22, chunk=4)
    chunks = list(chunked)
    assert [len(chunk) for chunk in chunks] == [4, 2]
    assert len(chunked) == 2
    assert len(single) == chunked.num_batches == 6
    assert single.num_examples == chunked.num_examples == 22
    assert seen([batch for chunk in chunks for batch in chunk]) == seen(list(single))


def test_skip_resumes_within_an_epoch_and_holds_for_one_iteration() -> None:
    whole = seen(list(loader(22)))
    resumed = loader(22)
    resumed.skip(3)
    assert len(resumed) == 6
    assert seen(list(resumed)) == whole[3:]
    assert seen(list(resumed)) == whole
    chunked = loader(22, chunk=2)
    chunked.skip(2)
    assert [seen(chunk) for chunk in chunked] == [whole[2:4], whole[4:6]]


def test_evaluation_batches_are_large_for_small_images_only() -> None:
    assert evaluation_batch_size(64, Layout(1, 28, 28)) == 512
    assert evaluation_batch_size(16, Layout(3, 224, 224)) == 26
    assert evaluation_batch_size(64, Layout(3, 224, 224)) == 64


class Recorder(pl.LightningModule):
    """Notes which rows each epoch trains on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.epochs: dict[int, list[int]] = {}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """A loss with a gradient."""
        self.epochs.setdefault(self.current_epoch, []).extend(batch.targets.tolist())
        return (self.weight * batch.inputs.sum()).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Any."""
        return torch.optim.SGD(self.parameters(), lr=0.0)


def test_lightning_sets_the_epoch_and_counts_the_batches(tmp_path) -> None:
    recorder, data = Recorder(), loader(20, seed=5)
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(recorder, data)
    assert trainer.num_training_batches == 5
    for epoch in range(3):
        data.set_epoch(epoch)
        assert recorder.epochs[epoch] == flat(seen(list(data)))
    assert recorder.epochs[0] != recorder.epochs[1]


def test_images_that_do_not_fit_in_memory_come_in_the_same_batches(module) -> None:
    images = [noise_image(row, size=(9, 7), mode="RGB") for row in range(40)]
    source = InMemory({"train": table(["a", "b"] * 20, image=images)})
    fits = module(source, batch_size=4, image_size=6)
    decodes = module(source, batch_size=4, image_size=6, in_memory_gb=1e-9, num_workers=2)
    assert decodes.fingerprint == fits.fingerprint
    assert decodes.spec.to_dict() == fits.spec.to_dict()
    pairs = [
        (fits.train_dataloader(), decodes.train_dataloader()),
        (fits.val_dataloader(), decodes.val_dataloader()),
    ]
    for memory, workers in pairs:
        memory.set_epoch(2)
        workers.set_epoch(2)
        memory.skip(1)
        workers.skip(1)
        assert len(memory) == len(workers)
        for (images_a, labels_a, _), (images_b, labels_b, _) in zip(memory, workers, strict=True):
            assert torch.equal(images_a, images_b)
            assert torch.equal(labels_a, labels_b)
    assert np.array_equal(np.stack(fits.show("test", [1, 0])), np.stack(decodes.show("test", [1, 0])))
