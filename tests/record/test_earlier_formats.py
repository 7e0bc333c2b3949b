"""Files of the version before answers were tables, written as it wrote them, and names of classes that moved since."""

import io
import json

import numpy as np
import pytest

from bakeoff.config.allowlist import resolve
from bakeoff.config.locate import conf_dir
from bakeoff.errors import CheckpointError
from bakeoff.record.answers import read_answers, read_labels
from bakeoff.record.layout import OLDER_PREDICTIONS, OLDER_TEST_LABELS, PLAN, PREDICTIONS, TEST_LABELS
from bakeoff.record.renamed import MOVED, in_todays_words
from bakeoff.tables import column, table_of, to_bytes
from bakeoff.training.trial.predictions import sealed_answers

RNG = np.random.default_rng(0)
ANSWERS = {
    "class scores": {"probabilities": RNG.dirichlet(np.ones(3), 4).astype(np.float32)},
    "several labels": {"probabilities": RNG.random((4, 2)).astype(np.float32)},
    "classes at every step": {
        "probabilities": RNG.dirichlet(np.ones(3), (4, 5)).astype(np.float32),
        "lengths": np.array([5, 5, 4, 2]),
    },
    "numbers": {"numbers": RNG.random(4).astype(np.float32)},
    "texts": {"text": np.array(["eins", "", "zweiundvierzig", "fünf Äpfel"], dtype=np.str_)},
    "bits of documents": {"bits": RNG.random(4) * 1000},
}
LABELS = {
    "image": ("label", np.array([2, 0, 1])),
    "labelled_text": ("label", np.array([[1, 0], [0, 0], [1, 1]], dtype=np.int8)),
    "text_stream": ("bytes", np.array([700, 12, 90])),
    "text_pair": ("reference", np.array(["eins", "fünf Äpfel", ""])),
    "probe": ("target", RNG.random(3).astype(np.float32)),
}

NAMED_THEN = """
    data.augment.Augment data.columns.Columns data.images.ImageDataModule data.probes.languages.ModularArithmetic
    data.probes.languages.Parity data.probes.memory.AddingProblem data.probes.memory.AssociativeRecall
    data.probes.memory.CopyMemory data.probes.module.ProbeData data.sources.Digits data.sources.FashionMNIST
    data.sources.HuggingFace data.sources.ImageFolder data.sources.MNIST1D data.sources.NumberWords
    data.sources.ParallelTexts data.sources.StandardLibrary data.sources.Tables data.sources.TextFiles
    data.sources.Tweets data.splits.SplitRule data.text.augment.TokenDropout data.text.columns.DocumentColumns
    data.text.columns.LabelledColumns data.text.columns.PairColumns data.text.labelled.LabelledTexts
    data.text.pairs.TextPairs data.text.stream.TextStream data.text.tokenizers.TokenizerRule
    models.baseline.linear.LinearPixels models.baseline.lzma_coder.Lzma models.baseline.mlp.MLP
    models.baseline.ngram.ByteNgrams models.baseline.tfidf.Tfidf models.baseline.translation_memory.TranslationMemory
    models.cnn.alexnet.AlexNet models.cnn.convnext.ConvNeXt models.cnn.gated_conv.GatedConv
    models.cnn.googlenet.GoogLeNet models.cnn.lenet.LeNet models.cnn.resnet.ResNet models.cnn.signal_cnn.SignalCNN
    models.cnn.tcn.TCN models.cnn.text_cnn.TextCNN models.cnn.vgg.VGG models.rnn.mingru.MinGRU
    models.rnn.recurrent.Recurrent models.rnn.renet.ReNet models.rnn.row.RowRNN models.rnn.signal_gru.SignalGRU
    models.transformer.encoder.Transformer models.transformer.vit.ViT models.wrappers.timm_backbone.TimmBackbone
    models.wrappers.torchvision_backbone.TorchvisionBackbone models.wrappers.transformers_model.TransformersModel
    tasks.image_classification.ImageClassification tasks.language_modeling.LanguageModeling
    tasks.language_modeling.generation.Sampling tasks.schedules.Constant tasks.schedules.Cosine tasks.schedules.Linear
    tasks.schedules.Step tasks.sequence_probe.SequenceProbe tasks.text_classification.TextClassification
    tasks.translation.Translation training.settings.TrainerSettings
"""
"""Classes of ours that ``conf/`` of commit 2ec438d named in what a trial's configuration holds."""
RENAMED_THEN = ("data.columns.Columns", "data.images.ImageDataModule")


def older_answers(folder, arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    (folder / OLDER_PREDICTIONS).write_bytes(buffer.getvalue())


@pytest.mark.parametrize("kind", ANSWERS)
def test_answers_of_every_kind_are_the_table_that_is_written_today(kind, tmp_path):
    older_answers(tmp_path, ANSWERS[kind])
    plain = {name: values.tolist() if values.dtype.kind == "U" else values for name, values in ANSWERS[kind].items()}
    table = read_answers(tmp_path)
    assert to_bytes(table) == to_bytes(table_of(**plain))
    for name, values in ANSWERS[kind].items():
        assert np.array_equal(column(table, name), values)
    (tmp_path / PREDICTIONS).write_bytes(to_bytes(table.slice(1)))
    assert len(read_answers(tmp_path)) == 3  # today's file goes before


@pytest.mark.parametrize("kind", LABELS)
def test_labels_have_the_name_of_their_kind_of_data(kind, tmp_path):
    name, values = LABELS[kind]
    with (tmp_path / OLDER_TEST_LABELS).open("wb") as file:
        np.save(file, values, allow_pickle=False)
    (tmp_path / PLAN).write_text(json.dumps({"data": {"spec": {"kind": kind}}}))
    plain = values.tolist() if values.dtype.kind == "U" else values
    assert to_bytes(read_labels(tmp_path)) == to_bytes(table_of(**{name: plain}))
    (tmp_path / PLAN).write_text(json.dumps({"data": {"spec": {"kind": "of a later version"}}}))
    with pytest.raises(ValueError, match="of a later version"):
        read_labels(tmp_path)
    (tmp_path / TEST_LABELS).write_bytes(to_bytes(table_of(label=np.arange(2))))
    assert len(read_labels(tmp_path)) == 2


@pytest.mark.parametrize("spoil", [lambda content: content[:-30], lambda content: b"", lambda content: b"PK" + content])
def test_arrays_that_were_cut_off_are_no_table(spoil, tmp_path):
    older_answers(tmp_path, ANSWERS["numbers"])
    path = tmp_path / OLDER_PREDICTIONS
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError):
        read_answers(tmp_path)
    with pytest.raises(CheckpointError, match=r"test_predictions\.npz: it is not what the trial wrote"):
        sealed_answers(tmp_path, {"test_predictions_sha256": "0" * 64})


def test_objects_are_never_read_from_arrays(tmp_path):
    np.savez_compressed(tmp_path / OLDER_PREDICTIONS, text=np.array(["a", None], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_answers(tmp_path)


@pytest.mark.parametrize("name", NAMED_THEN.split())
def test_every_class_that_a_stored_configuration_may_name_is_found(name):
    target = f"bakeoff.{name}"
    assert resolve(MOVED.get(target, target)).__name__ == name.rpartition(".")[2] or name in RENAMED_THEN


def test_what_moved_is_named_by_no_configuration_of_today():
    today = "".join(path.read_text() for path in conf_dir().rglob("*.yaml"))
    assert not [before for before in MOVED if f"_target_: {before}\n" in today]


def test_a_stored_configuration_is_read_in_todays_words_and_left_as_it_is():
    stored = {
        "seed": 3,
        "data": {"module": {"_target_": "bakeoff.data.images.ImageDataModule", "size": [8, {"_target_": "torch.x"}]}},
        "model": {"name": "linear", "modality": "image", "net": {"_target_": "own.Net"}},
    }
    before = json.dumps(stored)
    now = in_todays_words(stored)
    assert now["data"]["module"]["_target_"] == "bakeoff.data.image.classified.ClassifiedImages"
    assert now["data"]["module"]["size"] == [8, {"_target_": "torch.x"}]
    assert now["model"] == stored["model"] | {"simple": True}
    assert json.dumps(stored) == before
    today = {"seed": 3, "model": {"name": "linear", "contract": "ImageBackbone", "simple": True}}
    assert in_todays_words(today) == today
