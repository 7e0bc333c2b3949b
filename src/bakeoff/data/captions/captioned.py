"""Images with captions as a Lightning data module: what every trial of captioning reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
import torch
from annotated_types import Interval
from datasets import Dataset
from torch import Tensor

from bakeoff.data.bad_rows import OnBad
from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.captions.columns import CaptionColumns
from bakeoff.data.captions.prepared import CaptionPreparation, PreparedCaptions, caption_table, prepare_captions
from bakeoff.data.captions.spec import CaptionSpec
from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.contract import Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.images import Images
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.labels import OnMissing
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.module import longest, vocabulary_difference
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged, shifted
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.ranges import Count, NotNegative, Positive, WholeNumber
from bakeoff.tables import table_of

Learnt: TypeAlias = Literal["drawn", "first"]
_DRAW_STREAM = 5


class CaptionedImages(Images[CaptionSpec]):
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
        name: what the data is called in tables and reports.
        source: where images and captions come from.
        columns: which columns hold them.
        split: how missing splits are made.
        tokenizer: what a token of a caption is.
        max_length: tokens of a caption that are used; the rest is cut off.
        image_size: pixels, one number or (height, width); None keeps the native size, which must be uniform.
        fit: how images come to that size: ``letterbox`` keeps their shape and fills up with gray, ``stretch`` does not.
        batch_size: training images an optimizer step; evaluation uses larger batches.
        on_bad: ``skip`` puts up with at most 1 % of unreadable images.
        on_missing: what becomes of images without a caption: ``error``, or ``drop`` them, with a note.
        bit_depth: bits that gray pixels of 16-bit images make use of.
        max_megapixels: of files; larger images are unreadable.
        background: what shows through transparent pixels of images: white, gray or black.
        dedup: what to do about copies of an image on both sides of a split: ``error``, or ``drop`` the train row.
        allow_leak: keep such copies; the report says so.
        num_workers: processes that decode, where the images do not fit in memory.
        in_memory_gb: decoded images above this many gigabytes stay encoded, and are decoded batch by batch.
        learnt: which of an image's captions is learnt in an epoch: a ``drawn`` one, or always the ``first``.
        reshuffle: draw order and captions of training anew each epoch; else all epochs have those of the first.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split, the order of training and the captions that are drawn.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = CaptionSpec
    _preparation: CaptionPreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: CaptionColumns,
        split: SplitRule,
        tokenizer: TokenizerRule,
        max_length: Count = 40,
        image_size: Count | Sequence[Count] | None = None,
        fit: Fit = "letterbox",
        batch_size: Count = 32,
        on_bad: OnBad = "error",
        on_missing: OnMissing = "error",
        bit_depth: Annotated[int, Interval(ge=1, le=16)] = 16,
        max_megapixels: Positive = 64.0,
        background: Background = "white",
        dedup: OnDuplicate = "error",
        allow_leak: bool = False,
        learnt: Learnt = "drawn",
        num_workers: WholeNumber = 2,
        in_memory_gb: NotNegative = 4.0,
        reshuffle: bool = True,
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        require_positive(max_length=max_length)
        require_choice("learnt", learnt, get_args(Learnt))
        preparation = CaptionPreparation(
            columns=columns,
            split=split,
            tokenizer=tokenizer,
            max_length=max_length,
            image_size=height_and_width(image_size),
            on_bad=on_bad,
            on_missing=on_missing,
            dedup=dedup,
            allow_leak=allow_leak,
            in_memory_gb=in_memory_gb,
            pixel_rule=PixelRule(bit_depth, background, fit, max_megapixels),
        )
        super().__init__(
            name=name,
            source=source,
            preparation=preparation,
            batch_size=batch_size,
            num_workers=num_workers,
            reshuffle=reshuffle,
            chunk=chunk,
            seed=seed,
        )
        self._learnt = learnt

    def preprocess_as(self, trained: Spec) -> None:
        """As of `Images`, and the vocabulary that a finished run was trained with."""
        assert isinstance(trained, CaptionSpec)
        prepared = self._images
        tokenizer, every = tokenizer_from(trained.tokenizer), prepared.captions_of(np.arange(len(prepared.examples)))
        ids, _ = encode(every, tokenizer, role="caption", labelled=False, max_length=trained.max_length)
        self._tokens, self._tokenizer = Ragged.of(ids, dtype=np.int32), tokenizer
        self._spec = None
        super().preprocess_as(trained)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """The image size, and how images come to it."""
        assert isinstance(trained, CaptionSpec)
        return super().settings_of(trained) | {"fit": trained.fit}

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
        prepared = prepare_captions(self._source, self._preparation)
        self._tokens, self._tokenizer = prepared.tokens, prepared.tokenizer
        return prepared

    @property
    def _images(self) -> PreparedCaptions:
        found: PreparedCaptions = self._prepared
        return found

    def _batch(self, images_BCHW: Tensor, rows_B: Tensor, sampler: EpochSampler) -> Batch:
        rows, training, chosen_N = rows_B.numpy(), sampler.seed is not None, self._images.starts
        if sampler.seed is not None and self._learnt == "drawn":
            chosen_N = self._drawn(sampler.seed, sampler.epoch)
        caption_in_BT, caption_out_BT = shifted(self._tokens, chosen_N[rows], self._tokenizer)
        targets = caption_out_BT if training else (caption_out_BT, self._targets(rows_B))
        return Batch((images_BCHW, caption_in_BT), targets, len(rows))

    def _drawn(self, seed: int, epoch: int) -> Rows:
        """The caption of each image that an epoch trains on, whichever images are asked for."""
        starts, epoch = self._images.starts, epoch if self._reshuffle else 0
        if self._drawn_for != (seed, epoch):
            shares_N = np.random.default_rng([seed, epoch, _DRAW_STREAM]).random(len(starts) - 1)
            self._drawn_for, self._drawn_N = (seed, epoch), starts[:-1] + (shares_N * np.diff(starts)).astype(np.int64)
        return self._drawn_N

    _drawn_for: tuple[int, int] | None = None
    _drawn_N: Rows

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
        return caption_table(self._source, self._preparation).records

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
