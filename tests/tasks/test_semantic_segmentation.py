"""The segmentation task's losses, metrics and answers against values counted by hand or in plain NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases, Inputs, NewExamples
from bakeoff.data.masks.runs import masks_of, table_of_masks
from bakeoff.data.masks.spec import MaskSpec
from bakeoff.data.masks.values import IGNORED
from bakeoff.models.rnn.row import RowRNN
from bakeoff.statistics import pseudo_values
from bakeoff.tasks.file_names import file_names
from bakeoff.tasks.semantic_segmentation import scores
from bakeoff.tasks.semantic_segmentation.loss import MaskLoss, dice_loss, pixel_loss
from bakeoff.tasks.semantic_segmentation.network import Segmenter, enlarged
from bakeoff.tasks.semantic_segmentation.task import SemanticSegmentation

SPEC = MaskSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=3,
    num_val=1,
    num_test=7,
    channels=1,
    height=4,
    width=5,
    class_names=("a", "b", "c", "never"),
    class_shares=(0.92, 0.05, 0.03, 0.0),
    mean=(0.5,),
    std=(0.5,),
)
TASK = SemanticSegmentation(spec=SPEC)


def masks(seed: int, count: int = 7, *, ignored: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 3, (count, 4, 5)).astype(np.uint8)
    drawn[rng.random(drawn.shape) < ignored] = IGNORED
    return drawn


SAID, TRUE = masks(0), masks(1, ignored=0.2)
ANSWERS, LABELS = table_of_masks(SAID), table_of_masks(TRUE)


def counted_by_hand(said: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Pixel by pixel."""
    pairs = [(s, t) for s, t in zip(said.ravel().tolist(), true.ravel().tolist(), strict=True) if t != IGNORED]
    ious, dices = [], []
    for number in range(4):
        both = sum(s == t == number for s, t in pairs)
        either = sum(number in pair for pair in pairs)
        if either:
            ious.append(both / either)
            dices.append(2 * both / (sum(s == number for s, _ in pairs) + sum(t == number for _, t in pairs)))
    return {
        "miou": sum(ious) / len(ious),
        "dice": sum(dices) / len(dices),
        "pixel_accuracy": sum(s == t for s, t in pairs) / len(pairs),
    }


def test_metrics_pool_all_pixels_leave_ignored_ones_out_and_skip_classes_that_never_occur() -> None:
    assert TASK.summarise(ANSWERS, LABELS) == pytest.approx(counted_by_hand(SAID, TRUE), abs=1e-12)


def test_a_class_that_is_only_said_counts_as_missed_altogether() -> None:
    said, true = np.array([[[0, 0], [1, 1]]], dtype=np.uint8), np.zeros((1, 2, 2), dtype=np.uint8)
    assert TASK.summarise(table_of_masks(said), table_of_masks(true))["miou"] == pytest.approx((0.5 + 0) / 2)


def test_the_miou_of_a_data_set_is_no_mean_over_images() -> None:
    said, true = np.zeros((2, 1, 4), dtype=np.uint8), np.array([[[0, 0, 0, 1]], [[0, 0, 0, 0]]], dtype=np.uint8)
    found = TASK.summarise(table_of_masks(said), table_of_masks(true))["miou"]
    assert found == pytest.approx((7 / 8 + 0) / 2)
    assert found != pytest.approx(((3 / 4 + 0) / 2 + 1) / 2)


@pytest.mark.parametrize("metric", ["miou", "dice", "pixel_accuracy"])
def test_pseudo_values_are_those_of_leaving_each_image_out(metric: str) -> None:
    left_out = pseudo_values(lambda rows: counted_by_hand(SAID[rows], TRUE[rows])[metric], len(SAID))
    found = TASK.score_examples(ANSWERS, LABELS, metric)
    assert found == pytest.approx(left_out, abs=1e-9)
    assert found.mean() == pytest.approx(counted_by_hand(SAID, TRUE)[metric])


def test_counts_where_the_network_is_are_those_of_the_tables() -> None:
    on_device = scores.count_on_device(torch.from_numpy(SAID), torch.from_numpy(TRUE), num_classes=4)
    assert np.array_equal(on_device.numpy(), scores.counts_of(SAID, TRUE, num_classes=4))


def test_validation_measures_what_the_test_does() -> None:
    metrics = TASK.metrics("val")
    logits = F.one_hot(torch.from_numpy(SAID).long(), 4).permute(0, 3, 1, 2).float()
    for rows in (slice(0, 3), slice(3, 7)):
        TASK.update(metrics, TASK.observe(logits[rows], Batch(None, torch.from_numpy(TRUE[rows]), 3)))
    found = {name: float(value) for name, value in metrics["masks"].compute().items()}
    assert found == pytest.approx(TASK.summarise(ANSWERS, LABELS), abs=1e-6)


LOGITS = torch.randn(7, 4, 4, 5, generator=torch.Generator().manual_seed(0))
PROBABILITIES = torch.softmax(LOGITS.double(), dim=1).numpy()


def means(terms: list[list[float]]) -> float:
    return float(np.mean([np.mean(own) if own else 0.0 for own in terms]))


@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 0.5, 2.0]])
def test_pixel_losses_are_those_of_each_pixel_that_counts(gamma: float, weights: list[float] | None) -> None:
    right = [
        [(PROBABILITIES[n, t, h, w], t) for (h, w), t in np.ndenumerate(TRUE[n]) if t != IGNORED] for n in range(7)
    ]
    factors = weights or [1.0] * 4
    expected = means([[-factors[t] * (1 - p) ** gamma * np.log(p) for p, t in own] for own in right])
    weights_K = None if weights is None else torch.tensor(weights)
    found = pixel_loss(LOGITS, torch.from_numpy(TRUE).long(), weights_K=weights_K, gamma=gamma)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_the_dice_loss_is_one_less_the_overlap_of_the_classes_that_an_image_shows() -> None:
    terms = []
    for n in range(7):
        counted = TRUE[n] != IGNORED
        shown = [k for k in range(4) if (TRUE[n] == k).any()]
        terms.append(
            [
                1
                - 2
                * PROBABILITIES[n, k][TRUE[n] == k].sum()
                / (PROBABILITIES[n, k][counted].sum() + (TRUE[n] == k).sum())
                for k in shown
            ]
        )
    assert float(dice_loss(LOGITS, torch.from_numpy(TRUE).long())) == pytest.approx(means(terms), abs=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "dice", "cross_entropy_dice"])
def test_no_loss_learns_from_what_does_not_count(name: str) -> None:
    logits = LOGITS.clone().requires_grad_()
    MaskLoss(name)(logits, torch.from_numpy(TRUE)).backward()
    assert logits.grad.isfinite().all()
    of_ignored = logits.grad.permute(0, 2, 3, 1)[torch.from_numpy(TRUE) == IGNORED]
    assert (of_ignored == 0).all()
    assert (logits.grad != 0).any()


def test_a_mask_of_which_nothing_counts_costs_nothing() -> None:
    blank = torch.full((2, 4, 5), IGNORED, dtype=torch.uint8)
    for name in ("cross_entropy", "dice"):
        assert float(MaskLoss(name)(LOGITS[:2], blank)) == 0.0


def test_balanced_weights_keep_the_mean_over_train_pixels_at_one() -> None:
    task = SemanticSegmentation(spec=SPEC, class_weights=[1, 2, 4, 1])
    weights = task.training_loss._weights_K.numpy()
    assert weights[1] == pytest.approx(2 * weights[0])
    assert (weights * SPEC.class_shares).sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="one number above 0 a class"):
        SemanticSegmentation(spec=SPEC, class_weights=[1, 2])


def test_the_trivial_predictor_says_what_is_most_frequent_at_each_place() -> None:
    train = np.array([[[0, 1]], [[0, 1]], [[2, 0]]], dtype=np.uint8)
    cases = Cases(["x", "y", "z"], table_of_masks(train), [])
    assert masks_of(TASK.trivial(cases, [None, None])).tolist() == [[[0, 1]], [[0, 1]]]


def test_accuracy_of_pixels_is_doubted_where_one_class_covers_nearly_all() -> None:
    assert "always answering a is right in 92.0 %" in TASK.doubts("pixel_accuracy")[0].lower()
    assert TASK.doubts("miou") == []


def test_maps_are_enlarged_to_where_their_pixels_lie() -> None:
    map_11hw = torch.arange(12.0).reshape(1, 1, 3, 4)
    whole = F.interpolate(map_11hw, size=(12, 16), mode="bilinear", align_corners=False)
    assert torch.equal(enlarged(map_11hw, (10, 13), stride=4), whole[..., :10, :13])
    assert enlarged(map_11hw, (13, 17), stride=4).shape == (1, 1, 13, 17)
    assert torch.equal(enlarged(whole, (12, 16), stride=1), whole)


def test_a_backbone_that_reads_rows_gives_logits_of_each_pixel_too() -> None:
    net = Segmenter(RowRNN(in_channels=1, image_size=(6, 5), width=4), 3)
    assert net(torch.zeros(2, 1, 6, 5)).shape == (2, 3, 6, 5)


class Run:
    """Answers the brighter half of each image with class 1."""

    net, name = nn.Identity(), "half"

    def answers(self, new: NewExamples):
        return table_of_masks(np.stack([np.asarray(image) > 0 for image in new.raw]).astype(np.uint8))


def test_predict_writes_each_mask_at_the_size_of_its_image(tmp_path: Path) -> None:
    raw = [np.eye(4), np.zeros((4, 4))]
    shown = {"file": ["in/one.jpg", "other/one.png"], "height": [8, 4], "width": [12, 4]}
    table = TASK.predict(Run(), NewExamples(shown, raw, Inputs([])), folder=str(tmp_path / "masks"))
    files = [tmp_path / "masks" / "one.png", tmp_path / "masks" / "one-2.png"]
    assert table["mask"].to_pylist() == [str(file) for file in files]
    assert table["share(b)"].to_pylist() == [0.25, 0.0]
    with Image.open(files[0]) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), np.kron(np.eye(4), np.ones((2, 3))))


def test_masks_of_rows_of_a_table_are_called_by_table_and_row() -> None:
    assert file_names(["set/new.parquet#3", "a b/c.tif"]) == ["new.parquet_3.png", "c.png"]
