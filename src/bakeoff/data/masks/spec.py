"""What images with a class for each pixel are: an image's shape and normalisation, and the classes."""

from __future__ import annotations

import dataclasses

from bakeoff.data.image.spec import UNMIXED, PixelSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskSpec(PixelSpec):
    """Images and masks, as one trial sees them.

    Pixels of masks are ``0 .. num_classes - 1`` in the order of ``class_names``, or `IGNORED` (`masks.values`).
    ``class_shares`` are the shares of each class among the pixels of the trial's train masks that count.
    """

    kind = "masked_image"
    moves_targets = True
    augmented_at_most = UNMIXED

    class_names: tuple[str, ...]
    class_shares: tuple[float, ...]

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)
