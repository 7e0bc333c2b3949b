"""Speech synthesis: distances by hand and by loops, losses of known attention, and sound that keeps its tone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pyarrow as pa
import pytest
import torch

from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.tone import tone_hz
from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases, Inputs, NewExamples
from bakeoff.data.speech.answers import mels_of, table_of_mels
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.data.speech.spoken import Script
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer
from bakeoff.errors import ConfigError
from bakeoff.models.baseline.unit_selection import UnitSelection
from bakeoff.models.cnn.gated_conv import GatedConv
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.tasks.contract import Sealed
from bakeoff.tasks.exhibits import AttentionExhibit, AudioExhibit
from bakeoff.tasks.speech_synthesis import scores
from bakeoff.tasks.speech_synthesis.loss import Targets, attended_frames, duration_loss, frame_loss, guide_loss
from bakeoff.tasks.speech_synthesis.network import Spoken, Synthesiser
from bakeoff.tasks.speech_synthesis.sound import Vocoder
from bakeoff.tasks.speech_synthesis.task import SpeechSynthesis, on_diagonal
from bakeoff.tasks.speech_synthesis.warping import means_along_path, warped_distances

BACKBONES = {"gated_conv": GatedConv, "gru": Recurrent, "transformer": Transformer}
SMALL = {"gated_conv": {"depth": 2}, "gru": {"cell": "gru", "depth": 1}, "transformer": {"depth": 1, "heads": 2}}
M = 6
FRONT_END = FrontEnd(num_mels=M, sample_rate_hz=8000, window_ms=50.0, hop_ms=12.5)


def spec(**changes: Any) -> SpeechSpec:
    tokenizer = fit_tokenizer(TokenizerRule(kind="spaced"), ["a b c d e"])
    own: dict[str, Any] = {
        **dict.fromkeys(("name", "fingerprint", "split_fingerprint"), "made"),
        **dict.fromkeys(("num_train", "num_val", "num_test"), 4),
        "front_end": FRONT_END.facts(),
        "mean": (0.5,) * M,
        "std": (2.0,) * M,
        "max_frames": 16,
        "typical_frames": 12,
        "tokenizer": tokenizer.to_dict(),
        "vocab_size": tokenizer.vocab_size,
        "max_tokens": 5,
        "typical_tokens": 4,
        "reads_phonemes": True,
        "knows_durations": True,
        "style_names": ("calm", "lively"),
    }
    return SpeechSpec(**own | changes)


def network(name: str, task: SpeechSynthesis | None = None) -> Synthesiser:
    torch.manual_seed(0)
    make = lambda **given: BACKBONES[name](width=8, **SMALL[name], **given)  # noqa: E731
    made = (task or SpeechSynthesis(spec=spec())).network(make, embedding_width=4, prenet_width=4)
    assert isinstance(made, Synthesiser)
    return made.eval()


# Distances ------------------------------------------------------------------------------------------------------------


def by_loops(cost_TS: np.ndarray, other_TS: np.ndarray) -> tuple[float, float]:
    """The means over the best path, place by place."""
    best: dict[tuple[int, int], tuple[float, float, int]] = {(-1, -1): (0.0, 0.0, 0)}
    for row, column in np.ndindex(*cost_TS.shape):
        steps = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        total, other, count = min((best[step] for step in steps if step in best), key=lambda found: found[0])
        best[row, column] = (total + cost_TS[row, column], other + other_TS[row, column], count + 1)
    total, other, count = best[cost_TS.shape[0] - 1, cost_TS.shape[1] - 1]
    return total / count, other / count


def test_the_warped_path_is_that_of_a_loop_over_all_places() -> None:
    rng = np.random.default_rng(0)
    cost_BTS, other_BTS = rng.random((2, 5, 9, 13)).astype(np.float32)
    sizes, others = [9, 3, 1, 7, 9], [13, 13, 5, 1, 9]
    found = means_along_path(*map(torch.tensor, (cost_BTS, other_BTS, sizes, others)))
    for row, (size, other) in enumerate(zip(sizes, others, strict=True)):
        expected = by_loops(cost_BTS[row, :size, :other], other_BTS[row, :size, :other])
        assert [float(part[row]) for part in found] == pytest.approx(expected, rel=1e-5)


def test_a_cosine_over_the_bands_has_the_distortion_of_kubichek() -> None:
    """Amplitudes whose logarithms differ by 2 a cos(pi k (m + 1/2) / M) differ by one coefficient, a."""
    num_mels, a = 20, 0.3
    wave_M = 2 * a * np.cos(np.pi * 3 * (np.arange(num_mels) + 0.5) / num_mels)
    some = np.zeros((4, num_mels))
    distortion_1, difference_1 = warped_distances([some], [some + 2 * wave_M])
    assert distortion_1 == pytest.approx(10 / np.log(10) * np.sqrt(2) * a, rel=1e-5)
    assert difference_1 == pytest.approx(10 / np.log(10) * np.abs(2 * wave_M).mean(), rel=1e-5)


def test_a_slower_reading_of_the_same_frames_is_at_no_distance() -> None:
    mel_TM = np.random.default_rng(1).normal(size=(7, 20))
    distances = warped_distances([mel_TM, mel_TM], [np.repeat(mel_TM, 3, axis=0), mel_TM + 1.0])
    assert distances[0] == pytest.approx([0, 0], abs=1e-2), "loudness is no part of the distortion"
    assert distances[1][0] == pytest.approx(0, abs=1e-5)


def answers(**changes: Any) -> pa.Table:
    own: dict[str, Any] = {
        "mels": [np.zeros((4, M)), np.zeros((8, M))],
        "durations": [[1.0, 3.0], [4.0, 4.0]],
        "diagonality": np.array([0.5, 1.0]),
        "tone_hz": np.array([100.0, np.nan]),
        "heard": pa.array(["a cat", ""], pa.string()),
    }
    own |= changes
    return table_of_mels(own.pop("mels"), own.pop("durations"), **own)


LABELS = table_of_mels(
    [np.zeros((8, M)), np.zeros((8, M))],
    [[2.0, 6.0], [4.0, 4.0]],
    text=["a cat", "dogs"],
    tone_hz=np.array([200.0, 150.0]),
)


def test_metrics_of_two_texts_are_those_worked_by_hand() -> None:
    names = ["mcd", "mel_error", "duration_error", "rate_error", "tone_error", "cer", "diagonality"]
    found = scores.summarise(answers(), LABELS, names, num_mels=M, hop_s=0.01)
    expected = {"mcd": 0, "mel_error": 0, "duration_error": 0.01, "rate_error": 0.25, "tone_error": 12, "cer": 4 / 9}
    assert found == pytest.approx(expected | {"diagonality": 0.75})
    for name in names[:-2]:
        per_text = scores.score_examples(answers(), LABELS, name, num_mels=M, hop_s=0.01)
        assert per_text.mean() == pytest.approx(found[name])


def test_an_octave_is_the_most_that_a_tone_can_be_wrong() -> None:
    said, true = np.array([110.0, 440.0, np.nan, np.nan, 95.0]), np.array([110.0, 110.0, 110.0, np.nan, 100.0])
    assert scores.tone_errors(said, true) == pytest.approx([0, 12, 12, 0, 12 * np.log2(100 / 95)])


def test_characters_heard_wrong_are_those_of_jiwer() -> None:
    said, true = ["thre dogz ", "", "a  b"], ["three dogs", "no", "ab c"]
    table, labels = table_of_mels([], []), pa.table({"text": true})
    table = pa.table({"heard": said})
    clean = [" ".join(text.split()) for text in said]
    assert scores.heard_rate(table, labels) == pytest.approx(jiwer.cer(true, clean))


def test_what_is_not_there_is_not_measured() -> None:
    task = SpeechSynthesis(spec=spec(knows_durations=False))
    assert "data.columns.durations" in str(task.unmeasured("duration_error"))
    assert "task.listener" in str(task.unmeasured("cer"))
    assert task.unmeasured("mcd") is None
    assert set(task.summarise(answers(), LABELS)) == {"mcd", "mel_error", "rate_error", "tone_error", "diagonality"}


# Losses ---------------------------------------------------------------------------------------------------------------


def spoken(weights_BTS: torch.Tensor, frames_BFM: torch.Tensor | None = None) -> Spoken:
    frames = torch.zeros(len(weights_BTS), 6, M) if frames_BFM is None else frames_BFM
    return Spoken(frames, torch.zeros(len(weights_BTS), weights_BTS.shape[2]), weights_BTS)


TARGETS = Targets(torch.zeros(1, 6, M), torch.tensor([5]), torch.tensor([[2.0, 3.0, 0.0]]))
EVEN = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]])


def test_frames_after_the_end_are_not_learnt() -> None:
    frames = torch.full((1, 6, M), 3.0)
    frames[0, 5] = 100.0
    assert float(frame_loss(spoken(EVEN, frames), TARGETS)) == pytest.approx(3 + 9)


def test_attention_counts_the_real_frames_that_looked_at_each_token() -> None:
    """Steps of two frames, the last with one: 2 and half of 2 look at the first token, half of 2 and 1 at the other."""
    assert attended_frames(EVEN, TARGETS, 2).tolist() == [[3.0, 2.0, 0.0]]
    unknown = duration_loss(spoken(EVEN), TARGETS, known=False, frames_a_step=2)
    known = duration_loss(spoken(EVEN), TARGETS, known=True, frames_a_step=2)
    assert float(unknown) == pytest.approx((np.log(4) ** 2 + np.log(3) ** 2) / 2)
    assert float(known) == pytest.approx((np.log(3) ** 2 + np.log(4) ** 2) / 2)


def test_attention_at_its_place_costs_little_and_far_from_it_all() -> None:
    def cost(weights_BTS: torch.Tensor) -> float:
        return float(guide_loss(spoken(weights_BTS), TARGETS, width=0.2, frames_a_step=2))

    away = EVEN.flip(2).roll(-1, 2)  # each step looks at the other token
    places, middles = np.array([1, 3, 5]) / 5, np.array([1.0, 3.5]) / 5
    penalty = 1 - np.exp(-((places[:, None] - middles) ** 2) / 0.08)
    assert cost(EVEN) == pytest.approx((EVEN[0, :, :2].numpy() * penalty).sum() / 3, rel=1e-5)
    assert cost(away) > 2 * cost(EVEN)


def test_even_reading_is_on_the_diagonal() -> None:
    assert on_diagonal(np.eye(20)) == pytest.approx(1)
    assert on_diagonal(np.eye(20)[::-1]) == pytest.approx(0.2, abs=0.1)
    assert on_diagonal(np.full((20, 20), 0.05)) == pytest.approx(0.2, abs=0.05)


# Networks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BACKBONES)
def test_what_is_said_freely_is_what_teacher_forcing_says_of_it(name: str) -> None:
    net = network(name)
    tokens_BS, styles_B = torch.tensor([[4, 5, 6, 7], [6, 4, 0, 0]]), torch.tensor([0, 1])
    frames_BFM, durations_BS, weights_BTS = net.speak(tokens_BS, styles_B)
    with torch.no_grad():
        again = net((tokens_BS, styles_B, frames_BFM, durations_BS))
    assert torch.allclose(again.frames_BFM, frames_BFM, atol=1e-4)
    assert torch.allclose(again.weights_BTS, weights_BTS, atol=1e-5)
    assert torch.allclose(net.durations(again.log_frames_BS, tokens_BS == 0), durations_BS)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_longer_text_beside_it_changes_nothing_of_a_text(name: str) -> None:
    net = network(name)
    alone = net.speak(torch.tensor([[6, 4]]), torch.tensor([1]))
    beside = net.speak(torch.tensor([[6, 4, 0, 0], [4, 5, 6, 7]]), torch.tensor([1, 0]))
    steps = alone[2].shape[1]
    assert torch.allclose(alone[0][0], beside[0][0, : 3 * steps], atol=1e-5)
    assert torch.allclose(alone[1][0], beside[1][0, :2], atol=1e-5)
    assert not beside[1][0, 2:].any()


@pytest.mark.parametrize("name", BACKBONES)
def test_attention_is_learnt_by_the_guide_alone(name: str) -> None:
    """The weights keep their gradient in training, and lose it again afterwards."""
    task = SpeechSynthesis(spec=spec())
    net = network(name, task).train()
    durations_BS = torch.tensor([[4.0, 4.0, 4.0]])
    outputs = net((torch.tensor([[4, 5, 6]]), torch.tensor([0]), torch.zeros(1, 12, M), durations_BS))
    targets = Targets(torch.zeros(1, 12, M), torch.tensor([12]), durations_BS)
    guide_loss(outputs, targets, width=0.1, frames_a_step=3).backward()
    assert float(net.stem.embedding.weight.grad.abs().sum()) > 0
    batch = Batch((), targets, 1)
    assert torch.isfinite(task.loss(outputs, batch, training=True))
    assert task.num_terms(batch) == 12


def test_an_answer_is_never_longer_than_the_data_allow() -> None:
    net = network("gru")
    long_BS = net.durations(torch.full((1, 4), 50.0), None)
    assert float(long_BS.sum()) == pytest.approx(net.most_frames)
    assert 16 <= net.most_frames <= 1.25 * 16 + 3


# Sound ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [90.0, 130.0, 240.0])
def test_sound_of_mel_frames_has_the_tone_that_they_were_made_of(hz: float) -> None:
    steps_T = np.arange(8000) / 8000
    voice_T = sum(np.sin(2 * np.pi * k * hz * steps_T) / k for k in range(1, 8)).astype(np.float32) * 0.1
    front_end = FrontEnd(num_mels=48, sample_rate_hz=8000, window_ms=50.0, hop_ms=12.5, low_hz=40.0)
    assert tone_hz(voice_T, 8000) == pytest.approx(hz, rel=0.02)
    sound_T = Vocoder(front_end, iterations=8)(front_end.log_mels(voice_T).numpy())
    assert len(sound_T) == 8000
    assert tone_hz(sound_T, 8000) == pytest.approx(hz, rel=0.05)
    assert np.isnan(tone_hz(np.random.default_rng(0).normal(size=8000), 8000))


class Deaf:
    """Hears the same in everything."""

    is_there = True

    def __call__(self, sounds: Any, sample_rate_hz: int) -> list[str]:
        assert sample_rate_hz == 8000
        return ["a cat"] * len(sounds)


def test_answers_are_heard_before_they_are_sealed_and_shown_with_their_sound() -> None:
    task = SpeechSynthesis(spec=spec(), listener=Deaf(), griffin_lim_iterations=1)
    net = network("transformer", task)
    said = task.settled(task.respond(net, (torch.tensor([[4, 5, 6], [6, 4, 0]]), torch.tensor([0, 1]))), {})
    assert said["heard"].to_pylist() == ["a cat"] * 2
    assert [len(own) for own in said["durations"].to_pylist()] == [3, 2]
    assert scores.heard_rate(said, LABELS) == pytest.approx(5 / 9)
    scripts = [Script("a cat", "a b c", "calm"), Script("dogs", "c a", "lively")]
    shown = task.exhibits(net, Cases(["one", "two"], LABELS, scripts), said)
    assert [type(own) for own in shown] == [AudioExhibit, AudioExhibit, AttentionExhibit] * 2
    assert len(shown[2].rows) == len(shown[2].weights) and len(shown[2].columns) == 3
    (table,) = task.overview({"transformer": [Sealed(said, {})]}, LABELS)
    assert [row[0] for row in table.rows] == ["transformer", "the recordings' own frames"]
    assert table.rows[0][2] == table.rows[1][2] == pytest.approx(55.6)


def test_the_trivial_answer_is_the_mean_frame_for_as_long_as_usual() -> None:
    task = SpeechSynthesis(spec=spec())
    train = Cases(["one", "two"], LABELS, [Script("x", "a b c d", "calm"), Script("y", "a b c d", "calm")])
    said = task.trivial(train, [Script("z", "a b c", "lively")])
    (mel_FM,) = mels_of(said, M)
    assert mel_FM.shape == (6, M) and (mel_FM == 0.5).all()
    assert said["durations"].to_pylist() == [[2.0, 2.0, 2.0]]


class Run:
    """Says one frame for each token, as loud as the style's number."""

    def answers(self, new: NewExamples) -> pa.Table:
        styles = torch.cat([styles_B for _, styles_B in new.loader]).tolist()
        return answers(mels=[np.full((9, M), -3.0 + style) for style in styles], durations=[[9.0]] * 2)


def test_predict_writes_a_file_a_text_in_the_style_asked_for(tmp_path: Path) -> None:
    task, folder = SpeechSynthesis(spec=spec(), griffin_lim_iterations=1), tmp_path / "speech"
    loader = Inputs([(torch.tensor([[4], [5]]), torch.zeros(2, dtype=torch.int64))])
    new = NewExamples({"input": ["lines.txt#1", "lines.txt#2"], "text": ["a", "b"]}, ["a", "b"], loader)
    table = task.predict(Run(), new, folder=str(folder))  # type: ignore[arg-type]
    assert table["seconds"].to_pylist() == [0.11, 0.11]
    quiet = [Path(file).read_bytes() for file in table["file"].to_pylist()]
    task.predict(Run(), new, folder=str(folder), style="lively")  # type: ignore[arg-type]
    assert sorted(file.name for file in folder.iterdir()) == ["lines.txt_1.wav", "lines.txt_2.wav"]
    assert [file.read_bytes() for file in sorted(folder.iterdir())] != quiet
    with pytest.raises(
        ConfigError, match=r"task\.predict\.style=angry: training knows no such style; allowed: calm, lively"
    ):
        task.predict(Run(), new, folder=str(folder), style="angry")  # type: ignore[arg-type]


# The baseline ---------------------------------------------------------------------------------------------------------


def test_units_are_taken_from_between_the_same_neighbours(tmp_path: Path) -> None:
    mels = [np.arange(8)[:, None] + np.zeros((8, M)), 100 + np.arange(6)[:, None] + np.zeros((6, M))]
    labels = table_of_mels(mels, [[2.0, 4.0, 2.0], [3.0, 3.0]])
    model = UnitSelection()
    model.fit([Script("", "a b c", "calm"), Script("", "b c", "lively")], labels, spec())
    model.save(tmp_path)
    again = UnitSelection()
    again.load(tmp_path)
    asked = [
        Script("", "a b c", "calm"),
        Script("", "b c", "lively"),
        Script("", "a c", "lively"),
        Script("", "z", "calm"),
    ]
    said = again.respond(asked)
    frames = [mel[:, 0].tolist() for mel in mels_of(said, M)]
    assert frames == [[0, 1, 2, 3, 4, 5, 6, 7], [100, 101, 102, 103, 104, 105], [0, 1, 103, 104, 105], [0]]
    assert said["durations"].to_pylist()[2] == [2.0, 3.0]
