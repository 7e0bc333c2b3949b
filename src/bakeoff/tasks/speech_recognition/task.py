"""Speech recognition by connectionist temporal classification, judged on the transcripts that a search reads.

B batch, T frames, S steps, L tokens, V vocabulary, N recordings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.audio.spec import TranscribedAudioSpec
from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases
from bakeoff.data.text.ngrams import NgramModel
from bakeoff.data.text.spec import UNKNOWN
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.ranges import Count, NotNegative
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.contract import MakeBackbone, Sealed, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.frames import FrameStem, steps_of
from bakeoff.tasks.speech_recognition import scores, shown
from bakeoff.tasks.speech_recognition.beam import Search
from bakeoff.tasks.speech_recognition.ctc import collapsed, ctc_loss, likeliest, steps_needed
from bakeoff.tasks.speech_recognition.network import Recogniser
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.weighted_mean import WeightedMean


class SpeechRecognition(Task[TranscribedAudioSpec]):
    """CTC loss; word and character error rates of what is read off the network's steps (lower is better).

    Args:
        spec: what the data is; gives the tokenizer.
        strides: of the stem's convolutions; their product is how many frames a step stands for.
        beams: transcripts kept side by side in the final search; 1 takes the likeliest token of each step.
        language_weight: of the data's n-grams in that search, where it counts them.
        token_bonus: in nats, for each token of a transcript in that search.
    """

    metrics_declared = scores.METRICS
    trivial_words = "always answering the most frequent transcript of training, or nothing where that has fewer errors"

    def __init__(
        self,
        *,
        spec: TranscribedAudioSpec,
        strides: Sequence[Count] = (3,),
        beams: Count = 1,
        language_weight: NotNegative = 0.5,
        token_bonus: NotNegative = 0.0,
    ) -> None:
        super().__init__(spec=spec)
        if not strides or min(strides) < 1:
            raise ValueError(f"strides must hold one or more whole numbers from 1; got {list(strides)}")
        self.strides = tuple(strides)
        self.tokenizer = tokenizer_from(spec.tokenizer)
        language = NgramModel(spec.ngrams, spec.vocab_size) if spec.ngrams and beams > 1 else None
        self.search = Search(beams=beams, language=language, language_weight=language_weight, token_bonus=token_bonus)

    def network(self, make: MakeBackbone, *, stem_channels: int = 64) -> nn.Module:
        """The backbone with the shared stem and head.

        Raises:
            ConfigError: the stem leaves a typical recording fewer steps than its transcript needs, or the backbone has
                no positions for the longest.
        """
        spec, backbone = self.spec, make(causal=False, cross_attention=False)
        self._require_steps()
        assert isinstance(backbone, SequenceBackbone)
        most = steps_of(spec.max_frames, self.strides)
        require_positions(backbone, most, cut_by="data.max_seconds")
        stem = FrameStem(
            num_features=spec.num_features, channels=stem_channels, strides=self.strides, width=backbone.width
        )
        return Recogniser(stem, backbone, vocab_size=spec.vocab_size)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """See `ctc_loss`."""
        return ctc_loss(outputs, self._steps(batch.inputs), batch.targets)

    def num_terms(self, batch: Batch) -> int:
        """Recordings that are long enough for their transcript."""
        return int((~self._are_too_short(batch)).sum())

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss; where nothing is learnt, the rates of what greedy search reads too."""
        metrics: dict[str, Any] = {"loss": WeightedMean()}
        if split != "train":
            metrics["edits"] = scores.EditTotals()
        return MetricCollection(metrics, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[()]:
        """Nothing: transcripts are read in validation alone, by `update_whole`."""
        return ()

    def update(self, metrics: MetricCollection, observed: Tree) -> None:
        """Nothing but the loss, which the loop keeps."""

    def update_whole(self, metrics: MetricCollection, net: nn.Module, batch: Batch) -> None:
        """Adds what greedy search reads."""
        answers = self._read(net(batch.inputs), batch.inputs)
        references = [self._spelled(row) for row in batch.targets.tolist()]
        counts_BK = scores.counts_of(answers, references, self._are_too_short(batch).tolist())
        metrics["edits"].update(torch.from_numpy(counts_BK))

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """The transcript of each recording, by the final search."""
        logits_BSV = net(inputs)
        texts = self._read(logits_BSV, inputs) if self.search.beams == 1 else self._searched(logits_BSV, inputs)
        return table_of(text=pa.array(texts, pa.string()))

    def answer(self, net: nn.Module, inputs: Tree) -> list[str]:
        """Transcripts by greedy search."""
        return self._read(net(inputs), inputs)

    # What is said of answers ------------------------------------------------------------------------------------------

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each recording's share of ``metric``, ``(N,)``; see `scores`."""
        return scores.score_examples(self._counts(answers, labels), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return scores.summarise(self._counts(answers, labels))

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The most frequent transcript of training, or nothing, to everything."""
        texts = train.labels["text"].to_pylist()
        usual = Counter(texts).most_common(1)[0][0]
        counts_NK = scores.counts_of([usual] * len(texts), texts, [False] * len(texts))
        return repeat_row(table_of(text=[usual if scores.summarise(counts_NK)["wer"] < 1 else ""]), len(inputs))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Each recording with what was said and read, and where in it."""
        front_end = self.spec.make_front_end()
        rows = zip(cases.names, cases.raw, cases.labels["text"].to_pylist(), answers["text"].to_pylist(), strict=True)
        return [
            shown.spoken(
                name,
                recording,
                truth,
                answer,
                found=shown.read_spans(net, recording, self.spec),
                spell=self.tokenizer.decode,
                front_end=front_end,
            )
            for name, recording, truth, answer in rows
        ]

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Recordings, with what is said in them."""
        front_end = self.spec.make_front_end()
        rows = zip(cases.names, cases.raw, cases.labels["text"].to_pylist(), strict=True)
        return [shown.sample(name, recording, text, front_end) for name, recording, text in rows]

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """Kinds of errors, and what is mistaken for what."""
        answers = {name: [sealed.answers for sealed in own] for name, own in trials.items()}
        given, truths = {name: own for name, own in answers.items() if own}, labels["text"].to_pylist()
        return [shown.kinds_of_errors(given, truths), shown.confusions(given, truths)] if given else []

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The transcripts."""
        return answers.rename_columns(["transcript"])

    def _require_steps(self) -> None:
        spec, steps = self.spec, steps_of(self.spec.typical_frames, self.strides)
        if spec.steps_needed > steps:
            problem = f"they leave {steps} steps of a recording of typical length, whose transcript needs about"
            raise ConfigError(
                "config.too_few_steps",
                "task.module.strides",
                list(self.strides),
                f"{problem} {math.ceil(spec.steps_needed)}",
                next_step="smaller strides, or a smaller data.features.hop_ms",
            )

    def _counts(self, answers: pa.Table, labels: pa.Table) -> np.ndarray:
        ids = self.tokenizer.encode_batch(labels["text"].to_pylist())
        needed_N = np.array([len(own) + int((own[1:] == own[:-1]).sum()) for own in ids])
        steps_N = steps_of(torch.from_numpy(np.array(column(labels, "frames"))), self.strides).numpy()
        return scores.counts_of_tables(answers, labels, needed_N > steps_N)

    def _steps(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        return steps_of(inputs[1], self.strides)

    def _are_too_short(self, batch: Batch) -> Tensor:
        return steps_needed(batch.targets) > self._steps(batch.inputs)

    def _read(self, logits_BSV: Tensor, inputs: tuple[Tensor, Tensor]) -> list[str]:
        paths_BS = likeliest(logits_BSV, self._steps(inputs))
        return [self.tokenizer.decode(span.token for span in collapsed(path)) for path in paths_BS.tolist()]

    def _searched(self, logits_BSV: Tensor, inputs: tuple[Tensor, Tensor]) -> list[str]:
        log_p_BSV = logits_BSV.float().log_softmax(dim=-1).cpu().numpy()
        rows = zip(log_p_BSV, self._steps(inputs).tolist(), strict=True)
        return [self.tokenizer.decode(self.search.best(log_p_SV[:steps])) for log_p_SV, steps in rows]

    def _spelled(self, tokens_L: list[int]) -> str:
        """A transcript of tokens, in which unknown ones match nothing."""
        pieces: list[list[int]] = [[]]
        for token in tokens_L:
            if token == UNKNOWN:
                pieces.append([])
            else:
                pieces[-1].append(token)
        return "\ufffd".join(self.tokenizer.decode(piece) for piece in pieces)
