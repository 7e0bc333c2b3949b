"""Language modelling: the next token, scored in bits per byte so that tokenizers compare.

B batch, T tokens of a piece, V vocabulary, N documents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric.utilities import move_data_to_device
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.spec import Inputs
from bakeoff.data.text.spec import PAD, TextStreamSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenModel, detached
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tasks.language_modeling.generation import Sampling, continue_text
from bakeoff.tasks.language_modeling.network import LanguageModel, PretrainedLanguageModel, StreamReader
from bakeoff.tasks.tokens import require_positions
from bakeoff.training.loop.module import Batch, MakeBackbone, OptimizerFactory, Predictions, TaskModule
from bakeoff.training.loop.schedules import Schedule

BITS_OF_UNIFORM_BYTES = 8.0
PROMPT_CHARACTERS, CONTINUATION_TOKENS = 60, 160
SPELL_OUT_NATS = 21 * math.log(2)
"""What an unknown character costs on top: it is spelled out as one of 2**21 code points of Unicode."""


class LanguageModeling(TaskModule):
    """Cross-entropy on the next token of contiguous streams; bits per byte of UTF-8 and perplexity a token.

    Both are lower-is-better; bits per byte lie above 0 (8 is a uniform guess over bytes). Recurrent models carry their
    state from batch to batch, cut off from its graph (truncated back-propagation through time; Williams and Peng 1990).

    Args:
        net: a `LanguageModel`.
        spec: what the data is; gives the bytes of a token.
    """

    trivial_words = "giving every byte the same probability"

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: TextStreamSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            augment=augment,
            gradient_clip_norm=gradient_clip_norm,
            seed=seed,
        )
        self.bytes_per_token = spec.bytes_per_token
        self.unknown = tokenizer_from(spec.tokenizer).unknown
        self.reader, self._waiting = StreamReader(), StreamReader()

    @staticmethod
    def network(make: MakeBackbone, spec: TextStreamSpec, *, embedding_width: int = 64) -> nn.Module:
        """The backbone with the shared stem and tied head; a `TokenModel` brings its own."""
        backbone = make(causal=True, cross_attention=False)
        if isinstance(backbone, TokenModel):
            tokenizer = tokenizer_from(spec.tokenizer)
            return PretrainedLanguageModel(backbone.predictor(tokenizer, max_length=spec.sequence_length))
        assert isinstance(backbone, SequenceBackbone)
        require_positions(backbone, spec.sequence_length, cut_by="data.sequence_length")
        return LanguageModel(backbone, vocab_size=spec.vocab_size, embedding_width=embedding_width)

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits ``(B, T, V)`` of the next piece of each row's stream."""
        assert isinstance(inputs, Tensor)
        net: Any = self.net
        if not self.training:
            return self.reader.read(net, inputs)
        if not net.carries_state:
            return net(inputs)
        if self.reader.state is not None and self._rows(self.reader.state) != len(inputs):
            self.reader = StreamReader()
        logits_BTV, state = net.forward_from(inputs, self.reader.state)
        self.reader.state = detached(state)
        return logits_BTV

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """A batch in parts, each of which goes on from the state of its own rows."""
        if self.accumulate == 1:
            yield batch
            return
        whole, rows = self.reader, len(batch[1])
        if whole.state is not None and self._rows(whole.state) != rows:
            whole = StreamReader()
        readers = whole.in_parts(self.accumulate, rows)
        for self.reader, part in zip(readers, super().parts(batch), strict=True):
            yield part
        self.reader = StreamReader.of_parts(readers)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token; padding does not count."""
        return F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), ignore_index=PAD)

    def observe(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Nothing: the metrics come from the loss."""
        return outputs.new_empty(0), targets.new_empty(0)

    def forget_step(self) -> None:
        """Streams start anew: their state is no finite number either."""
        self.reader = StreamReader()

    def loss_weight(self, targets: Tensor) -> int:
        """Tokens that were predicted."""
        return int((targets != PAD).sum())

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss a token, from which `take_metrics` derives the others."""
        return MetricCollection({"loss": MeanMetric()}, compute_groups=False)

    def take_metrics(self, split: str) -> dict[str, float]:
        """The loss in nats a token, perplexity, and bits a byte at the train text's bytes a token."""
        values = super().take_metrics(split)
        nats = values[f"{split}/loss"]
        values[f"{split}/perplexity"] = math.exp(min(nats, 700.0))
        values[f"{split}/bits_per_byte"] = nats / math.log(2) / self.bytes_per_token
        return values

    # Each pass over a stream starts from its beginning -------------------------------------------------------------

    def on_train_epoch_start(self) -> None:
        """Streams start anew."""
        self.reader = StreamReader()

    def on_validation_epoch_start(self) -> None:
        """Streams start anew; those of training wait."""
        self._waiting, self.reader = self.reader, StreamReader()

    def on_validation_epoch_end(self) -> None:
        """Publishes the metrics, and takes up the streams of training again."""
        super().on_validation_epoch_end()
        self.reader = self._waiting

    def on_test_epoch_start(self) -> None:
        """Streams start anew."""
        self.reader = StreamReader()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the state that streams in training have reached, in each of several processes."""
        super().on_save_checkpoint(checkpoint)
        states = [self.reader.state] * _num_processes()
        if len(states) > 1:
            torch.distributed.all_gather_object(states, move_data_to_device(self.reader.state, "cpu"))
        checkpoint["stream_states"] = states

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes it up again; among another number of processes, streams start anew."""
        super().on_load_checkpoint(checkpoint)
        states = checkpoint["stream_states"]
        self.reader.state = states[self.global_rank] if len(states) == _num_processes() else None

    def on_train_start(self) -> None:
        """Brings streams that a checkpoint holds to the device."""
        self.reader.state = move_data_to_device(self.reader.state, self.device)

    @staticmethod
    def _rows(state: Any) -> int:
        while isinstance(state, tuple):
            state = state[0]
        return len(state)

    # What a finished run says of documents ----------------------------------------------------------------------------

    def respond_to_all(self, loader: Any) -> Predictions:
        """Nats of each document: the sum over its tokens, an unknown character's code point spelled out."""
        self.reader = StreamReader()
        documents, nats = [], []
        for batch in loader:
            tokens_BT, targets_BT, documents_BT = self.transfer_batch_to_device(batch, self.device, 0)
            logits_BTV = self(tokens_BT)
            nats_BT = F.cross_entropy(logits_BTV.transpose(1, 2).float(), targets_BT, reduction="none")
            nats_BT = nats_BT + SPELL_OUT_NATS * (targets_BT == self.unknown)
            scored_BT = documents_BT >= 0
            documents.append(documents_BT[scored_BT].cpu().numpy())
            nats.append(nats_BT[scored_BT].double().cpu().numpy())
        return {"bits": np.bincount(np.concatenate(documents), weights=np.concatenate(nats)) / math.log(2)}

    @staticmethod
    def illustrate(net: nn.Module, examples: Sequence[Any], spec: TextStreamSpec) -> list[dict[str, Any]]:
        """How the model goes on from the beginnings of documents."""
        assert isinstance(net, LanguageModel | PretrainedLanguageModel)
        tokenizer, sampling = tokenizer_from(spec.tokenizer), Sampling(temperature=0.7)
        found = []
        for document in examples:
            beginning = str(document)[:PROMPT_CHARACTERS]
            drawn = continue_text(net, beginning, spec, num_tokens=CONTINUATION_TOKENS, sampling=sampling)
            found.append({"kind": "text", "input": beginning, "output": tokenizer.decode(list(drawn))})
        return found

    @staticmethod
    def predictions(outputs: Tensor) -> Predictions:
        """Probabilities of the token after the last one, shape ``(B, V)``."""
        return {"probabilities": torch.softmax(outputs[:, -1].float(), dim=-1).cpu().numpy()}

    @staticmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each document's pseudo-value of bits per byte: the metric is a ratio of sums over documents.

        Args:
            predictions: ``bits`` of each document, or ``bits_per_byte``.
            labels: bytes of each document, shape ``(N,)``.
            metric: ``bits_per_byte``; of nothing else is a document's share known.

        Raises:
            ValueError: another metric.
        """
        if metric != "bits_per_byte":
            raise ValueError(f"a document's share is known of bits_per_byte only; got {metric}")
        sums_N2 = np.stack([_bits(predictions, labels), labels.astype(np.float64)], axis=1)
        return pseudo_values_from_sums(sums_N2, lambda totals: totals[..., 0] / totals[..., 1])

    @staticmethod
    def summarise(predictions: Predictions, labels: np.ndarray) -> dict[str, float]:
        """Bits per byte over all documents."""
        return {"bits_per_byte": float(_bits(predictions, labels).sum() / labels.sum())}

    @staticmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: TextStreamSpec) -> Predictions:
        """Eight bits a byte."""
        return {"bits_per_byte": np.full(num_examples, BITS_OF_UNIFORM_BYTES)}


def _num_processes() -> int:
    """How many train together."""
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def _bits(predictions: Predictions, labels: np.ndarray) -> np.ndarray:
    if "bits" in predictions:
        return predictions["bits"]
    return predictions["bits_per_byte"] * labels
