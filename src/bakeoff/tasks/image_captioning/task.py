"""Image captioning, learnt with teacher forcing and judged on what greedy or beam search writes.

B batch, R references, T tokens, L tokens of an answer, N examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from bakeoff.config import build
from bakeoff.data.batches.batch import Tree
from bakeoff.data.captions.spec import CaptionSpec
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.image.prediction import normalised
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.data.text.words import as_words
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import ImageBackbone, SequenceBackbone
from bakeoff.ranges import Count, Fraction, NotNegative
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.contract import Answering, ConfiguredModel, MakeBackbone
from bakeoff.tasks.exhibits import Exhibit, GlancesExhibit, PictureExhibit
from bakeoff.tasks.image_captioning.facts import METRICS, SEEN, UNSEEN
from bakeoff.tasks.image_captioning.files import write_captions
from bakeoff.tasks.image_captioning.network import Captioner
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.writing import Writing
from bakeoff.tasks.written import scores
from bakeoff.tasks.written.attended import attended
from bakeoff.tasks.written.search import are_same


class ImageCaptioning(Writing[CaptionSpec]):
    """Cross-entropy on the next token; exact match, BLEU-4, ROUGE-L and chrF against any reference (higher is better).

    In validation, ``exact_match`` is that of greedy search token by token. Captions are compared as `as_words` has
    them, and exact match is told apart for images of what training lacks, where the data marks them.

    Args:
        spec: what the data is; gives the tokenizer.
        label_smoothing: mass moved from the right token to all alike, in [0, 1).
        beams: captions kept side by side in the final search; 1 is greedy.
        length_penalty: of beam search.
    """

    metrics_declared = METRICS
    trivial_words = "always answering the most frequent caption of training"

    def __init__(
        self,
        *,
        spec: CaptionSpec,
        label_smoothing: Fraction = 0.0,
        beams: Count = 1,
        length_penalty: NotNegative = 0.6,
    ) -> None:
        super().__init__(
            spec=spec,
            tokenizer=tokenizer_from(spec.tokenizer),
            label_smoothing=label_smoothing,
            beams=beams,
            length_penalty=length_penalty,
        )

    def network(
        self,
        make: MakeBackbone,
        *,
        encoder: Mapping[str, Any] | None = None,
        decoder: Mapping[str, Any] | None = None,
        embedding_width: int = 32,
    ) -> nn.Module:
        """The configured model, with ``encoder`` where it is a decoder, and with ``decoder`` where it is an encoder.

        Args:
            make: makes a decoder of sequences, or an encoder of images.
            encoder: of images, the same for all contenders that are decoders.
            decoder: of captions, the same for all contenders that are encoders.
            embedding_width: of words.
        """
        is_encoder = isinstance(make, ConfiguredModel) and issubclass(make.made, ImageBackbone)
        of_images, of_captions = self.spec.model_arguments(), {"causal": True, "cross_attention": True}
        reads = make(**of_images) if is_encoder else _made(encoder, "task.network.encoder", of_images)
        writes = _made(decoder, "task.network.decoder", of_captions) if is_encoder else make(**of_captions)
        assert isinstance(reads, ImageBackbone) and isinstance(writes, SequenceBackbone)
        require_positions(writes, self.spec.max_caption_length, cut_by="data.max_length")
        return Captioner(
            reads,
            writes,
            image_shape=self.spec.example_shape,
            vocab_size=self.spec.vocab_size,
            embedding_width=embedding_width,
            max_caption_length=self.spec.max_caption_length,
        )

    def next_tokens(self, targets: Tree) -> Tensor:
        """The tokens that training asks for; evaluation has all references beside them."""
        tokens_BT: Tensor = targets[0] if isinstance(targets, tuple) else targets
        return tokens_BT

    def are_right(self, answers_BL: Tensor, targets: Tree) -> Tensor:
        """Whether each caption is one of its references to the last token."""
        _, references_BRT = targets
        return torch.stack([are_same(answers_BL, own_BT) for own_BT in references_BRT.unbind(dim=1)]).any(dim=0)

    # What is said of answers ------------------------------------------------------------------------------------------

    def texts(self, answers: pa.Table) -> list[str]:
        """The captions as words."""
        return [as_words(text) for text in super().texts(answers)]

    def references(self, labels: pa.Table) -> list[list[str]]:
        """The references as words."""
        return [[as_words(text) for text in own] for own in labels["references"].to_pylist()]

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each image's share of ``metric``, shape ``(N,)``; of a part of the test, pseudo-values."""
        if metric not in (SEEN, UNSEEN):
            return super().score_examples(answers, labels, metric)
        return pseudo_values_from_sums(self._counts(answers, labels, metric), _share)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name; those of the parts only where both are there."""
        unseen_N = column(labels, "unseen")
        parts = (SEEN, UNSEEN) if 0 < unseen_N.sum() < len(unseen_N) else ()
        shares = {name: float(_share(self._counts(answers, labels, name).sum(axis=0))) for name in parts}
        return super().summarise(answers, labels) | shares

    def _counts(self, answers: pa.Table, labels: pa.Table, part: str) -> np.ndarray:
        """What each image adds to a part: 1 if it is right, and 1, shape ``(N, 2)``; nothing of the other part."""
        belongs_N = column(labels, "unseen") == (part == UNSEEN)
        right_N = scores.exact(self.texts(answers), self.references(labels))
        return np.stack([right_N * belongs_N, belongs_N], axis=1)

    def unmeasured(self, metric: str) -> str | None:
        """Parts of the test need marks."""
        if metric not in (SEEN, UNSEEN) or 0 < self.spec.num_unseen < self.spec.num_test:
            return None
        return "no column marks some of the test images as what training lacks (data.columns.unseen)"

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The most frequent caption of training, to everything."""
        counts = Counter(text for own in train.labels["references"].to_pylist() for text in own)
        return repeat_row(table_of(text=[counts.most_common(1)[0][0]]), len(inputs))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Each image with its caption and references, and where in it the decoder looked for each word."""
        assert isinstance(net, Captioner)
        found: list[Exhibit] = []
        rows = zip(cases.names, cases.raw, answers["text"].to_pylist(), _in_words(cases), strict=True)
        for name, pixels_HWC, text, truth in rows:
            image_1CHW = normalised(torch.tensor(pixels_HWC).permute(2, 0, 1)[None], self.spec)
            written, weights_LS = attended(net, image_1CHW, self.specials)
            shown = [] if weights_LS is None else [token or "end" for token in self.tokenizer.show_tokens(written)]
            weights_Lhw = np.zeros((0, 1, 1)) if weights_LS is None else net.memory.as_maps(weights_LS).numpy()
            found.append(
                GlancesExhibit(
                    title=name, pixels_HWC=pixels_HWC, output=text, truth=truth, tokens=shown, weights_LHW=weights_Lhw
                )
            )
        return found

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Each image with its references."""
        rows = zip(cases.names, cases.raw, _in_words(cases), strict=True)
        return [PictureExhibit(title=name, pixels_HWC=pixels, caption=truth) for name, pixels, truth in rows]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The captions."""
        return answers.rename_columns(["caption"])

    def predict(self, run: Answering, new: NewExamples, *, folder: str = "captions") -> pa.Table:
        """The captions, and the file of each image with its caption below; ``captions.json`` has all in COCO's form.

        Args:
            run: that answers.
            new: images.
            folder: of the files.
        """
        said = self.predicted(run.answers(new))
        names = [str(name) for name in new.shown["file"]]
        files = write_captions(Path(folder), names, new.raw, said["caption"].to_pylist())
        return table_of(caption=said["caption"], picture=[str(file) for file in files])


def _made(section: Mapping[str, Any] | None, key: str, arguments: Mapping[str, Any]) -> Any:
    """A part of the network that is no contender; ``_partial_`` tells whoever checks the file that more is given.

    Raises:
        ConfigError: nothing says what it is.
    """
    if section is None:
        raise ConfigError("config.missing_value", key, None, "the model is the other part", next_step="give _target_")
    return build({name: value for name, value in section.items() if name != "_partial_"}, key, **arguments)


def _share(sums: np.ndarray) -> np.ndarray:
    """Right ones of all, of sums ``(..., 2)``."""
    right, count = sums[..., 0], sums[..., 1]
    return np.divide(right, count, out=np.zeros(np.shape(right)), where=np.asarray(count) > 0)


def _in_words(cases: Cases) -> list[str]:
    return [" | ".join(own) for own in cases.labels["references"].to_pylist()]
