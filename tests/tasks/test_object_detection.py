"""What the detection task says of answers, and what `predict` writes of new images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bakeoff.data.batches.batch import Batch
from bakeoff.data.boxes.answers import answers_of, table_of_answers, table_of_labels
from bakeoff.data.boxes.objects import Objects
from bakeoff.data.contract import Cases, Inputs, NewExamples
from bakeoff.errors import ConfigError
from bakeoff.models.cnn.faster_rcnn import FasterRCNN
from bakeoff.models.cnn.resnet import ResNet
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.rnn.renet import ReNet
from bakeoff.models.transformer.detr import DETR
from bakeoff.models.transformer.vit import ViT
from bakeoff.tasks.object_detection.task import ObjectDetection
from bakeoff.tasks.object_detection.written import JSON_FILE
from tests.tasks.detection_examples import detection_task, labels

SIZE = (3, 32, 32)
TASK = detection_task(SIZE, 3)
AS_IT_IS = np.array([1.0, 1.0, 0.0, 0.0])


def table(boxes: list[list[list[float]]], classes: list[list[int]]) -> object:
    counts = np.array([len(own) for own in boxes])
    flat = np.array([box for own in boxes for box in own], dtype=float).reshape(-1, 4)
    areas = (flat[:, 2:] - flat[:, :2]).prod(axis=1)
    objects = Objects(counts, flat, np.concatenate(classes).astype(int), np.zeros(len(flat), dtype=bool), areas)
    sizes = np.full((len(boxes), 2), 32)
    return table_of_labels(objects, sizes, np.tile(AS_IT_IS, (len(boxes), 1)))


def test_the_trivial_predictor_says_the_middle_box_of_the_commonest_class() -> None:
    train = table([[[0, 0, 8, 8], [2, 2, 12, 12]], [[4, 4, 20, 20], [9, 9, 10, 10]]], [[1, 1], [1, 0]])
    found = answers_of(TASK.trivial(Cases(["a", "b"], train, []), [None] * 3))
    assert found.counts_N.tolist() == [1, 1, 1]
    assert found.boxes_M4.tolist() == [[2.0, 2.0, 12.0, 12.0]] * 3
    assert found.classes_M.tolist() == [1] * 3


@pytest.mark.parametrize("backbone", [ResNet, ReNet, ViT])
def test_any_backbone_of_images_is_taken_under_faster_rcnn(backbone: type[ImageBackbone]) -> None:
    net = TASK.network(lambda **given: backbone(width=16 if backbone is not ResNet else 0.1, **given))
    assert isinstance(net.detector, FasterRCNN)
    batch = Batch(torch.randn(4, *SIZE), labels(SIZE, counts=[1, 2, 0, 1]), 4)
    TASK.loss(net(batch.inputs), batch, training=True).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_a_map_that_is_finer_than_need_be_is_averaged_down() -> None:
    class Pixels(ImageBackbone):
        stage_channels, stage_strides = (3,), (1,)

        def forward(self, images_BCHW: torch.Tensor) -> list[torch.Tensor]:
            return [images_BCHW]

    detector = FasterRCNN(in_channels=3, image_size=(32, 32), backbone=lambda **_: Pixels())
    assert detector.stride == 4
    assert detector.map(torch.zeros(2, *SIZE))[0].shape[-2:] == (8, 8)


def test_training_measures_the_loss_alone_and_validation_what_was_found() -> None:
    net = TASK.network(lambda **given: ResNet(width=0.1, **given))
    batch = Batch(torch.randn(4, *SIZE), labels(SIZE, counts=[1, 2, 0, 1]), 4)
    assert TASK.observe(net(batch.inputs), batch) == ()
    with torch.no_grad():
        found, truth = TASK.observe(net.eval()(batch.inputs), batch)
        answers = TASK.respond(net, batch.inputs)
    metrics = TASK.metrics("val")
    TASK.update(metrics, (found, truth))
    true = table([part.tolist() for part in batch.targets["boxes"].split([1, 2, 0, 1])], [batch.targets["classes"]])
    measured = {name: float(value) for name, value in metrics["boxes"].compute().items()}
    assert measured == pytest.approx(TASK.summarise(answers, true), abs=1e-6)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        ObjectDetection(spec=TASK.spec, regions_sampled=1)


def test_a_detector_that_cannot_say_all_boxes_is_refused_with_their_number() -> None:
    def make(**given: object) -> DETR:
        return DETR(backbone=ResNet, width=8, queries=2, **given)

    with pytest.raises(ConfigError, match=r"queries=2.* up to 3 boxes.*3 or more"):
        TASK.network(make)


class Run:
    """Finds a thing of the second class in the middle of each image, and another that it is hardly sure of."""

    net, name = nn.Identity(), "middle"

    def answers(self, new: NewExamples) -> object:
        boxes, count = np.array([[8.0, 12, 24, 20], [0, 0, 4, 4]]), len(new.raw)
        return table_of_answers([boxes] * count, [np.array([1, 2])] * count, [np.array([0.9, 0.1])] * count)


def test_predict_writes_boxes_in_pixels_of_the_image_as_it_came(tmp_path: Path) -> None:
    photo = tmp_path / "in" / "one.jpg"
    photo.parent.mkdir()
    Image.new("RGB", (128, 64)).save(photo)
    shown = {"file": [str(photo), "set/new.parquet#3"], "height": [64, 32], "width": [128, 32]}
    spec_letterboxed = ObjectDetection(spec=TASK.spec.from_dict(TASK.spec.to_dict() | {"fit": "letterbox"}))
    new = NewExamples(shown, [np.zeros((*SIZE[1:], 3), dtype=np.uint8)] * 2, Inputs([]))
    told = spec_letterboxed.predict(Run(), new, folder=str(tmp_path / "boxes"))
    assert told["found"].to_pylist() == ["b 0.90"] * 2
    assert told["boxes"].to_pylist() == [1, 1]
    content = json.loads((tmp_path / "boxes" / JSON_FILE).read_text())
    assert [image["file_name"] for image in content["images"]] == shown["file"]
    first = content["annotations"][0]
    assert (first["id"], first["image_id"], first["category_id"], first["score"]) == (1, 1, 2, 0.9)
    assert first["bbox"] == [32.0, 16.0, 64.0, 32.0]
    assert len(content["annotations"]) == 4
    assert content["categories"][1] == {"id": 2, "name": "b"}
    with Image.open(tmp_path / "boxes" / "one.png") as drawn:
        assert drawn.size == (128, 64)
        assert drawn.getpixel((60, 47)) != (0, 0, 0)
    with Image.open(tmp_path / "boxes" / "new.parquet_3.png") as drawn:
        assert drawn.size == (32, 32)
