"""Masks as pictures: beside the truth for the report, and as PNG files for `predict`.

H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from bakeoff.data.image.fitting import Fit, placements
from bakeoff.data.masks.runs import Masks
from bakeoff.data.masks.values import IGNORED
from bakeoff.errors import EnvironmentFault
from bakeoff.tasks.exhibits import PictureExhibit
from bakeoff.tasks.file_names import file_names

_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#999999")
"""Of classes from the second on, by Okabe and Ito 2008, which colour-blind readers tell apart; the first is black."""


def exhibit(
    name: str, pixels_HWC: np.ndarray, said_HW: np.ndarray | None, true_HW: np.ndarray, class_names: Sequence[str]
) -> PictureExhibit:
    """An image with the answer's mask, and the truth; the first class is left uncoloured, as backgrounds are."""
    ignored = (np.asarray(true_HW) == IGNORED).any()
    names = [*class_names, *(["does not count"] if ignored else [])]
    true_HW = np.where(true_HW == IGNORED, len(class_names), true_HW)
    return PictureExhibit(title=name, pixels_HWC=pixels_HWC, mask_HW=said_HW, true_mask_HW=true_HW, mask_names=names)


def write_masks(folder: Path, names: Sequence[str], masks: Sequence[np.ndarray]) -> list[Path]:
    """Masks as PNG files whose pixels are class numbers, with a palette so that they can be looked at.

    Raises:
        EnvironmentFault: they can't be written.
    """
    files = [folder / name for name in file_names(names)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, mask_HW in zip(files, masks, strict=True):
            image = Image.fromarray(np.asarray(mask_HW, dtype=np.uint8), mode="P")
            image.putpalette(_palette())
            image.save(file)
    except OSError as error:
        problem = f"masks can't be written there ({error.strerror})"
        step = "task.predict.folder=FOLDER"
        raise EnvironmentFault("env.not_writable", "task.predict.folder", folder, problem, next_step=step) from error
    return files


def at_size(mask_HW: np.ndarray, height: int, width: int, fit: Fit = "stretch") -> Masks:
    """A mask at the size that its image came in; each pixel takes the class of the nearest one."""
    placed = placements(np.array([[height, width]]), (mask_HW.shape[0], mask_HW.shape[1]), fit)[0].tolist()
    drawn_height, drawn_width, top, left = placed
    mask_HW = mask_HW[top : top + drawn_height, left : left + drawn_width]
    if mask_HW.shape == (height, width):
        return mask_HW
    return np.asarray(Image.fromarray(mask_HW).resize((width, height), Image.Resampling.NEAREST))


def _palette() -> list[int]:
    colours = [(0, 0, 0), *(ImageColor.getrgb(_COLOURS[index % len(_COLOURS)]) for index in range(255))]
    return [part for colour in colours for part in colour[:3]]
