"""What can be said of a made scene: a small grammar over its things and how they lie.

After ShapeWorld (Kuhnle and Copestake 2017, arXiv:1704.04517) and CLEVR (Johnson et al. 2017, arXiv:1612.06890)::

    scene    = nothing | one thing | two things in relation | more things, from left to right
    relation = to the left of | to the right of | above | below
    thing    = a SIZE COLOUR SHAPE

All references of a scene say what is true; of two things each relation that holds is said from either side.
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
    """How two things lie to each other, said from the first and from the second."""
    (x, y), (other_x, other_y) = _centre(boxes[0]), _centre(boxes[1])
    across, down = other_x - x, other_y - y
    captions = []
    for distance, beside, (before, after) in ((across, down, _BESIDE), (down, across, _UPRIGHT)):
        if abs(distance) >= _AS_TRUE * abs(beside):
            said, inverse = (before, after) if distance >= 0 else (after, before)
            captions += [f"{things[0]} {said} {things[1]}", f"{things[1]} {inverse} {things[0]}"]
    return captions


def _centre(box: Sequence[int]) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2
