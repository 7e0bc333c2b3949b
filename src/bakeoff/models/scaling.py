"""Channels at a given `width`: the paper's number times a ratio."""

from __future__ import annotations


def scaled(channels: int, width: float, *, multiple_of: int = 1) -> int:
    """The paper's ``channels`` times ``width``, rounded to a multiple of ``multiple_of``, at least one multiple.

    Each layer rounds on its own, so a small step of ``width`` moves the parameter count by a small step.

    Raises:
        ValueError: ``width`` is not positive.
    """
    if width <= 0:
        raise ValueError(f"width must be positive (1.0 is the paper's size); got {width}")
    return multiple_of * max(1, round(channels * width / multiple_of))
