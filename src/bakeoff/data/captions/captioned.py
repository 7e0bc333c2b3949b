"""Images with captions as a Lightning data module: what every trial of captioning reads."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.captions.columns import CaptionColumns
from bakeoff.data.captions.prepared import CaptionPreparation, PreparedCaptions, caption_table, prepare_captions
from bakeoff.data.captions.spec import CaptionSpec
from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.contract import Split
from bakeoff.data.image.images import FittedImages
from bakeoff.data.labels import OnMissing
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.module import longest, vocabulary_difference
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged, shifted
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.ranges import Count
from bakeoff.tables import table_of

Learnt: TypeAlias = Literal["drawn", "first"]
_DRAW_STREAM = 5


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class CaptionedImages(FittedImages[CaptionSpec]):
    """Images with one caption or several each, split, normalised, tokenised and batched.

    One batch of captioned shapes, ``batch_size=2``; ``^`` is START, ``$`` is END, ``.`` is padding (0)::

        images_BCHW      float32 (2, 3, 32, 32)   pixels of [0, 1], less the train mean, over the train deviation
        caption_in_BT    int64   (2, 5)           ^ a large red circle        what the decoder is given
                                                  ^ a small blue ring
        caption_out_BT   int64   (2, 5)           a large red circle $        what it should say next
                                                  a small blue ring $
        references_BRT   int64   (2, 2, 7)        a large red circle $ . .    in evaluation: all that would be right
                                                  there is a large red circle $
                                                  a small blue ring $ . .
                                                  there is a small blue ring $

    Inputs are ``(images_BCHW, caption_in_BT)``, targets ``caption_out_BT`` in training and ``(caption_out_BT,
    references_BRT)`` in evaluation. In each epoch of training one of an image's captions is drawn, or the first is
    taken, as in evaluation.

    Args:
        tokenizer: what a token of a caption is.
        max_length: tokens of a caption that are used; the rest is cut off.
        on_missing: what becomes of images without a caption: ``error``, or ``drop`` them, with a note.
        learnt: which of an image's captions is learnt in an epoch: a ``drawn`` one, or always the ``first``.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = CaptionSpec
    preparation_class = CaptionPreparation

    columns: CaptionColumns
    tokenizer: TokenizerRule
    max_length: Count = 40
    on_missing: OnMissing = "error"
    learnt: Learnt = "drawn"
    batch_size: Count = 32

    def __post_init__(self) -> None:
        require_positive(max_length=self.max_length)
        require_choice("learnt", self.learnt, get_args(Learnt))
        super().__post_init__()

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`, and the vocabulary that a finished run was trained with."""
        assert isinstance(trained, CaptionSpec)
        prepared = self._images
        tokenizer, every = tokenizer_from(trained.tokenizer), prepared.captions_of(np.arange(len(prepared.examples)))
        ids, _ = encode(every, tokenizer, role="caption", labelled=False, max_length=trained.max_length)
        self._tokens, self._tokenizer = Ragged.of(ids, dtype=np.int32), tokenizer
        self._spec = None
        super().preprocess_as(trained)

    def labels(self, split: Split) -> pa.Table:
        """The ``references`` of each image, and whether training lacks what it shows (``unseen``)."""
        rows = self._split_rows(split)
        references = pa.array([self._images.captions(row) for row in rows.tolist()], pa.list_(pa.string()))
        return table_of(references=references, unseen=self._images.unseen[rows])

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """As of `Images`, and whether the vocabulary is that of the captions outside of test (of train, with val)."""
        return super().refit_problem(recorded) or vocabulary_difference(recorded["tokenizer"], self._fitted_again)

    @cached_property
    def _fitted_again(self) -> dict[str, Any]:
        prepared = self._images
        rows = np.setdiff1d(prepared.pool, np.concatenate([prepared.val, prepared.test]))
        return fit_tokenizer(self._preparation.tokenizer, prepared.captions_of(rows)).to_dict()

    def _prepare(self) -> PreparedCaptions:
        prepared = prepare_captions(self.source, self._preparation)
        self._tokens, self._tokenizer = prepared.tokens, prepared.tokenizer
        return prepared

    @property
    def _images(self) -> PreparedCaptions:
        found: PreparedCaptions = self._prepared
        return found

    def _batch(self, images_BCHW: Tensor, rows_B: Tensor, sampler: EpochSampler) -> Batch:
        rows, training, chosen_N = rows_B.numpy(), sampler.seed is not None, self._images.starts
        if sampler.seed is not None and self.learnt == "drawn":
            chosen_N = self._drawn(sampler.seed, sampler.epoch)
        caption_in_BT, caption_out_BT = shifted(self._tokens, chosen_N[rows], self._tokenizer)
        targets = caption_out_BT if training else (caption_out_BT, self._targets(rows_B))
        return Batch((images_BCHW, caption_in_BT), targets, len(rows))

    def _drawn(self, seed: int, epoch: int) -> Rows:
        """The caption of each image that an epoch trains on, whichever images are asked for."""
        starts, epoch = self._images.starts, epoch if self.reshuffle else 0
        if (seed, epoch) not in self._draws:
            shares_N = np.random.default_rng([seed, epoch, _DRAW_STREAM]).random(len(starts) - 1)
            self._draws.clear()
            self._draws[seed, epoch] = starts[:-1] + (shares_N * np.diff(starts)).astype(np.int64)
        return self._draws[seed, epoch]

    @cached_property
    def _draws(self) -> dict[tuple[int, int], Rows]:
        """That of the present seed and epoch."""
        return {}

    def _targets(self, rows: Tensor) -> Tensor:
        """All captions of these images with their end, shape ``(B, R, T)``; what is not there is padding."""
        starts, ends = self._images.starts[rows.numpy()], self._images.starts[rows.numpy() + 1]
        numbers = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        _, tokens = shifted(self._tokens, numbers, self._tokenizer)
        references_BRT = torch.zeros(len(rows), int((ends - starts).max()), tokens.shape[1], dtype=torch.int64)
        owners = np.repeat(np.arange(len(rows)), ends - starts)
        places = np.concatenate([np.arange(count) for count in ends - starts])
        references_BRT[owners, places] = tokens
        return references_BRT

    def _records(self) -> Dataset:
        return caption_table(self.source, self._preparation).records

    def _describe(self, common: dict[str, Any]) -> CaptionSpec:
        prepared, train = self._images, self._rows["train"]
        numbers = np.concatenate([np.arange(prepared.starts[row], prepared.starts[row + 1]) for row in train])
        lengths = self._tokens.lengths(numbers) + 1
        return CaptionSpec(
            **common,
            **self._facts_of_pixels(),
            tokenizer=self._tokenizer.to_dict(),
            vocab_size=self._tokenizer.vocab_size,
            max_caption_length=longest(lengths),
            typical_caption_length=round(float(lengths.mean())),
            max_length=self._preparation.max_length,
            num_unseen=int(prepared.unseen[self._rows["test"]].sum()),
        )
