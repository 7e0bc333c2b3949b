"""What can be said of a made scene: a small grammar over its things and how they lie.

After ShapeWorld (Kuhnle and Copestake 2017, arXiv:1704.04517) and CLEVR (Johnson et al. 2017, arXiv:1612.06890)::

    scene    = nothing | one thing | two things in relation | more things, from left to right
    relation = to the left of | to the right of | above | below
    thing    = a SIZE COLOUR SHAPE

All references of a scene say what is true; of two things each relation that holds is said from either side. The first
one is canonical: it names what is on the left, or above, first.
"""

from __future__ import annotations

from collections.abc import Sequence

Boxes = Sequence[Sequence[int]]
"""Left, top, width and height of each thing, in pixels."""

_BESIDE, _UPRIGHT = ("to the left of", "to the right of"), ("above", "below")
_AS_TRUE = 0.5
"""Things that lie apart along the other axis by this share of the larger distance are in both relations."""


def captions_of(boxes: Boxes, words: Sequence[str]) -> list[str]:
    """References for a scene of things that are called ``words``."""
    if not words:
        return ["nothing"]
    things = [f"a {name}" for name in words]
    if len(things) == 1:
        return [things[0], f"there is {things[0]}"]
    if len(things) == 2:
        return _related(boxes, things)
    order = sorted(range(len(things)), key=lambda index: (_centre(boxes[index])[0], index))
    listed = " and ".join(things[index] for index in order)
    return [listed, f"there is {listed}"]


def _related(boxes: Boxes, things: Sequence[str]) -> list[str]:
    """How two things lie to each other: along the axis where they are farther apart, then along the other if they are.

    The thing on the left, or above, is named first, and then the other way round.
    """
    (x, y), (other_x, other_y) = _centre(boxes[0]), _centre(boxes[1])
    axes = sorted([(other_x - x, _BESIDE), (other_y - y, _UPRIGHT)], key=lambda axis: -abs(axis[0]))
    captions = []
    for distance, (before, after) in axes:
        if abs(distance) >= _AS_TRUE * abs(axes[0][0]):
            first, second = things if distance >= 0 else things[::-1]
            captions += [f"{first} {before} {second}", f"{second} {after} {first}"]
    return captions


def _centre(box: Sequence[int]) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2
