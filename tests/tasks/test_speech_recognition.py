"""Speech recognition: padding changes no step, transcripts are read off steps, and a bakeoff's parts fit together."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import Recording
from bakeoff.data.audio.transcribed import TranscribedAudio
from bakeoff.data.batches.batch import Batch
from bakeoff.data.sources.audio_folder import AudioFolder
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.ngrams import count_ngrams
from bakeoff.data.text.spec import UNKNOWN
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError
from bakeoff.models.cnn.gated_conv import GatedConv
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.tables import table_of
from bakeoff.tasks.contract import Sealed
from bakeoff.tasks.frames import FrameStem, steps_of
from bakeoff.tasks.speech_recognition.ctc import Span
from bakeoff.tasks.speech_recognition.shown import spoken
from bakeoff.tasks.speech_recognition.task import SpeechRecognition
from tests.data.made_audio import tone, write_folder

TEXTS = [f"{one} {two}" for one in ("on", "no", "non") for two in ("oo", "nn", "on", "no")]
BACKBONES = {"gated_conv": GatedConv, "lstm": Recurrent, "transformer": Transformer}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TranscribedAudio:
    folder = write_folder(tmp_path_factory.mktemp("said"), TEXTS)
    made = TranscribedAudio(
        name="made",
        source=AudioFolder(folder=str(folder)),
        columns=AudioColumns(),
        split=SplitRule(val=2, test=2),
        features=FrontEnd(num_mels=8, sample_rate_hz=8000),
        tokenizer=TokenizerRule(kind="character"),
        batch_size=4,
    )
    made.setup()
    return made


def network(task: SpeechRecognition, name: str = "lstm") -> Any:
    torch.manual_seed(0)
    return task.network(lambda **given: BACKBONES[name](width=8, **given), stem_channels=6).eval()


@pytest.mark.parametrize("strides", [(1,), (2,), (3,), (2, 2), (4, 3)])
@pytest.mark.parametrize("frames", [1, 2, 7, 12, 13])
def test_the_stem_has_as_many_steps_as_are_counted(strides: tuple[int, ...], frames: int) -> None:
    stem = FrameStem(num_features=3, channels=4, strides=strides, width=5)
    steps_BSD, mask_BS = stem(torch.zeros(1, frames, 3), torch.tensor([frames]))
    assert steps_BSD.shape == (1, steps_of(frames, strides), 5)
    assert mask_BS is not None and not mask_BS.any()


@pytest.mark.parametrize("name", BACKBONES)
def test_padding_changes_no_real_step(data: TranscribedAudio, name: str) -> None:
    task = SpeechRecognition(spec=data.spec)
    net, (frames_BTK, lengths_B) = network(task, name), next(iter(data.predict_dataloader("train")))
    together_BSV = net((frames_BTK, lengths_B))
    for row, length in enumerate(lengths_B.tolist()):
        alone_1SV = net((frames_BTK[row : row + 1, :length], lengths_B[row : row + 1]))
        steps = steps_of(length, task.strides)
        assert alone_1SV.shape[1] == steps
        torch.testing.assert_close(together_BSV[row, :steps], alone_1SV[0], atol=1e-5, rtol=0)
    assert len(set(lengths_B.tolist())) > 1


def test_a_network_that_knows_the_answer_has_no_errors(data: TranscribedAudio) -> None:
    """Steps that say each token, with blanks between."""
    task, batch = SpeechRecognition(spec=data.spec, strides=(1,)), next(iter(data.val_dataloader()))
    logits_BSV = torch.zeros(batch.size, batch.inputs[0].shape[1], data.spec.vocab_size)
    for row, tokens in enumerate(batch.targets.tolist()):
        logits_BSV[row, :, 0] = 1.0
        for place, token in enumerate(filter(None, tokens)):
            logits_BSV[row, 2 * place, token] = 2.0
    metrics = task.metrics("val")
    task.update_whole(metrics, lambda inputs: logits_BSV, batch)
    found = metrics["edits"].compute()
    assert float(found["wer"]) == float(found["cer"]) == float(found["impossible"]) == 0.0
    answers = task.respond(lambda inputs: logits_BSV, batch.inputs)
    assert sorted(answers["text"].to_pylist()) == sorted(data.labels("val")["text"].to_pylist())


def test_unknown_tokens_of_a_reference_match_nothing(data: TranscribedAudio) -> None:
    task = SpeechRecognition(spec=data.spec, strides=(1,))
    tokens = data.spec.tokenizer["characters"].index("o") + 4
    batch = Batch((torch.zeros(1, 3, 8), torch.tensor([3])), torch.tensor([[tokens, UNKNOWN]]), 1)
    logits_BSV = torch.nn.functional.one_hot(torch.tensor([[tokens, 0, 0]]), data.spec.vocab_size).float()
    metrics = task.metrics("val")
    task.update_whole(metrics, lambda inputs: logits_BSV, batch)
    assert float(metrics["edits"].compute()["cer"]) == 0.5


def test_recordings_too_short_are_counted_alike_by_tokens_and_by_frames(data: TranscribedAudio) -> None:
    task = SpeechRecognition(spec=data.spec, strides=(8,))
    batch = next(iter(data.val_dataloader()))
    long = batch._replace(targets=batch.targets.repeat(1, 1))
    short = batch._replace(inputs=(batch.inputs[0], torch.full_like(batch.inputs[1], 16)))
    assert task.num_terms(long) == batch.size and task.num_terms(short) == 0
    texts = data.labels("val")["text"]
    labels = table_of(text=texts, frames=np.array([16, 400]))
    assert task.summarise(table_of(text=texts), labels)["impossible"] == 0.5


def test_strides_that_leave_too_few_steps_are_refused(data: TranscribedAudio) -> None:
    texts = data.labels("train")["text"].to_pylist()
    needed = np.mean([len(text) + sum(map(str.__eq__, text, text[1:])) for text in texts])
    assert data.spec.steps_needed == pytest.approx(needed)
    with pytest.raises(ConfigError, match=r"too_few_steps\] task\.module\.strides=\[40\].* leave 2 steps .* about 6"):
        network(SpeechRecognition(spec=data.spec, strides=(40,)))


def test_the_trivial_answer_is_the_usual_transcript_or_nothing(data: TranscribedAudio) -> None:
    task, cases = SpeechRecognition(spec=data.spec), data.cases("train")
    usual = pa.array(["on no"] * 7 + ["no"])
    assert (
        task.trivial(type(cases)(cases.names, table_of(text=usual), cases.raw), [0, 1])["text"].to_pylist()
        == ["on no"] * 2
    )
    mixed = pa.array(["a b", "a b", "c", "d", "e", "f", "g", "h"])
    assert task.trivial(type(cases)(cases.names, table_of(text=mixed), cases.raw), [0])["text"].to_pylist() == [""]


def test_beam_search_reads_by_the_ngrams_of_the_data(data: TranscribedAudio) -> None:
    """Steps that say "oo" and "on" alike: what training says more often decides."""
    letters = {letter: data.spec.tokenizer["characters"].index(letter) + 4 for letter in "on "}
    said = count_ngrams([[letters["o"], letters["n"]]] * 9 + [[letters["o"], letters["o"]]], 2)
    spec = dataclasses.replace(data.spec, ngrams=said)
    logits_1SV = torch.full((1, 3, spec.vocab_size), -9.0)
    for step, likely in enumerate(([letters["o"]], [0], [letters["o"], letters["n"]])):
        logits_1SV[0, step, likely] = 0.0
    inputs = (torch.zeros(1, 3, 8), torch.tensor([3]))
    task = SpeechRecognition(spec=spec, strides=(1,), beams=8, language_weight=1.0)
    assert task.respond(lambda inputs: logits_1SV, inputs)["text"].to_pylist() == ["on"]
    logits_1SV[0, 2, letters["o"]] = 4.0
    assert task.respond(lambda inputs: logits_1SV, inputs)["text"].to_pylist() == ["oo"]


def test_exhibits_tell_what_was_read_where(data: TranscribedAudio) -> None:
    task = SpeechRecognition(spec=data.spec)
    net, cases = network(task), data.cases("test")
    answers = task.respond_to_all(
        net, data.predict_dataloader("test"), positions=data.predict_dataloader("test").positions
    )
    found = task.exhibits(net, cases, answers)
    assert [exhibit.title for exhibit in found] == list(cases.names)
    for exhibit, text in zip(found, answers["text"].to_pylist(), strict=True):
        assert "".join(exhibit.tokens).replace(" ", "") == text.replace(" ", "")
        assert all(0 <= start < end <= 1 for start, end in exhibit.spans)
        assert exhibit.sample_rate_hz == 8000 and exhibit.mel_MT.shape[0] == 8
    assert [sample.caption for sample in task.samples(cases)] == cases.labels["text"].to_pylist()


def test_the_overview_counts_kinds_of_errors_and_confusions(data: TranscribedAudio) -> None:
    task = SpeechRecognition(spec=data.spec)
    labels = table_of(text=["one two", "three"], frames=np.array([99, 99]))
    trials = [Sealed(table_of(text=texts), {}) for texts in (["one ten", "three"], ["one ten", ""])]
    kinds, mistaken = task.overview({"lstm": trials}, labels)
    assert [row[0] for row in kinds.rows][:3] == ["substitutions of words", "deletions of words", "insertions of words"]
    assert [row[1] for row in kinds.rows][:3] == ["33.3 %", "16.7 %", "0.0 %"]
    assert mistaken.rows == [["two → ten", "1.0"]]


def test_long_readings_are_shown_word_by_word() -> None:
    recording = Recording(tone(1.0), 16_000)
    spans = [Span(4 + ("ab ".index(letter)), place, place + 1) for place, letter in enumerate("ab " * 10)]
    exhibit = spoken(
        "long", recording, "x", "ab", found=(spans, 30), spell=lambda ids: "ab "[ids[0] - 4], front_end=FrontEnd()
    )
    assert list(exhibit.tokens) == ["ab"] * 10 and exhibit.spans[1] == (3 / 30, 5 / 30)


def test_what_a_network_costs_can_be_counted(data: TranscribedAudio) -> None:
    task = SpeechRecognition(spec=data.spec)
    assert task.train_flops_per_example(network(task)) > 0
