"""Series and recordings to classes: what padding does, what is shown, and a recording from a folder to its class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pytest
import torch

from bakeoff.config import build
from bakeoff.config.running import run_pipeline
from bakeoff.data.contract import Cases
from bakeoff.data.frames import LabelledFramesSpec, padded_frames
from bakeoff.data.labelled_audio.module import LabelledAudio
from bakeoff.data.sources.spoken_digits import DIGITS
from bakeoff.data.text.ragged import Ragged
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.tasks.series_classification.task import SeriesClassification
from tests.contracts.test_data import section_of
from tests.data.made_audio import encoded, tone

SMALL = ["data.features.sample_rate_hz=8000", "data.features.num_mels=8"]


class TwoChannels(LabelledFramesSpec):
    """Of tests."""

    kind = "of_tests"


@pytest.fixture
def task() -> SeriesClassification:
    spec = TwoChannels(
        name="made",
        fingerprint="",
        split_fingerprint="",
        num_train=2,
        num_val=1,
        num_test=1,
        class_names=("down", "up"),
        class_counts=(1, 1),
        mean=(1.0, 0.0),
        std=(2.0, 1.0),
        max_frames=9,
        typical_frames=7,
    )
    return SeriesClassification(spec=spec)


@pytest.mark.parametrize("settings", [{}, {"strides": [2, 3], "pooling": "last"}, {"pooling": "mean_max"}])
def test_what_a_series_is_told_does_not_hang_on_its_batch(task: SeriesClassification, settings) -> None:
    torch.manual_seed(0)
    net = task.network(lambda **given: Recurrent(width=6, cell="gru", depth=1, dropout=0.0, **given), **settings).eval()
    rows = [np.random.default_rng(length).standard_normal((length, 2)).astype(np.float32) for length in (4, 9, 6)]
    frames = Ragged.of(rows, dtype=np.float32)

    def logits(numbers: list[int]) -> torch.Tensor:
        inputs = padded_frames([frames] * len(numbers), np.array(numbers), mean=task.spec.mean, std=task.spec.std)
        return net(inputs)

    together_BC = logits([0, 1, 2])
    for number in range(3):
        torch.testing.assert_close(logits([number])[0], together_BC[number])


def test_samples_draw_channels_and_say_the_class(task: SeriesClassification) -> None:
    series_TK = np.array([[1.0, 2.0], [3.0, 4.0]])
    cases = Cases(["a"], pa.table({"label": [1]}), [series_TK])
    [drawn] = task.samples(cases)
    assert [list(line.y) for line in drawn.lines] == [[1.0, 3.0], [2.0, 4.0]]
    assert (drawn.title, drawn.note) == ("a", "up")


def test_exhibits_say_what_was_answered_beside_what_is_true(task: SeriesClassification) -> None:
    cases = Cases(["a"], pa.table({"label": [1]}), [np.zeros((3, 2))])
    answers = pa.table({"probabilities": pa.FixedSizeListArray.from_arrays([0.75, 0.25], 2)})
    [drawn] = task.exhibits(torch.nn.Identity(), cases, answers)
    assert drawn.note == "true: up; answered: down (75 %)"


def test_of_many_channels_the_first_six_are_drawn(task: SeriesClassification) -> None:
    drawn = task.drawn("a", np.zeros((3, 8)), "up")
    assert len(drawn.lines) == 6
    assert drawn.note == "up (2 more channels are not drawn)"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that tells low tones from high ones."""
    folder = tmp_path_factory.mktemp("tones")
    for row in range(24):
        place = folder / "sounds" / ("low", "high")[row % 2] / f"{row}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        samples = tone(0.2 + 0.02 * (row % 5), hz=(300, 2000)[row % 2] + 5 * row)
        place.write_bytes(encoded(samples))
    words = ["task=audio_classification", "data=audio_classes", f"data.folder={folder / 'sounds'}", *SMALL]
    words += ["model=window_perceptron", "model.net.width=8", "trainer.max_epochs=12", "optimizer.lr=1e-2"]
    words += ["data.batch_size=4", "trainer.accelerator=cpu", "tracking=none", f"output_dir={folder / 'run'}"]
    run_pipeline("train", argv=words)
    return folder


def test_predict_writes_the_class_of_a_recording_and_its_probability(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "new.wav").write_bytes(encoded(tone(0.3, hz=2100, rate_hz=44_100), rate_hz=44_100))
    argv = [f"run={trained / 'run'}", f"input={tmp_path / 'new.wav'}", f"output={tmp_path / 'said.csv'}"]
    run_pipeline("predict", argv=argv)
    said = csv.read_csv(tmp_path / "said.csv").to_pydict()
    assert said["prediction"] == ["high"]
    assert said["confidence"] == said["p(high)"]
    assert said["seconds"] == [0.3]


def test_words_are_classes_and_voices_stay_on_one_side() -> None:
    settings = {"num_voices": 20, "per_voice": 8, "features.sample_rate_hz": 8000, "features.num_mels": 8}
    data: LabelledAudio = build(section_of("spoken_keywords", settings | {"batch_size": 4}).module, seed=0)
    assert set(data.spec.class_names) <= set(DIGITS)
    units = [set(data.units(split) or []) for split in ("train", "val", "test")]
    assert all(units) and not units[0] & units[1] and not units[0] & units[2] and not units[1] & units[2]
    assert [name.partition("/")[0] for name in data.examples("test")] == data.units("test")
