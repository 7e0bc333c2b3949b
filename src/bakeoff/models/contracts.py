"""The contracts that let any task use any model.

B batch, C channels, H height, W width, T time steps, S steps of a memory, D model width, V vocabulary, K classes.

`ImageBackbone` turns images into one feature map a stage; `SequenceBackbone` turns a padded batch of sequences into
sequences of the same shape. A task is written against one of them, once; a backbone is written once, and works in
every task that takes its contract.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import torch
from torch import Tensor, nn

from bakeoff.data.batches.batch import Ragged
from bakeoff.data.text.tokenizer import Tokenizer


class ImageTooSmall(ValueError):
    """The image has fewer pixels than the architecture can reduce; the message names the least size that works."""


class ImageBackbone(nn.Module, abc.ABC):
    """Images in, one feature map a stage out.

    A subclass's constructor takes keyword-only ``in_channels: int`` and ``image_size: tuple[int, int]`` (height,
    width) from the data, and its own arguments from configuration. It sets the two attributes below.
    """

    stage_channels: tuple[int, ...]
    """Channels of each returned feature map, first stage first."""
    stage_strides: tuple[int, ...]
    """How many input pixels one step in each returned feature map stands for."""

    @abc.abstractmethod
    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The feature maps, shapes ``(B, stage_channels[i], H_i, W_i)``, coarsest last."""


def maps_after(stages: Iterable[nn.Module], x_BCHW: Tensor) -> list[Tensor]:
    """The output of each stage, run one after the other."""
    maps = []
    for stage in stages:
        x_BCHW = stage(x_BCHW)
        maps.append(x_BCHW)
    return maps


RegionHead: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From vectors ``(..., D)`` to logits ``(..., K + 1)``, the last one of "nothing", and four numbers for a box."""


class DetectorOutputs(abc.ABC):
    """What a detector says of a batch of images; a task has a loss for each kind of it."""

    @abc.abstractmethod
    def found(self) -> Ragged:
        """The boxes, best first, at most a hundred an image: ``boxes`` (corners in pixels), ``classes``, ``scores`` (in
        [0, 1]) and ``counts``."""

    @abc.abstractmethod
    def dense(self) -> tuple[Tensor, Tensor]:
        """All boxes ``(B, N, 4)``, corners in pixels, with the probability of each class ``(B, N, K)``, of which
        `found` chooses."""

    @abc.abstractmethod
    def tensors(self) -> list[Tensor]:
        """All that its loss depends on, so that the cost of a training step can be counted."""


class Detector(nn.Module, abc.ABC):
    """Images in, boxes out: a whole system that finds things.

    A subclass's constructor takes keyword-only ``in_channels`` and ``image_size`` as an `ImageBackbone` does, and its
    own arguments from configuration. What is said of a region's vector is the task's head, the same for all.
    """

    width: int
    """D: the size of each region's vector."""
    most_boxes: int | None = None
    """How many boxes of an image it can say at the most; None: as many as are stored."""

    @abc.abstractmethod
    def forward(self, images_BCHW: Tensor, head: RegionHead) -> DetectorOutputs:
        """What the images show."""


State = Any
"""What a causal backbone carries from step to step: tensors in (nested) tuples, each with the batch as its first
dimension, so that rows can be chosen and repeated (`select_rows`)."""


class SequenceBackbone(nn.Module, abc.ABC):
    """Sequences in, sequences of the same shape out.

    A subclass's constructor takes keyword-only ``width: int`` (D, of input and output alike), ``causal: bool = False``
    and ``cross_attention: bool = False``, and its own arguments from configuration. With ``cross_attention`` the model
    attends to a memory (the encoder's output) in every call; without, a memory is refused.
    """

    width: int
    """D: the size of each step's vector, in and out."""
    causal: bool
    """Whether the output at a step depends on that step and earlier ones only."""
    cross_attention: bool = False
    """Whether the model attends to a memory."""
    longest: int | None = None
    """The most steps that it has positions for; None: any number."""
    carries_state: bool = False
    """Whether `forward_from` can go on from the state that an earlier piece of the sequence left behind."""

    @abc.abstractmethod
    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Args:
            x_BTD: the input, one vector of size ``width`` a step.
            padding_mask_BT: True at padding, False at real steps (torch's ``key_padding_mask``); what stands at padding
                never changes the output at real steps. None means that all steps are real.
            memory_BSD: what to attend to, of the same width; required with ``cross_attention``.
            memory_padding_mask_BS: True at the memory's padding, which is never attended to.

        Raises:
            ValueError: a row is all padding; a memory is missing, or given to a model without cross-attention.
        """

    def refuse_steps_unless_causal(self) -> None:
        """Nothing, if the model is causal.

        Raises:
            NotImplementedError: it is not.
        """
        if not self.causal:
            raise NotImplementedError(f"only a causal {type(self).__name__} can be run step by step")

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """The state before the first step; of causal models only.

        Args:
            batch_size: B, how many sequences are stepped together.
            memory_BSD: what to attend to at every step; the state holds it from then on.
            memory_padding_mask_BS: True at the memory's padding.

        Raises:
            NotImplementedError: the architecture has no step-by-step form.
        """
        raise NotImplementedError(f"{type(self).__name__} can't be run step by step")

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of a causal model: ``forward`` at this position within 1e-5, from the state of the steps before.

        Args:
            x_BD: the step's input.
            state: of `initial_state` or of the step before; it is not changed in place.

        Returns:
            The step's output, shape ``(B, D)``, and the state after it.

        Raises:
            NotImplementedError: the architecture has no step-by-step form.
        """
        raise NotImplementedError(f"{type(self).__name__} can't be run step by step")

    def forward_from(self, x_BTD: Tensor, state: State | None) -> tuple[Tensor, State]:
        """As `forward` on the next piece of a sequence without padding, going on from where the last piece ended.

        Args:
            x_BTD: the next piece.
            state: of the piece before, None at the start; gradients do not flow into it.

        Returns:
            The encoded piece, and the (detached) state after it.

        Raises:
            NotImplementedError: ``carries_state`` is False.
        """
        raise NotImplementedError(f"{type(self).__name__} carries no state from piece to piece")


class TokenBackbone(nn.Module, abc.ABC):
    """A whole network from tokens to one vector a token, with an embedding of its own: a pretrained language model.

    A task gives it no stem; the head is the task's, as for every contender.
    """

    width: int
    """D: the size of each token's output vector."""

    @property
    @abc.abstractmethod
    def embedding(self) -> nn.Module:
        """The layer that makes a vector of each token, the same at any place."""

    @abc.abstractmethod
    def forward(self, tokens_BT: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """The encoded tokens, shape ``(B, T, D)``."""


class TokenPredictor(nn.Module, abc.ABC):
    """A whole causal network from tokens to the next token, with embedding and output table of its own."""

    @abc.abstractmethod
    def forward(self, tokens_BT: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """Logits of the token after each one, shape ``(B, T, V)``."""

    @abc.abstractmethod
    def initial_state(self, batch_size: int) -> State:
        """The state before the first token."""

    @abc.abstractmethod
    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""


class TokenTranslator(nn.Module, abc.ABC):
    """A whole encoder and decoder from tokens to tokens, with embeddings and output table of its own."""

    @abc.abstractmethod
    def logits(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Logits of the token after each target token, shape ``(B, T, V)``; padding on either side is PAD."""

    @abc.abstractmethod
    def initial_state(self, source_BS: Tensor) -> State:
        """The state before the first token of an answer to each source."""

    @abc.abstractmethod
    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""


class TokenModel(abc.ABC):
    """An architecture that brings embeddings of its own, of which a task takes the network that it needs.

    Like a `SequenceBackbone`, a subclass's constructor takes keyword-only ``causal`` and ``cross_attention``, and its
    own arguments from configuration. Each method makes the network for the data's vocabulary.
    """

    @abc.abstractmethod
    def encoder(self, tokenizer: Tokenizer, *, max_length: int) -> TokenBackbone:
        """One vector a token, for texts of up to ``max_length`` tokens."""

    @abc.abstractmethod
    def predictor(self, tokenizer: Tokenizer, *, max_length: int) -> TokenPredictor:
        """The next token, after up to ``max_length`` tokens."""

    @abc.abstractmethod
    def translator(
        self, source: Tokenizer, target: Tokenizer, *, max_source_length: int, max_target_length: int
    ) -> TokenTranslator:
        """The next token of an answer to a source."""


class FittedModel(abc.ABC):
    """A reference that is fitted in one go on examples as they came, and answers them: no network, no gradient.

    Its answers are what the task stores of each example, so that the same scorer judges it. A subclass's constructor
    takes keyword arguments from configuration alone.
    """

    def num_parameters(self, spec: Any) -> int:
        """Numbers that fitting trains, at the most, on data of this kind; 0 where it counts or keeps what it saw."""
        return 0

    @abc.abstractmethod
    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Learns from the train examples and their labels."""

    @abc.abstractmethod
    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """What is stored of each example."""

    @abc.abstractmethod
    def save(self, folder: Path) -> None:
        """Writes what was fitted, as JSON and arrays."""

    @abc.abstractmethod
    def load(self, folder: Path) -> None:
        """The inverse of `save`."""


def select_rows(state: State, rows_B: Tensor) -> State:
    """The state of these sequences of the batch, in this order; a sequence may be taken several times."""
    if isinstance(state, Tensor):
        return state.index_select(0, rows_B)
    if isinstance(state, tuple):
        return tuple(select_rows(part, rows_B) for part in state)
    return state


def joined(states: Sequence[State]) -> State:
    """The states of several batches as that of one: the inverse of choosing rows."""
    if isinstance(states[0], Tensor):
        return torch.cat(list(states))
    if isinstance(states[0], tuple):
        return tuple(joined(parts) for parts in zip(*states, strict=True))
    return states[0]


def detached(state: State) -> State:
    """The state, cut off from the graph that made it."""
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, tuple):
        return tuple(detached(part) for part in state)
    return state
