"""Classes in an order: how far what was said lies from what is true.

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.tasks.classes.answered import Answered


def class_values(class_names: Sequence[str], ordinal: bool | Sequence[str | int]) -> np.ndarray | None:
    """Where each class lies: its number where all have one, else its place among those listed; None without an order.

    Raises:
        ValueError: classes that are no numbers and stand in no list, or a list of other classes.
    """
    if ordinal is False:
        return None
    if ordinal is True:
        try:
            return np.array([float(name) for name in class_names])
        except ValueError:
            shown = ", ".join(class_names[:5])
            raise ValueError(f"ordinal=true needs numbers for classes, or a list in order; got {shown}") from None
    places = {str(name): float(place) for place, name in enumerate(ordinal)}
    if set(places) != set(class_names):
        raise ValueError(f"ordinal lists every class once, of {', '.join(class_names[:20])}; got {', '.join(places)}")
    return np.array([places[name] for name in class_names])


def distances(answered: Answered, *, values_K: np.ndarray) -> np.ndarray:
    """How far each answer lies from the label, ``(B,)``."""
    return np.abs(values_K[answered.said_B] - values_K[answered.true_B])


def squares(answered: Answered, *, values_K: np.ndarray) -> np.ndarray:
    """What each example adds to the count and to the sums of said, true, their squares and the squared error."""
    said_B, true_B = values_K[answered.said_B], values_K[answered.true_B]
    return np.stack([np.ones_like(said_B), said_B, true_B, said_B**2, true_B**2, (said_B - true_B) ** 2], axis=1)


def quadratic_kappa(totals: np.ndarray) -> np.ndarray:
    """1 less the squared error over that of answers drawn by chance (Cohen 1968); 0 where chance makes no error."""
    count, said, true, said_2, true_2, error = np.moveaxis(totals, -1, 0)
    by_chance = said_2 + true_2 - 2 * said * true / np.maximum(count, 1)
    relative: np.ndarray = np.divide(
        error, by_chance, out=np.ones_like(error), where=by_chance > 1e-9 * (said_2 + true_2)
    )
    return 1 - relative
