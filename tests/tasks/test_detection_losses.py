"""The losses of detectors against torchvision's own code, and against the best of all matchings."""

from __future__ import annotations

import dataclasses
import functools
import itertools

import pytest
import torch
from torch.nn import functional as F
from torchvision.models.detection import _utils as reference
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_convert, box_iou, generalized_box_iou_loss

from bakeoff.data.batches.batch import Ragged
from bakeoff.models.boxes import differences, in_crowds, moved, overlaps, padded_boxes
from bakeoff.models.detection import BOX_STEPS, RegionOutputs, SetOutputs
from bakeoff.tasks.object_detection.region_loss import RegionLoss, sampled
from bakeoff.tasks.object_detection.set_loss import SetLoss
from tests.tasks.detection_examples import labels

SIZE = (3, 48, 64)
EVERYTHING = 10_000


def boxes(count: int, *, seed: int) -> torch.Tensor:
    return labels(SIZE, counts=[count], seed=seed)["boxes"]


def outputs(count: int, truth: Ragged) -> RegionOutputs:
    rng = torch.Generator().manual_seed(2)
    batch = len(truth["counts"])
    logits = torch.randn(batch, EVERYTHING, 4, generator=rng)
    numbers = torch.randn(batch, EVERYTHING, 4, generator=rng)
    return RegionOutputs(
        size=SIZE[1:],
        proposals_BP4=torch.stack([boxes(20, seed=5 + row) for row in range(batch)]),
        real_BP=torch.ones(batch, 20, dtype=torch.bool),
        classify=lambda regions: (logits[:, : regions.shape[1]], numbers[:, : regions.shape[1]]),
        anchors_A4=torch.cat([boxes(count, seed=1), truth["boxes"] + 1.0]),
        objectness_BA=torch.randn(batch, count + len(truth["boxes"]), generator=rng),
        differences_BA4=torch.randn(batch, count + len(truth["boxes"]), 4, generator=rng),
    )


TRUTH = labels(SIZE, counts=[3])


def test_differences_are_those_of_torchvision_and_are_undone() -> None:
    some, others = boxes(5, seed=3), boxes(5, seed=4)
    coder = reference.BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
    torch.testing.assert_close(differences(some, others), coder.encode_single(some, others))
    torch.testing.assert_close(moved(differences(some, others), others), some, atol=1e-4, rtol=1e-5)


def test_overlaps_are_those_of_torchvision_for_each_image_alone() -> None:
    truth, some = labels(SIZE, counts=[2, 0, 3]), torch.stack([boxes(6, seed=seed) for seed in range(3)])
    found = overlaps(some, padded_boxes(truth))
    assert found.shape == (3, 6, 3)
    for row, own in enumerate(truth["boxes"].split([2, 0, 3])):
        torch.testing.assert_close(found[row, :, : len(own)], box_iou(some[row], own))
        assert (found[row, :, len(own) :] == -1).all()


def test_the_loss_of_proposals_is_that_of_torchvision_where_all_anchors_count() -> None:
    said = outputs(40, TRUTH)
    network = RegionProposalNetwork(None, None, 0.7, 0.3, EVERYTHING, 0.5, {}, {}, 0.7)
    named, matched = network.assign_targets_to_anchors([said.anchors_A4], [{"boxes": TRUTH["boxes"]}])
    wanted = network.box_coder.encode(matched, [said.anchors_A4])
    expected = network.compute_loss(said.objectness_BA.T, said.differences_BA4[0], named, wanted)
    loss = RegionLoss(anchors_sampled=2 * EVERYTHING)
    found = loss._of_proposals(said, padded_boxes(TRUTH), None)
    torch.testing.assert_close(found, sum(expected))


def test_the_loss_of_regions_is_that_of_torchvision_where_all_regions_count() -> None:
    said = outputs(4, TRUTH)
    heads = RoIHeads(None, None, None, 0.5, 0.5, EVERYTHING, 0.5, tuple(1 / step for step in BOX_STEPS), 0, 0, 0)
    target = [{"boxes": TRUTH["boxes"], "labels": TRUTH["classes"] + 1}]
    regions, _, named, wanted = heads.select_training_samples(list(said.proposals_BP4), target)
    logits, numbers = (part[0] for part in said.classify(regions[0][None]))
    background_first = logits.roll(1, dims=1)
    expected = sum(fastrcnn_loss(background_first, numbers.repeat(1, 4), named, wanted))
    same = functools.partial(_as_sampled, regions=regions[0], logits=logits, numbers=numbers)
    ours = dataclasses.replace(said, classify=same, anchors_A4=None)
    loss = RegionLoss(regions_sampled=EVERYTHING, things_share=0.5)
    torch.testing.assert_close(loss(ours, padded_boxes(TRUTH), training=True), expected)


def _as_sampled(found, regions, logits, numbers):
    """The reference's answers to the same regions in another order."""
    order = torch.cdist(found[0], regions).argmin(dim=1)
    return logits[None, order], numbers[None, order]


def test_samples_hold_things_up_to_their_share_and_background_for_the_rest() -> None:
    thing = torch.tensor([[True] * 6 + [False] * 14, [True] + [False] * 19, [False] * 20])
    background = ~thing
    background[:, 10:] = False
    chosen, is_thing, is_real = sampled(thing, background, 8, most_things=4, generator=None)
    assert is_thing.sum(dim=1).tolist() == [4, 1, 0]
    assert is_real.sum(dim=1).tolist() == [8, 8, 8]
    assert thing.gather(1, chosen).equal(is_thing)
    assert (background | thing).gather(1, chosen)[is_real].all()
    assert len({*chosen[0].tolist()}) == 8


def test_what_lies_in_a_crowd_is_neither_a_thing_nor_background() -> None:
    crowd = Ragged(TRUTH | {"crowd": torch.tensor([True, False, False])})
    padded = padded_boxes(crowd)
    inside = torch.stack([TRUTH["boxes"][0], TRUTH["boxes"][0] + 200.0])[None]
    assert in_crowds(inside, padded).tolist() == [[pytest.approx(1.0), 0.0]]
    assert overlaps(inside, padded)[0, 0, 0] == -1
    assert in_crowds(inside, padded_boxes(TRUTH)).tolist() == [[0.0, 0.0]]


def test_the_loss_of_a_batch_is_the_mean_of_its_images() -> None:
    truth = labels(SIZE, counts=[2, 0, 3])
    said, loss = outputs(30, truth), RegionLoss(anchors_sampled=2 * EVERYTHING)
    alone = []
    for row in range(3):
        own = {name: getattr(said, name)[row : row + 1] for name in ("objectness_BA", "differences_BA4")}
        own_truth = padded_boxes(truth.part(slice(row, row + 1)))
        alone.append(loss._of_proposals(dataclasses.replace(said, **own), own_truth, None))
    torch.testing.assert_close(loss._of_proposals(said, padded_boxes(truth), None), torch.stack(alone).mean())


def test_what_validation_measures_is_not_random() -> None:
    said, truth = outputs(300, TRUTH), padded_boxes(TRUTH)
    assert RegionLoss()(said, truth, training=False) == RegionLoss()(said, truth, training=False)
    assert RegionLoss()(said, truth, training=True) != RegionLoss()(said, truth, training=True)


def set_outputs(stages: int = 2, queries: int = 5) -> SetOutputs:
    rng = torch.Generator().manual_seed(4)
    centre = 0.2 + 0.6 * torch.rand(stages, 2, queries, 2, generator=rng)
    sides = 0.1 + 0.2 * torch.rand(stages, 2, queries, 2, generator=rng)
    return SetOutputs(SIZE[1:], torch.randn(stages, 2, queries, 4, generator=rng), torch.cat([centre, sides], dim=-1))


def test_the_loss_of_a_set_is_that_of_its_cheapest_matching() -> None:
    truth, said = labels(SIZE, counts=[3, 0]), set_outputs()
    scale = torch.tensor([64.0, 48.0, 64.0, 48.0])
    total = 0.0
    for stage in range(2):
        for row, count in enumerate([3, 0]):
            wanted = box_convert(truth["boxes"][:count] / scale, "xyxy", "cxcywh")
            classes = truth["classes"][:count]
            logits, own = said.logits_LBQK[stage, row], said.boxes_LBQ4[stage, row]
            corners, wanted_corners = (box_convert(of, "cxcywh", "xyxy") for of in (own, wanted))

            def placed(order: tuple[int, ...], own=own, wanted=wanted, a=corners, b=wanted_corners) -> torch.Tensor:
                rows = list(order)
                apart = (own[rows] - wanted).abs().sum(dim=1)
                return 5 * apart + 2 * generalized_box_iou_loss(a[rows], b)

            def cost(order: tuple[int, ...], logits=logits, classes=classes, placed=placed) -> float:
                return float(placed(order).sum() - logits.softmax(dim=1)[list(order), classes].sum())

            best = min(itertools.permutations(range(5), count), key=cost)
            target = torch.full((5,), 3)
            target[list(best)] = classes
            weight = torch.where(target == 3, 0.2, 1.0)
            named = (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
            total += float(named + (placed(best).mean() if count else 0.0)) / 2
    assert float(SetLoss()(said, padded_boxes(truth))) == pytest.approx(total, rel=1e-5)


def test_more_labels_than_boxes_leave_the_dearest_ones_out() -> None:
    truth = labels(SIZE, counts=[3, 1])
    assert SetLoss()(set_outputs(queries=2), padded_boxes(truth)).isfinite()


def test_what_is_found_of_proposals_is_no_other_box_of_the_same_class_twice() -> None:
    same = torch.tensor([[[10.0, 10, 30, 30], [11, 11, 31, 31], [40, 5, 60, 25]]])
    logits = torch.tensor([[[5.0, 0, 0, 0], [4, 0, 0, 0], [0, 0, 6, 0]]])
    said = RegionOutputs(SIZE[1:], same, torch.tensor([[True, True, True]]), lambda _: (logits, torch.zeros(1, 3, 4)))
    found = said.found()
    sure = found["scores"] > 0.5
    assert found["classes"][sure].tolist() == [2, 0]
    torch.testing.assert_close(found["boxes"][sure], same[0, [2, 0]])
