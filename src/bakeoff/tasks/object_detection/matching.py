"""Which answer finds which object, as COCO matches them: by falling score, each the best that is left.

As in pycocotools' ``evaluateImg``, without its loop over images: few answers are near any object of their class, and
only those are gone through.

N images, D answers, G objects, P pairs, K classes, T thresholds, R ranges of area.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.boxes.answers import Answers
from bakeoff.data.boxes.objects import Objects

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Of intersection over union, from which on a box is at its place."""
NOTHING = -1
ALL_AREAS = (0.0, 1e10)
AREAS = {"all": ALL_AREAS, "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""COCO's, in pixels of images as they came; both ends count, so that 32 x 32 is small and medium."""


@dataclasses.dataclass(frozen=True)
class Matches:
    """What is known of each answer, by falling score; of equal ones in the order of their images.

    Attributes:
        images_D: the image of each.
        classes_D: its class.
        objects_RTD: the object at whose place it is, and that no better answer found; `NOTHING` where there is none.
        ignored_RTD: whether it does not count: what it found is a crowd or of another size, or it found nothing and is
            of another size itself.
        truth_RNK: objects to be found in each image, of each class.
    """

    images_D: NDArray[np.int64]
    classes_D: NDArray[np.int64]
    objects_RTD: NDArray[np.int32]
    ignored_RTD: NDArray[np.bool_]
    truth_RNK: NDArray[np.int64]

    def without(self, image: int) -> Matches:
        """All but those of an image."""
        kept_D = self.images_D != image
        truth_RNK = np.delete(self.truth_RNK, image, axis=1)
        images_D = self.images_D[kept_D] - (self.images_D[kept_D] > image)
        objects, ignored = self.objects_RTD[..., kept_D], self.ignored_RTD[..., kept_D]
        return Matches(images_D, self.classes_D[kept_D], objects, ignored, truth_RNK)


def match(
    answers: Answers, objects: Objects, *, num_classes: int, areas: tuple[tuple[float, float], ...] = (ALL_AREAS,)
) -> Matches:
    """Matches answers with objects of their class in their image.

    Args:
        answers: to all images.
        objects: of the same images, boxes in the same pixels.
        num_classes: how many classes there are.
        areas: ranges within which objects count, each judged for itself.
    """
    order = np.argsort(-answers.scores_M, kind="stable")
    images_D, classes_D = np.repeat(np.arange(len(answers.counts_N)), answers.counts_N)[order], answers.classes_M[order]
    boxes_D4 = answers.boxes_M4[order]
    lows_R1, highs_R1 = np.array(areas).T[:, :, None]
    outside_RG = objects.crowd_M | (objects.areas_M < lows_R1) | (objects.areas_M > highs_R1)
    pairs = _near(boxes_D4, images_D * num_classes + classes_D, objects, num_classes)
    objects_RTD, ignored_RTD = _assign(*pairs, objects.crowd_M, outside_RG, num_answers=len(order))
    own_D = (boxes_D4[:, 2:] - boxes_D4[:, :2]).prod(axis=1)
    ignored_RTD |= (objects_RTD == NOTHING) & ((own_D < lows_R1) | (own_D > highs_R1))[:, None]
    truth_RNK = np.zeros((len(areas), len(objects.counts_N), num_classes), dtype=np.int64)
    for area, outside_G in enumerate(outside_RG):
        np.add.at(truth_RNK[area], (objects.images_M[~outside_G], objects.classes_M[~outside_G]), 1)
    return Matches(images_D, classes_D, objects_RTD, ignored_RTD, truth_RNK)


def overlaps(boxes_P4: np.ndarray, others_P4: np.ndarray, crowd_P: np.ndarray | bool = False) -> np.ndarray:
    """Of pairs of boxes the intersection over union, or over the first box where the other is a crowd."""
    sides_P2 = np.minimum(boxes_P4[:, 2:], others_P4[:, 2:]) - np.maximum(boxes_P4[:, :2], others_P4[:, :2])
    both_P = np.maximum(sides_P2, 0).prod(axis=1)
    area_P, other_P = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (boxes_P4, others_P4))
    either_P = np.where(crowd_P, area_P, area_P + other_P - both_P)
    shares_P: np.ndarray = np.divide(both_P, either_P, out=np.zeros(len(both_P)), where=either_P > 0)
    return shares_P


def pairs_of(keys_D: NDArray[np.int64], keys_G: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of equal keys, by their first and then their second place."""
    order = np.argsort(keys_G, kind="stable")
    starts_D, ends_D = (np.searchsorted(keys_G[order], keys_D, side=side) for side in ("left", "right"))
    counts_D = ends_D - starts_D
    firsts_P = np.repeat(np.arange(len(keys_D)), counts_D)
    within_P = np.arange(len(firsts_P)) - np.repeat(np.cumsum(counts_D) - counts_D, counts_D)
    return firsts_P, order[np.repeat(starts_D, counts_D) + within_P]


def _near(
    boxes_D4: np.ndarray, keys_D: NDArray[np.int64], objects: Objects, num_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, objects and overlaps of all pairs of one image and class that may match."""
    answers_P, objects_P = pairs_of(keys_D, objects.images_M * num_classes + objects.classes_M)
    overlaps_P = overlaps(boxes_D4[answers_P], objects.boxes_M4[objects_P], objects.crowd_M[objects_P])
    near_P = overlaps_P >= THRESHOLDS[0]
    return answers_P[near_P], objects_P[near_P], overlaps_P[near_P]


def _assign(
    answers_P: np.ndarray,
    objects_P: np.ndarray,
    overlaps_P: np.ndarray,
    crowd_G: np.ndarray,
    outside_RG: np.ndarray,
    *,
    num_answers: int,
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """What each answer finds, and whether that does not count; pairs are by falling score."""
    num_areas, num_objects = outside_RG.shape
    shape_RT = (num_areas, len(THRESHOLDS))
    objects_RTD = np.full((*shape_RT, num_answers), NOTHING, dtype=np.int32)
    ignored_RTD, taken_RTG = (np.zeros((*shape_RT, count), dtype=bool) for count in (num_answers, num_objects))
    areas_R1, thresholds_1T = np.arange(num_areas)[:, None], np.arange(len(THRESHOLDS))[None]
    bounds = [*np.flatnonzero(np.diff(answers_P, prepend=-1)), len(answers_P)]
    for start, end in itertools.pairwise(bounds):
        answer, own = answers_P[start], objects_P[start:end][::-1]  # of equal overlaps the last object is found
        open_RTC = (~taken_RTG[..., own] | crowd_G[own]) & (overlaps_P[start:end][::-1] >= THRESHOLDS[:, None])
        first_R1C = 2 * ~outside_RG[:, None, own]  # whatever does not count comes after all that does
        best_RT = np.where(open_RTC, overlaps_P[start:end][::-1] + first_R1C, -1).argmax(axis=2)
        hit_RT = open_RTC.any(axis=2)
        objects_RTD[..., answer] = np.where(hit_RT, own[best_RT], NOTHING)
        ignored_RTD[..., answer] = hit_RT & outside_RG[areas_R1, own[best_RT]]
        taken_RTG[areas_R1, thresholds_1T, own[best_RT]] |= hit_RT
    return objects_RTD, ignored_RTD
