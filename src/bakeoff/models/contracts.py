"""The two contracts that let any task use any model.

B batch, C channels, H height, W width, T time steps, D model width.

`ImageBackbone` turns images into one feature map a stage; `SequenceBackbone` turns a padded batch of sequences into
sequences of the same shape. A task is written against one of them, once; a backbone is written once, and works in
every task of its modality.
"""

from __future__ import annotations

import abc

from torch import Tensor, nn


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


class SequenceBackbone(nn.Module, abc.ABC):
    """Sequences in, sequences of the same shape out.

    A subclass's constructor takes keyword-only ``width: int`` (D, of input and output alike) and ``causal: bool``,
    and its own arguments from configuration.
    """

    width: int
    """D: the size of each step's vector, in and out."""
    causal: bool
    """Whether the output at a step depends on that step and earlier ones only."""

    @abc.abstractmethod
    def forward(self, x_BTD: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Args:
            x_BTD: the input, one vector of size ``width`` a step.
            padding_mask_BT: True at padding, False at real steps (torch's ``key_padding_mask``); what stands at padding
                never changes the output at real steps. None means that all steps are real.
        """
