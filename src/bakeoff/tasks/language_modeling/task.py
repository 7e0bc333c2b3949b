"""Language modelling: the next token, scored in bits per byte so that tokenizers compare.

B batch, T tokens of a piece, V vocabulary, N documents.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.text.spec import PAD, TextStreamSpec
from bakeoff.data.text.tokenizers import Tokenizer, tokenizer_from
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone, TokenModel
from bakeoff.tables import table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Pass, Task
from bakeoff.tasks.exhibits import Exhibit, TextExhibit
from bakeoff.tasks.language_modeling import scores
from bakeoff.tasks.language_modeling.generation import Sampling, continue_text
from bakeoff.tasks.language_modeling.network import LanguageModel, PretrainedLanguageModel
from bakeoff.tasks.language_modeling.streams import StreamPass
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.weighted_mean import WeightedMean

PROMPT_CHARACTERS, CONTINUATION_TOKENS = 60, 160
SPELL_OUT_NATS = 21 * math.log(2)
"""What an unknown character costs on top: it is spelled out as one of 2**21 code points of Unicode."""
_SAMPLING = Sampling(temperature=0.8)


class LanguageModeling(Task[TextStreamSpec]):
    """Cross-entropy on the next token of contiguous streams; bits per byte of UTF-8 and perplexity a token.

    Both are lower-is-better; bits per byte lie above 0 (8 is a uniform guess over bytes).

    Args:
        spec: what the data is; gives the bytes of a token.
    """

    metrics_declared = scores.METRICS
    trivial_words = "giving every byte the same probability"
    shows_its_answers = True

    def network(self, make: MakeBackbone, *, embedding_width: int = 64) -> nn.Module:
        """The backbone with the shared stem and tied head; a `TokenModel` brings its own."""
        spec, backbone = self.spec, make(causal=True, cross_attention=False)
        if isinstance(backbone, TokenModel):
            tokenizer = tokenizer_from(spec.tokenizer)
            return PretrainedLanguageModel(backbone.predictor(tokenizer, max_length=spec.sequence_length))
        assert isinstance(backbone, SequenceBackbone)
        require_positions(backbone, spec.sequence_length, cut_by="data.sequence_length")
        return LanguageModel(backbone, vocab_size=spec.vocab_size, embedding_width=embedding_width)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats a token; padding does not count."""
        return F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), ignore_index=PAD)

    def num_terms(self, batch: Batch) -> int:
        """Tokens that were predicted."""
        return int((batch.targets != PAD).sum())

    def begin_pass(self, *, training: bool) -> Pass:
        """Streams start from their beginning."""
        return StreamPass(training=training)

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss a token, from which `derived` has the others."""
        return MetricCollection({"loss": WeightedMean()}, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[()]:
        """Nothing: the metrics come from the loss."""
        return ()

    def derived(self, values: dict[str, float]) -> dict[str, float]:
        """Perplexity, and bits a byte at the train text's bytes a token."""
        nats = values["loss"]
        bits = nats / math.log(2) / self.spec.bytes_per_token
        return {"perplexity": math.exp(min(nats, 700.0)), "bits_per_byte": bits}

    # What a finished run says of documents ----------------------------------------------------------------------------

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """Not of a piece alone: a document goes on from batch to batch.

        Raises:
            TypeError: always; `respond_to_all` reads whole streams.
        """
        raise TypeError("documents are answered as whole streams, by respond_to_all")

    def respond_to_all(
        self, net: nn.Module, batches: Iterable[Tree], *, parts: int = 1, positions: np.ndarray | None = None
    ) -> pa.Table:
        """Bits of each document: the sum over its tokens, an unknown character's code point spelled out."""
        read, unknown = StreamPass(training=False), tokenizer_from(self.spec.tokenizer).unknown
        documents, nats = [], []
        for tokens_BT, targets_BT, documents_BT in batches:
            logits_BTV = read(net, tokens_BT)
            nats_BT = F.cross_entropy(logits_BTV.transpose(1, 2).float(), targets_BT, reduction="none")
            nats_BT = nats_BT + SPELL_OUT_NATS * (targets_BT == unknown)
            scored_BT = documents_BT >= 0
            documents.append(documents_BT[scored_BT].cpu().numpy())
            nats.append(nats_BT[scored_BT].double().cpu().numpy())
        return table_of(bits=np.bincount(np.concatenate(documents), weights=np.concatenate(nats)) / math.log(2))

    score_examples = staticmethod(scores.score_examples)
    summarise = staticmethod(scores.summarise)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """Eight bits a byte."""
        return table_of(bits_per_byte=np.full(len(inputs), scores.BITS_OF_UNIFORM_BYTES))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """How the model goes on from the beginnings of documents."""
        assert isinstance(net, LanguageModel | PretrainedLanguageModel)
        tokenizer, sampling = tokenizer_from(self.spec.tokenizer), Sampling(temperature=0.7)
        found: list[Exhibit] = []
        for document in cases.raw:
            beginning = str(document)[:PROMPT_CHARACTERS]
            drawn = continue_text(net, beginning, self.spec, num_tokens=CONTINUATION_TOKENS, sampling=sampling)
            found.append(TextExhibit(input=beginning, output=tokenizer.decode(list(drawn))))
        return found

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The bits of each text."""
        return answers

    def predict(
        self, run: Answering, new: NewExamples, *, num_tokens: int = 256, sampling: Sampling = _SAMPLING
    ) -> pa.Table:
        """What follows each prompt, printed token by token as it is drawn.

        Args:
            run: a finished run.
            new: prompts.
            num_tokens: how much to write after each.
            sampling: how the next token is drawn.

        Raises:
            ConfigError: the run counts or compresses, and draws nothing.
        """
        if not isinstance(run.net, LanguageModel | PretrainedLanguageModel):
            raise ConfigError("config.no_generator", "run", run.name, "scores text, but writes none")
        tokenizer, written = tokenizer_from(self.spec.tokenizer), []
        for text in new.raw:
            drawn = continue_text(run.net, text, self.spec, num_tokens=num_tokens, sampling=sampling)
            print(text, end="", flush=True)
            written.append(_stream(drawn, tokenizer))
        return table_of(continuation=written)


def _stream(tokens: Iterator[int], tokenizer: Tokenizer) -> str:
    """Prints a text as it grows; a token that ends within a character shows with the next."""
    drawn: list[int] = []
    shown = ""
    for token in tokens:
        drawn.append(token)
        text = tokenizer.decode(drawn)
        if not text.endswith("\ufffd"):
            sys.stdout.write(text[len(shown) :])
            sys.stdout.flush()
            shown = text
    print()
    return tokenizer.decode(drawn)
