"""Ways to tell a model where in the sequence a step stands.

Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762 (sinusoidal); Gehring et al. 2017, "Convolutional
sequence to sequence learning", arXiv:1705.03122 (learned); Su et al. 2021, "RoFormer: enhanced Transformer with rotary
position embedding", arXiv:2104.09864 (rotary).

B batch, N heads, T time steps, D model width, H size of a head, P pairs of channels that turn together.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

AddedPositions = Literal["sinusoidal", "learned", "none"]
"""Positions that are added to the input, so that any model can have them."""

Rotation = tuple[Tensor, Tensor]
"""Cosines and sines of each position's angles, shape ``(T, P)`` each."""

LONGEST_WAVELENGTH = 10_000.0
"""Over 2 pi, of sinusoidal and rotary positions, as in both papers."""


class NoPositions(nn.Module):
    """Leaves the sequence as it is."""

    def forward(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        """The same sequence."""
        return x_BTD


class SinusoidalPositions(nn.Module):
    """Adds sines and cosines of geometrically spaced wavelengths (Vaswani et al. 2017, section 3.5)."""

    def forward(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        """The sequence plus its positions from ``start`` on, shape ``(B, T, D)``."""
        length, width = x_BTD.shape[1:]
        angle_TP = _angles(length, (width + 1) // 2, channels=width, start=start, device=x_BTD.device)
        table_TD = torch.stack([angle_TP.sin(), angle_TP.cos()], dim=-1).flatten(1)[:, :width]
        return x_BTD + table_TD.to(x_BTD.dtype)


class LearnedPositions(nn.Module):
    """Adds one learned vector a position."""

    def __init__(self, *, width: int, max_length: int) -> None:
        super().__init__()
        self.table = nn.Embedding(max_length, width)

    def forward(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        """The sequence plus its positions from ``start`` on, shape ``(B, T, D)``.

        Raises:
            ValueError: the sequence is longer than ``max_length``.
        """
        end, longest = start + x_BTD.shape[1], self.table.num_embeddings
        if end > longest:
            raise ValueError(f"learned positions reach max_length={longest} steps; got a sequence of {end}")
        return x_BTD + self.table.weight[start:end]


def added_positions(positions: str, *, width: int, max_length: int | None) -> nn.Module:
    """The module that adds these positions to a sequence.

    Raises:
        ValueError: learned positions without ``max_length``.
    """
    if positions == "sinusoidal":
        return SinusoidalPositions()
    if positions != "learned":
        return NoPositions()
    if max_length is None:
        raise ValueError("learned positions need max_length, the longest sequence; got None")
    return LearnedPositions(width=width, max_length=max_length)


def sines_of_places(places_2: Tensor, *, channels: int) -> Tensor:
    """Sines and cosines of places in a plane, ``(..., channels)``, half of them of each coordinate.

    As in Carion et al. 2020, arXiv:2005.12872, appendix A.4, but with wavelengths from two sides of the plane down to
    an eighth of one: all channels tell places of a small map apart.

    Args:
        places_2: across and down, ``(..., 2)``, as shares of the plane's sides.
        channels: of the result.
    """
    pairs = -(-channels // 4)
    cycles_P = torch.logspace(-1, 3, pairs, base=2.0, device=places_2.device)
    angles_2P = 2 * math.pi * places_2[..., None] * cycles_P
    return torch.cat([angles_2P.sin(), angles_2P.cos()], dim=-1).flatten(-2)[..., :channels].to(places_2.dtype)


def places_of_map(height: int, width: int, *, device: torch.device) -> Tensor:
    """The middle of each place of a map, row by row, ``(height * width, 2)``, as shares of its sides."""
    y_H, x_W = ((torch.arange(side, device=device) + 0.5) / side for side in (height, width))
    y_HW, x_HW = torch.meshgrid(y_H, x_W, indexing="ij")
    return torch.stack([x_HW, y_HW], dim=-1).flatten(0, 1)


def rotation(length: int, head_dim: int, *, start: int, device: torch.device) -> Rotation:
    """What `rotate` turns the steps ``start`` to ``start + length`` by (Su et al. 2021, equation 15)."""
    angle_TP = _angles(length, head_dim // 2, channels=head_dim // 2 * 2, start=start, device=device)
    return angle_TP.cos(), angle_TP.sin()


def rotate(x_BNTH: Tensor, by: Rotation) -> Tensor:
    """Queries or keys, each pair of channels turned by its position's angle (Su et al. 2021, equation 34).

    The product of a turned query and a turned key depends on their distance only. Departures from the paper: the
    partner of channel ``i`` is ``i + P``, not its neighbour (the same up to the order of channels, and faster); the
    last of an odd number of channels is not turned.
    """
    cosine_TP, sine_TP = (table.to(x_BNTH.dtype) for table in by)
    pairs = cosine_TP.shape[-1]
    first_BNTP, second_BNTP, rest = x_BNTH.split([pairs, pairs, x_BNTH.shape[-1] - 2 * pairs], dim=-1)
    turned = (first_BNTP * cosine_TP - second_BNTP * sine_TP, first_BNTP * sine_TP + second_BNTP * cosine_TP, rest)
    return torch.cat(turned, dim=-1)


def _angles(length: int, pairs: int, *, channels: int, start: int, device: torch.device) -> Tensor:
    position_T = torch.arange(start, start + length, device=device, dtype=torch.float32)
    pair_P = torch.arange(pairs, device=device, dtype=torch.float32)
    return position_T[:, None] * torch.exp(pair_P * (-2 * math.log(LONGEST_WAVELENGTH) / max(1, channels)))
