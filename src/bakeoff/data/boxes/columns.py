"""Which columns hold images and their objects."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class BoxColumns:
    """The names of the columns, and of what an object has; null finds those with a usual name.

    Args:
        image: the column of images.
        objects: the column of each image's objects: a list of records, or a record of lists, as the hub has them. Where
            there are columns ``height`` and ``width`` too, they are the image's size as its objects were drawn.
        box: of an object: four numbers.
        category: of an object: its class, by name or by number.
    """

    image: str | None = None
    objects: str | None = None
    box: str | None = None
    category: str | None = None
