"""Image captioning: its network, its scores by hand, what it shows and what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from bakeoff.cli import main
from bakeoff.data.captions.captioned import CaptionedImages
from bakeoff.data.captions.spec import CaptionSpec
from bakeoff.data.contract import Cases, Reading
from bakeoff.data.text.spec import END, PAD, START
from bakeoff.data.text.vocabularies import WordTokenizer
from bakeoff.data.text.words import as_words
from bakeoff.errors import EnvironmentFault
from bakeoff.models.baseline.caption_retrieval import CaptionRetrieval
from bakeoff.models.cnn.resnet import ResNet
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.vit import ViT
from bakeoff.statistics import pseudo_values
from bakeoff.tables import table_of
from bakeoff.tasks.contract import ConfiguredModel
from bakeoff.tasks.image_captioning.facts import SEEN, UNSEEN
from bakeoff.tasks.image_captioning.files import captioned, results, write_captions
from bakeoff.tasks.image_captioning.network import Captioner
from bakeoff.tasks.image_captioning.task import ImageCaptioning
from tests.data.made_images import noise_image

TOKENIZER = WordTokenizer(("a", "red", "blue", "ring"), lowercase=False)
SPEC = CaptionSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=3,
    num_val=1,
    num_test=5,
    num_unseen=2,
    channels=3,
    height=16,
    width=16,
    mean=(0.5, 0.5, 0.5),
    std=(0.2, 0.2, 0.2),
    tokenizer=TOKENIZER.to_dict(),
    vocab_size=TOKENIZER.vocab_size,
    max_caption_length=5,
    typical_caption_length=4,
    max_length=40,
)
TASK = ImageCaptioning(spec=SPEC)
ENCODER = {"_target_": "bakeoff.models.cnn.resnet.ResNet", "width": 0.1, "blocks": [1, 1], "final_map": 4}
DECODER = {"_target_": "bakeoff.models.rnn.recurrent.Recurrent", "width": 8, "cell": "gru", "depth": 1}
PARTS = {"encoder": ENCODER | {"_partial_": True}, "decoder": DECODER | {"_partial_": True}, "embedding_width": 4}


def network(model: dict[str, Any]) -> Captioner:
    torch.manual_seed(0)
    return TASK.network(ConfiguredModel(model), **PARTS)


@pytest.mark.parametrize(
    ("model", "encoder", "decoder"),
    [
        (DECODER | {"cell": "lstm"}, ResNet, Recurrent),
        ({"_target_": "bakeoff.models.transformer.vit.ViT", "width": 8, "depth": 1, "patch_size": 4}, ViT, Recurrent),
    ],
)
def test_a_contender_is_the_decoder_or_the_encoder_and_the_other_part_is_configured(
    model: dict[str, Any], encoder: type, decoder: type
) -> None:
    net = network(model)
    assert isinstance(net.encoder, encoder)
    assert isinstance(net.decoder, decoder)
    inputs = SPEC.example_inputs(2)
    net(inputs).sum().backward()
    assert [name for name, parameter in net.named_parameters() if parameter.grad is None] == []


def test_each_place_of_the_map_is_a_step_of_the_memory_and_knows_where_it_is() -> None:
    net = network(DECODER).eval()
    memory_BSD, mask_BS = net.encode(torch.zeros(2, 3, 16, 16))
    assert memory_BSD.shape == (2, 16, 8)
    assert mask_BS is None
    flat_BCHW = torch.ones(1, net.encoder.stage_channels[-1], 4, 4)
    places_SD = net.memory(flat_BCHW)[0]
    assert len(torch.unique(places_SD, dim=0)) == 16
    assert torch.equal(net.memory.as_maps(torch.arange(32).reshape(2, 16))[1, 0], torch.arange(16, 20))


def test_words_one_by_one_are_those_of_all_at_once() -> None:
    net = network(DECODER).eval()
    images_BCHW, given_BT = torch.randn(2, 3, 16, 16), torch.tensor([[START, 4, 5], [START, 6, 4]])
    whole_BTV, state = net((images_BCHW, given_BT)), net.initial_state(images_BCHW)
    for step, tokens_B in enumerate(given_BT.T):
        logits_BV, state = net.step(tokens_B, state)
        assert torch.allclose(logits_BV, whole_BTV[:, step], atol=1e-5)


def test_in_validation_any_reference_is_right() -> None:
    references_BRT = torch.tensor([[[4, END, PAD], [5, 6, END]], [[4, END, PAD], [PAD, PAD, PAD]]])
    answers_BL = torch.tensor([[5, 6, END], [5, 6, END]])
    assert TASK.are_right(answers_BL, (references_BRT[:, 0], references_BRT)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A dog, asleep.", "a dog asleep"),
        ("a  dog\u2019s red-brown ear!", "a dog's red-brown ear"),
        ("STRASSE stra\u00dfe", "strasse strasse"),
        ("?!  ?", "?! ?"),
        ("", ""),
    ],
)
def test_captions_are_compared_as_words(caption: str, words: str) -> None:
    assert as_words(caption) == words


ANSWERS = table_of(text=["A red ring.", "a ring", "a blue ring", "", "a red ring"])
LABELS = table_of(
    references=pa.array([["a red ring", "one ring"], ["a red ring"], ["a blue ring"], ["a"], ["a blue ring"]]),
    unseen=[False, False, True, False, True],
)


def test_exact_match_is_told_apart_for_what_training_lacks() -> None:
    found = TASK.summarise(ANSWERS, LABELS)
    assert (found["exact_match"], found[SEEN], found[UNSEEN]) == pytest.approx((2 / 5, 1 / 3, 1 / 2))
    assert set(found) == {"exact_match", SEEN, UNSEEN, "bleu", "rouge_l", "chrf"}
    assert TASK.score_examples(ANSWERS, LABELS, "exact_match").tolist() == [1, 0, 1, 0, 0]


def test_one_perfect_answer_alone_is_perfect_by_every_metric() -> None:
    """CIDEr would say 0, as it weighs words by how rare they are among what is scored."""
    caption = "a large red ring to the left of a blue ring"
    found = TASK.summarise(table_of(text=[caption]), table_of(references=pa.array([[caption]]), unseen=[False]))
    assert {name: found[name] for name in ("exact_match", "bleu", "rouge_l", "chrf")} == pytest.approx(
        {"exact_match": 1.0, "bleu": 100.0, "rouge_l": 100.0, "chrf": 100.0}
    )


def test_shares_of_a_part_are_its_pseudo_values() -> None:
    def measured(rows: np.ndarray) -> float:
        return TASK.summarise(ANSWERS.take(rows), LABELS.take(rows))[SEEN]

    found = TASK.score_examples(ANSWERS, LABELS, SEEN)
    assert found == pytest.approx(pseudo_values(measured, 5))
    assert found.mean() == pytest.approx(1 / 3)


def test_parts_are_unmeasured_where_nothing_marks_them() -> None:
    plain = ImageCaptioning(spec=CaptionSpec(**{**vars(SPEC), "num_unseen": 0}))
    assert "data.columns.unseen" in str(plain.unmeasured(SEEN))
    assert plain.unmeasured("bleu") is TASK.unmeasured(UNSEEN) is None
    assert SEEN not in plain.summarise(ANSWERS, LABELS.set_column(1, "unseen", pa.array([False] * 5)))


def cases() -> Cases:
    pixels = [np.asarray(noise_image(number, size=(16, 16), mode="RGB")) for number in range(2)]
    return Cases(["test/0", "test/1"], LABELS.slice(0, 2), pixels)


def test_an_exhibit_shows_where_the_decoder_looked_for_each_word() -> None:
    first, _ = TASK.exhibits(network(DECODER).eval(), cases(), ANSWERS.slice(0, 2))
    assert (first.title, first.output, first.truth) == ("test/0", "A red ring.", "a red ring | one ring")
    weights_LHW = np.asarray(first.weights_LHW)
    assert weights_LHW.shape == (len(first.tokens), 4, 4)
    assert weights_LHW.sum(axis=(1, 2)) == pytest.approx(1.0)
    assert TASK.samples(cases())[1].caption == "a red ring"


def test_the_trivial_answer_is_the_most_frequent_caption() -> None:
    train = Cases(["a", "b"], table_of(references=pa.array([["x", "y"], ["y"]]), unseen=[False, False]), [])
    assert TASK.trivial(train, [0, 0, 0])["text"].to_pylist() == ["y"] * 3


def test_results_are_numbered_as_the_files_are() -> None:
    found = results(["a/COCO_val2014_000000391895.jpg", "COCO_val2014_000000000042.jpg"], ["one", "two"])
    assert found[0] == {"image_id": 391895, "file_name": "a/COCO_val2014_000000391895.jpg", "caption": "one"}
    assert [row["image_id"] for row in results(["a1.png", "b1.png"], ["", ""])] == [1, 2]
    assert [row["image_id"] for row in results(["x.png", "7.png"], ["", ""])] == [1, 2]


def test_a_caption_stands_below_its_picture_in_as_many_lines_as_it_takes() -> None:
    short, long = (captioned(Image.new("RGB", (40, 30), "red"), text) for text in ("a", "a dog " * 40))
    assert short.width == long.width == 320
    assert short.getpixel((5, 5)) == (255, 0, 0)
    assert 240 < short.height < long.height
    assert short.getpixel((5, short.height - 2)) == (255, 255, 255)


def test_predictions_are_written_as_json_and_as_pictures(tmp_path: Path) -> None:
    noise_image(0, size=(20, 30), mode="RGB").save(tmp_path / "7.png")
    gray_HWC = np.full((16, 16, 3), 128, dtype=np.uint8)
    names = [str(tmp_path / "7.png"), "table.parquet#0"]
    files = write_captions(tmp_path / "out", names, [gray_HWC, gray_HWC], ["a dog", "gray"])
    assert [row["caption"] for row in json.loads((tmp_path / "out" / "captions.json").read_text())] == ["a dog", "gray"]
    assert [file.name for file in files] == ["7.png", "table.parquet_0.png"]
    first, second = (Image.open(file) for file in files)
    assert first.width % 30 == 0
    assert second.getpixel((0, 0)) == (128, 128, 128)
    (tmp_path / "taken").write_text("")
    with pytest.raises(EnvironmentFault, match=r"env\.not_writable.*task\.predict\.folder"):
        write_captions(tmp_path / "taken", names, [gray_HWC, gray_HWC], ["", ""])


def test_retrieval_answers_with_the_caption_of_the_nearest_image(tmp_path: Path) -> None:
    black, gray, white = (np.full((8, 8, 3), level, dtype=np.uint8) for level in (0, 100, 255))
    model = CaptionRetrieval(side=4)
    model.fit([black, white], table_of(references=pa.array([["dark", "night"], ["light"]])), None)
    model.save(tmp_path)
    again = CaptionRetrieval(side=4)
    again.load(tmp_path)
    for fitted in (model, again):
        assert fitted.respond([gray, white, black])["text"].to_pylist() == ["dark", "light", "dark"]


def test_bakeoff_data_takes_a_folder_with_captions_for_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["file_name,caption", *(f"{number}.png,picture {number}" for number in range(30))]
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    for number in range(30):
        noise_image(number, size=(12, 10), mode="RGB").save(tmp_path / f"{number}.png")
    main(["data", str(tmp_path)])
    told = capsys.readouterr().out
    assert "task=image_captioning data=captions" in told
    assert "words" in told


def test_new_images_reach_fitted_models_as_they_look(tmp_path: Path) -> None:
    noise_image(3, size=(16, 16), mode="RGB").save(tmp_path / "new.png")
    new = CaptionedImages.read_new(SPEC, Reading(source=str(tmp_path / "new.png")))
    assert np.array_equal(new.raw[0], np.asarray(noise_image(3, size=(16, 16), mode="RGB")))
    ((image_CHW,),) = new.loader
    assert image_CHW[:, 2, 5].tolist() == pytest.approx(((new.raw[0][2, 5] / 255 - 0.5) / 0.2).tolist(), abs=1e-5)
