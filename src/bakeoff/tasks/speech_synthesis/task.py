"""Speech synthesis, learnt with teacher forcing and judged on what the network says after what it said itself.

B batch, S tokens, T decoder steps, F frames, M mel bands, N texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.audio.tone import tone_hz
from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.speech.answers import mels_of, table_of_mels
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber
from bakeoff.tables import table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Sealed, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.speech_synthesis import scores
from bakeoff.tasks.speech_synthesis.exhibits import heard_table, sound, sounds_of
from bakeoff.tasks.speech_synthesis.facts import METRICS
from bakeoff.tasks.speech_synthesis.loss import Targets, duration_loss, frame_loss, guide_loss
from bakeoff.tasks.speech_synthesis.network import Spoken, Synthesiser
from bakeoff.tasks.speech_synthesis.sound import Vocoder
from bakeoff.tasks.speech_synthesis.warping import warped_distances
from bakeoff.tasks.speech_synthesis.written import in_style, write_sounds
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.weighted_mean import WeightedMean

_ROOM = 1.25
"""An answer may be longer than the longest recording of training by this factor."""
_DIAGONAL = 0.1


class Listens(Protocol):
    """A recogniser that has been trained on other sentences."""

    @property
    def is_there(self) -> bool:
        """Whether one was given."""

    def __call__(self, recordings: Sequence[np.ndarray], sample_rate_hz: int) -> list[str]:
        """What it hears in each."""


class SpeechSynthesis(Task[SpeechSpec]):
    """Absolute and squared error of the next frames, of the logarithm of durations, and attention far from its place.

    Answers are spoken freely, each step after what was said before it. Griffin-Lim makes sound of them, whose tone of
    voice is measured, and which a recogniser listens to, if there is one.

    Args:
        spec: what the data is.
        frames_a_step: that the decoder says at once.
        duration_weight: of the error of durations in the loss.
        guide_weight: of attention far from its place in the loss (Tachibana et al. 2018).
        guide_width: how far that is, as a share of the recording: where durations are not known, from the diagonal.
        known_guide_width: the same from a token's place in the recording, where durations are known.
        griffin_lim_iterations: on the way from frames to sound.
        listener: what listens.
    """

    metrics_declared = METRICS
    trivial_words = "always saying the mean frame of training, for as long as a text of that length takes on average"

    def __init__(
        self,
        *,
        spec: SpeechSpec,
        frames_a_step: Count = 3,
        duration_weight: NotNegative = 1.0,
        guide_weight: NotNegative = 1.0,
        guide_width: Positive = 0.2,
        known_guide_width: Positive = 0.05,
        griffin_lim_iterations: WholeNumber = 16,
        listener: Listens | None = None,
    ) -> None:
        super().__init__(spec=spec)
        self.frames_a_step = frames_a_step
        self.duration_weight, self.guide_weight = duration_weight, guide_weight
        self.guide_width = known_guide_width if spec.knows_durations else guide_width
        self.rate_hz = int(spec.front_end["sample_rate_hz"])
        self.hop_s = spec.front_end["hop_length"] / self.rate_hz
        self.iterations = griffin_lim_iterations
        self.listener = listener if listener is not None and listener.is_there else None

    @cached_property
    def vocoder(self) -> Vocoder:
        """What makes sound of frames."""
        return Vocoder(self.spec.make_front_end(), iterations=self.iterations)

    def network(
        self,
        make: MakeBackbone,
        *,
        embedding_width: Count = 32,
        prenet_width: Count = 64,
        prenet_dropout: NotNegative = 0.5,
    ) -> nn.Module:
        """Encoder and decoder of the configured model, with the shared stems and heads.

        Args:
            make: the model, as an encoder and as a decoder.
            embedding_width: of the text.
            prenet_width: of the layer that the decoder hears the frames before through.
            prenet_dropout: probability there.
        """
        spec = self.spec
        encoder, decoder = make(causal=False, cross_attention=False), make(causal=True, cross_attention=True)
        assert isinstance(encoder, SequenceBackbone) and isinstance(decoder, SequenceBackbone)
        most_frames = round(_ROOM * spec.max_frames)
        most_steps = -(-most_frames // self.frames_a_step)
        require_positions(encoder, max(spec.max_tokens, most_steps), cut_by="data.max_seconds")
        return Synthesiser(
            encoder,
            decoder,
            vocab_size=spec.vocab_size,
            num_styles=len(spec.style_names),
            num_mels=spec.num_features,
            frames_a_step=self.frames_a_step,
            max_frames=most_frames,
            frames_a_token=spec.typical_frames / spec.typical_tokens,
            knows_durations=spec.knows_durations,
            embedding_width=embedding_width,
            prenet_width=prenet_width,
            prenet_dropout=prenet_dropout,
        )

    def loss(self, outputs: Spoken, batch: Batch, *, training: bool) -> Tensor:
        """The three errors, weighted and added."""
        targets, stride = Targets(*batch.targets), self.frames_a_step
        durations = duration_loss(outputs, targets, known=self.spec.knows_durations, frames_a_step=stride)
        guide = guide_loss(outputs, targets, width=self.guide_width, frames_a_step=stride)
        return frame_loss(outputs, targets) + self.duration_weight * durations + self.guide_weight * guide

    def num_terms(self, batch: Batch) -> int:
        """Frames that were said."""
        return int(batch.targets[1].sum())

    # What training and validation measure ----------------------------------------------------------------------------

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss; where nothing is learnt, the distances of what is said freely too."""
        metrics: dict[str, Any] = {"loss": WeightedMean()}
        if split != "train":
            metrics |= {"mcd": MeanMetric(), "mel_error": MeanMetric()}
        return MetricCollection(metrics, compute_groups=False)

    def observe(self, outputs: Spoken, batch: Batch) -> Tree:
        """Nothing: the next frame after the right ones says little of speech."""
        return ()

    def update(self, metrics: MetricCollection, observed: Tree) -> None:
        """Whole answers come by `update_whole`."""

    def update_whole(self, metrics: MetricCollection, net: nn.Module, batch: Batch) -> None:
        """Adds the distances of what is said freely."""
        said = self.respond(net, batch.inputs[:2])
        frames_BFM, num_frames_B, _ = batch.targets
        true = [self._as_mel(own[:count]) for own, count in zip(frames_BFM, num_frames_B.tolist(), strict=True)]
        distances = warped_distances(mels_of(said, self.spec.num_features), true)
        for name, own in zip(("mcd", "mel_error"), distances, strict=True):
            metrics[name].update(torch.from_numpy(own))

    # What a trained network answers ----------------------------------------------------------------------------------

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """The frames of each text, the frames of each of its tokens, and how much attention lay on the diagonal."""
        assert isinstance(net, Synthesiser)
        tokens_BS, styles_B = inputs
        frames_BFM, durations_BS, weights_BTS = (part.cpu() for part in net.speak(tokens_BS, styles_B))
        mels, durations, diagonality = [], [], []
        for row, count in enumerate((tokens_BS > 0).sum(dim=1).tolist()):
            num_frames = max(1, round(float(durations_BS[row].sum())))
            mels.append(self._as_mel(frames_BFM[row, :num_frames]))
            durations.append(durations_BS[row, :count].tolist())
            num_steps = -(-num_frames // net.frames_a_step)
            diagonality.append(on_diagonal(weights_BTS[row, :num_steps, :count].numpy()))
        return table_of_mels(mels, durations, diagonality=np.array(diagonality))

    def _as_mel(self, frames_FM: Tensor) -> np.ndarray:
        """Normalised frames as logarithms of energies."""
        mean_M, std_M = (np.array(own, dtype=np.float32) for own in (self.spec.mean, self.spec.std))
        return frames_FM.cpu().numpy() * std_M + mean_M

    def answer(self, net: nn.Module, inputs: Tree) -> Any:
        """Says texts for as many steps as a typical one takes."""
        assert isinstance(net, Synthesiser)
        return net.speak(*inputs[:2], num_steps=-(-self.spec.typical_frames // net.frames_a_step))

    def settled(self, answers: pa.Table, found: Mapping[str, Any]) -> pa.Table:
        """Answers with the tone of their sound, and what the recogniser hears in it (null without one)."""
        sounds = [self.vocoder(mel) for mel in mels_of(answers, self.spec.num_features)]
        heard = [None] * len(sounds) if self.listener is None else self.listener(sounds, self.rate_hz)
        tones = np.array([tone_hz(sound, self.rate_hz) for sound in sounds])
        return answers.append_column("tone_hz", pa.array(tones)).append_column("heard", pa.array(heard, pa.string()))

    # What is said of answers, away from training ----------------------------------------------------------------------

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each text's share of ``metric``, shape ``(N,)``; see `bakeoff.tasks.speech_synthesis.scores`."""
        return scores.score_examples(answers, labels, metric, num_mels=self.spec.num_features, hop_s=self.hop_s)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers but the loss, by name, as far as the data has them."""
        names = [facts.name for facts in METRICS if facts.name != "loss" and self.unmeasured(facts.name) is None]
        return scores.summarise(answers, labels, names, num_mels=self.spec.num_features, hop_s=self.hop_s)

    def unmeasured(self, metric: str) -> str | None:
        """Durations need a column, what is heard a recogniser."""
        if metric == "duration_error" and not self.spec.knows_durations:
            return "no column has the durations of phonemes (data.columns.durations)"
        if metric == "cer" and self.listener is None:
            return "nobody listens (task.listener=RUN, a trained run of speech_recognition)"
        return None

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The mean frame of training, as often as a text of so many pieces has frames on average."""
        num_frames = sum(len(mel) for mel in mels_of(train.labels, self.spec.num_features))
        a_piece = num_frames / sum(self._num_pieces(script) for script in train.raw)
        counts = [self._num_pieces(script) for script in inputs]
        mean_M = np.array(self.spec.mean, dtype=np.float32)
        mels = [np.tile(mean_M, (max(1, round(a_piece * count)), 1)) for count in counts]
        none = np.zeros(len(inputs))
        said = table_of_mels(mels, [[a_piece] * count for count in counts], diagonality=none)
        return said.append_column("tone_hz", pa.array(none + np.nan)).append_column(
            "heard", pa.array([None if self.listener is None else ""] * len(inputs), pa.string())
        )

    def _num_pieces(self, script: Any) -> int:
        return len(script.pieces.split()) if self.spec.reads_phonemes else len(script.pieces)

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """The sound of each text beside that of its recording's frames, and what was attended to."""
        assert isinstance(net, Synthesiser)
        return sounds_of(net, cases, answers, spec=self.spec, vocoder=self.vocoder)

    def samples(self, cases: Cases) -> list[Exhibit]:
        """The sound of each recording's frames."""
        mels = mels_of(cases.labels, self.spec.num_features)
        rows = zip(cases.names, cases.raw, mels, strict=True)
        return [sound(mel, self.vocoder, self.spec, title=name, caption=str(script)) for name, script, mel in rows]

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """What is heard in all contenders' sounds, beside that of the recordings' own frames."""
        true = self.settled(labels.select(["mel", "durations"]), {})
        return [heard_table(trials, labels, true, is_heard=self.listener is not None)]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """How long each text takes, and what the recogniser hears in it."""
        lengths = [round(len(mel) * self.hop_s, 2) for mel in mels_of(answers, self.spec.num_features)]
        own = {} if self.listener is None else {"heard": answers["heard"]}
        return table_of(seconds=lengths, **own)

    def predict(
        self, run: Answering, new: NewExamples, *, folder: str = "speech", style: str | None = None
    ) -> pa.Table:
        """The WAV file of each text.

        Args:
            run: that answers.
            new: texts.
            folder: of the files.
            style: how to say it, one of training's; None: the first of them.

        Raises:
            ConfigError: training knows no such style.
        """
        names = self.spec.style_names
        if style is not None and style not in names:
            raise ConfigError(
                "config.unknown_choice", "task.predict.style", style, "training knows no such style", allowed=names
            )
        answers = run.answers(new if style is None else in_style(new, names.index(style)))
        sounds = [self.vocoder(mel) for mel in mels_of(answers, self.spec.num_features)]
        files = write_sounds(Path(folder), new.shown["input"], sounds, self.rate_hz)
        said = self.predicted(answers)
        return table_of(file=[str(file) for file in files], **{name: said[name] for name in said.column_names})


def on_diagonal(weights_TS: np.ndarray) -> float:
    """The share of attention within a tenth of the text of the diagonal: where an even reading would be."""
    num_steps, num_tokens = weights_TS.shape
    steps_T, tokens_S = ((np.arange(count) + 0.5) / count for count in (num_steps, num_tokens))
    near_TS = np.abs(steps_T[:, None] - tokens_S) <= max(_DIAGONAL, 1 / num_tokens)
    return float((weights_TS * near_TS).sum() / num_steps)
